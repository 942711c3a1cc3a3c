import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Grants, type StoredGrant } from '../../src/edge/grants.ts';
import type { CallResult } from '../../workflows/events.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from './edge.ts';

const boot = { chargePointVendor: 'V', chargePointModel: 'M' };
const MINUTE = 60_000;

/** A command that was sent, and whose start is awaited. */
const stored = (fields: Partial<StoredGrant> = {}): StoredGrant => ({
  commandId: randomUUID(),
  idTag: 'Guest',
  connectorId: undefined,
  isSent: true,
  until: new Date(Date.now() + 60 * MINUTE).toISOString(),
  ...fields,
});

describe('a granted id tag', () => {
  let test: TestEdge;
  let client: Client;
  beforeEach(async () => {
    test = await startTestEdge();
    client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
  });
  afterEach(() => test.close());

  /** Sends a RemoteStartTransaction on the newest connection; resolves to the message id of its CALL. */
  async function remoteStart(payload: Record<string, unknown> = {}): Promise<string> {
    const { connection } = test.events('CP1').findLast(({ kind }) => kind === 'connected')!;
    const of = { chargePointId: 'CP1', connection, commandId: randomUUID(), action: 'RemoteStartTransaction' };
    await test.edge.calls.send({ ...of, payload: { idTag: 'GUEST', ...payload }, grantIdTag: true });
    return (await client.nextCall())[1];
  }
  const results = () => test.events('CP1').filter((event): event is CallResult => event.kind === 'callResult');
  async function answered(messageId: string, said: string): Promise<void> {
    const before = results().length;
    client.send([3, messageId, { status: said }]);
    await eventually(() => results().length > before, 'the answer is journalled');
  }
  async function status(action: string, payload: Record<string, unknown>): Promise<string> {
    const [type, , { idTagInfo }] = (await client.call(action, payload)) as [
      3,
      string,
      { idTagInfo: { status: string } },
    ];
    expect(type).toBe(3);
    return idTagInfo.status;
  }
  const authorize = (idTag = 'guest') => status('Authorize', { idTag });
  const start = (connectorId = 1, timestamp = `2026-01-01T00:00:0${connectorId}Z`) =>
    status('StartTransaction', { connectorId, idTag: 'guest', meterStart: 0, timestamp });

  it('charges once; the same start again gets the same answer', async () => {
    await answered(await remoteStart(), 'Accepted');
    expect(await authorize()).toBe('Accepted');
    const began = { connectorId: 1, idTag: 'guest', meterStart: 0, timestamp: '2026-01-01T00:00:00Z' };
    const [, , first] = await client.call('StartTransaction', began);
    const [, , again] = await client.call('StartTransaction', began);
    expect(first).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    expect(again).toEqual(first);
    expect(await start(2)).toBe('Invalid');
    expect(await authorize()).toBe('Invalid');
  });

  it('is none where the station rejects the command, or answers it with an error', async () => {
    await answered(await remoteStart(), 'Rejected');
    expect(await authorize()).toBe('Invalid');
    const messageId = await remoteStart();
    client.send([4, messageId, 'InternalError', '', {}]);
    await eventually(() => results().length === 2, 'the error is journalled');
    expect(await authorize()).toBe('Invalid');
  });

  it('stays one where the station does not answer in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await remoteStart();
      vi.advanceTimersByTime(30_000);
    } finally {
      vi.useRealTimers();
    }
    await eventually(() => results().length === 1, 'the timeout is journalled');
    expect(results()[0]?.outcome).toEqual({ timeout: true });
    expect(await start()).toBe('Accepted');
  });

  it('stays one where the connection ends before the answer', async () => {
    await remoteStart();
    client.socket.terminate();
    await eventually(() => results().length === 1, 'the loss is journalled');
    client = await test.connect('/CP1');
    expect(await start()).toBe('Accepted');
  });

  it('may be granted twice: the rejection of one leaves the other', async () => {
    await answered(await remoteStart({ connectorId: 1 }), 'Accepted');
    await answered(await remoteStart({ connectorId: 2 }), 'Accepted');
    await answered(await remoteStart({ connectorId: 3 }), 'Rejected');
    expect([await start(3), await start(2), await start(1)]).toEqual(['Invalid', 'Accepted', 'Accepted']);
  });

  it('charges at an edge that did not send the command, once', async () => {
    test.rows.grants = [stored()];
    expect(await authorize()).toBe('Accepted');
    expect([await start(1), await start(1)]).toEqual(['Accepted', 'Accepted']);
    expect([await start(2), await authorize()]).toEqual(['Invalid', 'Invalid']);
  });

  it('charges not where the command is of another tag or connector, was not sent, or is over', async () => {
    const over = new Date(Date.now() - 1).toISOString();
    test.rows.grants = [
      stored({ idTag: 'OTHER' }),
      stored({ isSent: false }),
      stored({ until: over }),
      stored({ connectorId: 2 }),
    ];
    expect(await start(1)).toBe('Invalid');
    expect(await start(2)).toBe('Accepted');
  });

  it('charges also where it charges elsewhere already', async () => {
    const tag = { key: 'ONE', idTag: 'ONE', status: 'Accepted', expiryDate: null, parentIdTag: null, deleted: false };
    test.rows.idTags.push({ ...tag, singleTransaction: true });
    test.rows.openTransactions.push({ key: 'ONE', chargePointId: 'CP2', connectorId: 1, transactionId: 7 });
    const begin = (connectorId: number) => {
      const timestamp = new Date().toISOString();
      return status('StartTransaction', { connectorId, idTag: 'ONE', meterStart: connectorId, timestamp });
    };
    expect(await begin(1)).toBe('ConcurrentTx');
    test.rows.grants = [stored({ idTag: 'ONE' })];
    expect([await begin(2), await begin(3)]).toEqual(['Accepted', 'ConcurrentTx']);
  });
});

describe('what an edge knows of the grants it has sent', () => {
  let now = 0;
  let rows: () => Promise<StoredGrant[]>;
  let grants: Grants;
  beforeEach(() => {
    now = Date.parse('2026-01-01T00:00:00Z');
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    rows = () => Promise.resolve([]);
    grants = new Grants(() => rows());
    grants.grant('CP1', { commandId: 'a', idTag: 'GUEST', connectorId: undefined });
  });
  afterEach(() => vi.restoreAllMocks());

  const asker = { chargePointId: 'CP1', idTag: 'guest', start: undefined, used: new Set<string>() };

  it('is enough for five minutes', async () => {
    now += 5 * MINUTE - 1;
    expect(grants.known(asker)).toBe('a');
    now += 1;
    expect(grants.known(asker)).toBeUndefined();
    expect(grants.known({ ...asker, chargePointId: 'CP2' })).toBeUndefined();
  });

  it('counts after that as long as its command has not ended', async () => {
    const until = new Date(now + 51 * MINUTE).toISOString();
    now += 50 * MINUTE;
    rows = () => Promise.resolve([stored({ commandId: 'a', until })]);
    expect(await grants.asked(asker)).toBe('a');
    now += MINUTE;
    expect(await grants.asked(asker)).toBeUndefined();
    rows = () => Promise.resolve([]);
    expect(await grants.asked(asker)).toBeUndefined();
  });

  it('counts also where the database has not heard that it was sent', async () => {
    const until = new Date(now + MINUTE).toISOString();
    now += 50 * MINUTE;
    rows = () => Promise.resolve([stored({ commandId: 'b', isSent: false, until })]);
    expect(await grants.asked(asker)).toBeUndefined();
    rows = () => Promise.resolve([stored({ commandId: 'a', isSent: false, until })]);
    expect(await grants.asked(asker)).toBe('a');
  });

  it('counts for an hour and a minute while the database is away', async () => {
    rows = () => Promise.reject(new Error('away'));
    now += 61 * MINUTE - 1;
    expect(await grants.asked(asker)).toBe('a');
    now += 1;
    expect(await grants.asked(asker)).toBeUndefined();
  });
});
