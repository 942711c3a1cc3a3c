import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '../../workflows/events.ts';
import { eventually, startTestEdge, type Reply, type TestEdge } from './edge.ts';

let test: TestEdge;
afterEach(() => test.close());

const boot = { chargePointVendor: 'V', chargePointModel: 'M' };
const available = { connectorId: 1, status: 'Available', errorCode: 'NoError' };
const start = (idTag: string, timestamp = new Date().toISOString()) => ({
  connectorId: 1,
  idTag,
  meterStart: 0,
  timestamp,
});
const tag = (idTag: string, status = 'Accepted') => ({
  key: idTag.toUpperCase(),
  idTag,
  status,
  expiryDate: null,
  parentIdTag: null,
  singleTransaction: false,
  deleted: false,
});
const entry = (registration: 'accepted' | 'pending' | 'rejected', heartbeatInterval: number | null = null) => ({
  chargePointId: 'CP1',
  registration,
  heartbeatInterval,
  passwordHash: null,
  deleted: false,
});
const messages = (chargePointId: string) =>
  test.events(chargePointId).filter((event): event is Message => event.kind === 'message');

/** Holds every look-up in the directory until it is opened. */
function closedGate(): { gate: () => Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { gate: () => opened, open };
}

describe('order', () => {
  it('fifty pipelined CALLs are each answered, transaction messages in their order', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] } });
    const client = await test.connect('/CP1');
    const order: string[] = [];
    client.socket.on('message', (data) => {
      order.push((JSON.parse((data as Buffer).toString()) as [number, string])[1]);
    });
    const sent: string[] = [];
    for (let i = 0; i < 50; i++) {
      const actions = [
        ['StartTransaction', start('T', new Date(Date.now() - i * 1_000).toISOString())],
        [
          'MeterValues',
          { connectorId: 1, meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [{ value: '1' }] }] },
        ],
        ['StatusNotification', available],
        ['StopTransaction', { transactionId: i, meterStop: 1, timestamp: new Date().toISOString() }],
      ] as const;
      const [action, payload] = actions[i % actions.length]!;
      sent.push(`m${i}`);
      client.send([2, `m${i}`, action, payload]);
    }
    await eventually(() => order.length === 50, 'fifty answers');
    expect(order).toEqual(sent);
    expect(messages('CP1').map(({ messageId }) => messageId)).toEqual(sent);
  });

  it('a message behind one that waits for the directory is decided and journalled after it', async () => {
    test = await startTestEdge({ rows: { idTags: [] } });
    const client = await test.connect('/CP1');
    const { gate, open } = closedGate();
    test.rows.gate = gate;
    client.send([2, 'a', 'Authorize', { idTag: 'NEW' }]);
    client.send([2, 'b', 'StatusNotification', available]);
    client.send([2, 'c', 'Heartbeat', {}]);
    await client.pong();
    expect(messages('CP1')).toEqual([]);
    open();
    await Promise.all(['a', 'b', 'c'].map((id) => client.reply(id)));
    await eventually(() => messages('CP1').length === 3, 'three messages');
    expect(messages('CP1').map(({ messageId }) => messageId)).toEqual(['a', 'b', 'c']);
  });

  it('a boot followed at once by a StatusNotification is answered first', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    client.send([2, 'b', 'BootNotification', boot]);
    client.send([2, 's', 'StatusNotification', available]);
    expect((await client.reply('b'))[2]).toMatchObject({ status: 'Accepted' });
    expect(await client.reply('s')).toEqual([3, 's', {}]);
    expect(messages('CP1').map(({ messageId }) => messageId)).toEqual(['b', 's']);
  });

  it('connected is the first event, and names the task queue for CALLs', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    const { edge, journal } = test;
    expect(edge.taskQueue).toBe(`edge-${journal.id}`);
    expect(test.events('CP1')[0]).toEqual({
      seq: 1,
      kind: 'connected',
      receivedAt: expect.any(String),
      connection: `${journal.id}-1`,
      taskQueue: edge.taskQueue,
      remoteAddress: '127.0.0.1',
      protocol: 'ocpp1.6',
      registration: 'accepted',
    });
  });
});

describe('the same message id again on one connection', () => {
  it('gets the stored answer for the same transaction message', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] } });
    const client = await test.connect('/CP1');
    const payload = start('T');
    const first = await client.call('StartTransaction', payload, 'same');
    // What the directory says by now does not matter to a repeat.
    test.rows.idTags = [];
    expect(await client.call('StartTransaction', payload, 'same')).toEqual(first);
    const [one, two] = messages('CP1');
    expect(two?.hash).toBe(one?.hash);
    expect(two?.answer).toEqual(one?.answer);
  });

  it('is answered anew where the content differs (Metron ME3 has one id for all)', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] } });
    const client = await test.connect('/CP1');
    const ids: unknown[] = [];
    for (const seconds of [1, 2]) {
      const timestamp = new Date(Date.now() - seconds * 1_000).toISOString();
      const [, , answer] = await client.call('StartTransaction', start('T', timestamp), 'same');
      ids.push((answer as { transactionId: number }).transactionId);
    }
    expect(ids[1]).not.toBe(ids[0]);
    for (let i = 0; i < 3; i++) expect((await client.call('BootNotification', boot, 'same'))[0]).toBe(3);
  });
});

describe('StartTransaction', () => {
  it('gives the same id when the station repeats it after a reconnect, under a new message id', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] } });
    const payload = start('T');
    const first = await (await test.connect('/CP1')).call('StartTransaction', payload, 'a');
    const again = await (await test.connect('/CP1')).call('StartTransaction', payload, 'b');
    expect(again[2]).toEqual(first[2]);
    expect(again[2]).toMatchObject({ transactionId: 1_000, idTagInfo: { status: 'Accepted' } });
  });

  it('stays unanswered when no transaction id is left, and is answered on its repetition', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] }, transactionIds: { first: 7, last: 7 } });
    const client = await test.connect('/CP1');
    expect((await client.call('StartTransaction', start('T', '2026-01-01T00:00:00Z')))[2]).toMatchObject({
      transactionId: 7,
    });
    client.send([2, 'late', 'StartTransaction', start('T')]);
    await client.answersHeartbeatOnly();
    expect(messages('CP1').some(({ messageId }) => messageId === 'late')).toBe(false);
  });

  it('of a tag unknown while the database is away is accepted, and noted', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    test.rows.gate = () => Promise.reject(new Error('connection refused'));
    expect((await client.call('StartTransaction', start('NEW')))[2]).toMatchObject({
      idTagInfo: { status: 'Accepted' },
    });
    expect(messages('CP1')[0]?.notes).toEqual([expect.stringContaining('unjudgedIdTag')]);
  });
});

describe('a tag that may charge at one place only', () => {
  const single = (id: string) => ({ ...tag(id), singleTransaction: true });
  const elsewhere = { key: 'T', chargePointId: 'OTHER', connectorId: 1, transactionId: 7 };
  const statusOf = (reply: Reply) => (reply[2] as { idTagInfo: { status: string } }).idTagInfo.status;

  it('is ConcurrentTx while it charges elsewhere; its transaction is kept, Authorize knows nothing of it', async () => {
    test = await startTestEdge({ rows: { idTags: [single('T')], openTransactions: [elsewhere] } });
    const client = await test.connect('/CP1');
    expect(statusOf(await client.call('Authorize', { idTag: 't' }))).toBe('Accepted');
    const reply = await client.call('StartTransaction', start('t'));
    expect(reply[2]).toMatchObject({ transactionId: 1_000, idTagInfo: { status: 'ConcurrentTx' } });
  });

  it('is accepted where nothing forbids it, where it waited offline, and when the start is repeated', async () => {
    const openTransactions = [elsewhere, { ...elsewhere, key: 'MANY' }];
    test = await startTestEdge({ rows: { idTags: [single('T'), tag('MANY')], openTransactions } });
    const client = await test.connect('/CP1');
    expect(statusOf(await client.call('StartTransaction', start('MANY')))).toBe('Accepted');
    const late = { ...start('T'), timestamp: new Date(Date.now() - 3_600_000).toISOString() };
    expect(statusOf(await client.call('StartTransaction', late))).toBe('Accepted');
    const again = { ...start('T'), connectorId: 2 };
    expect(statusOf(await client.call('StartTransaction', again))).toBe('ConcurrentTx');
    expect(statusOf(await client.call('StartTransaction', again))).toBe('Accepted');
  });

  it('counts what this edge has answered a moment ago, until it is stopped', async () => {
    test = await startTestEdge({ rows: { idTags: [single('T')] } });
    const [one, two] = [await test.connect('/ONE'), await test.connect('/TWO')];
    const first = await one.call('StartTransaction', start('T'));
    expect(statusOf(first)).toBe('Accepted');
    const second = await two.call('StartTransaction', start('T'));
    expect(statusOf(second)).toBe('ConcurrentTx');
    for (const [client, reply] of [
      [one, first],
      [two, second],
    ] as const) {
      const { transactionId } = reply[2] as { transactionId: number };
      await client.call('StopTransaction', { transactionId, meterStop: 1, timestamp: new Date().toISOString() });
    }
    expect(statusOf(await two.call('StartTransaction', { ...start('T'), connectorId: 2 }))).toBe('Accepted');
  });
});

describe('registration', () => {
  it('tells a pending charge point so, and answers nothing but boots and transactions', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('pending')] } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending' });
    expect((await client.call('StatusNotification', available))[2]).toBe('SecurityError');
    expect(
      (await client.call('StopTransaction', { transactionId: 1, meterStop: 0, timestamp: '2026-01-01T00:00:00Z' }))[0],
    ).toBe(3);
  });

  it('is looked up anew at every boot, the heartbeat interval with it', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('pending')] }, directoryTimes: { changes: 10 } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending' });
    test.rows.chargePoints = [entry('accepted', 60)];
    await expect
      .poll(async () => (await client.call('BootNotification', boot))[2])
      .toMatchObject({ status: 'Accepted', interval: 60 });
    expect((await client.call('StatusNotification', available))[0]).toBe(3);
  });

  it('counts from the moment of its approval: the boot that follows does not wait for the directory', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('pending')] }, directoryTimes: { changes: 3_600_000 } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending' });
    test.rows.chargePoints = [entry('accepted')];
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Accepted' });
  });

  it('tells a rejected charge point so, and keeps its transactions all the same', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('rejected')] } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Rejected' });
    expect((await client.call('Heartbeat', {}))[2]).toBe('SecurityError');
    expect((await client.call('StartTransaction', start('T')))[0]).toBe(3);
  });

  it('makes unknown ones wait for approval where that is the setting, and the events say so', async () => {
    test = await startTestEdge({ settings: { registration: 'pending' } });
    const client = await test.connect('/NEW');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending' });
    await eventually(() => test.events('NEW').length > 0, 'journalled');
    expect(test.events('NEW')[0]).toMatchObject({ kind: 'connected', registration: 'pending' });
  });

  it('that is retired ends the connection', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('accepted')] }, directoryTimes: { changes: 10 } });
    const client = await test.connect('/CP1');
    await client.answersHeartbeatOnly();
    test.rows.chargePoints = [{ ...entry('accepted'), registration: 'retired' }];
    expect(await client.closed).toEqual({ code: 1008, reason: 'the charge point is retired' });
  });

  it('serves a known charge point that does not boot on this connection', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('accepted')] }, settings: { registration: 'known' } });
    const client = await test.connect('/CP1');
    expect((await client.call('StatusNotification', available))[0]).toBe(3);
  });
});

describe('a journal that takes no events', () => {
  it('leaves messages unanswered, the socket open, and is mentioned once in a while', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    await test.journal.close();
    for (let i = 0; i < 5; i++) client.send([2, `s${i}`, 'StatusNotification', available]);
    await client.pong();
    expect(client.unread).toEqual([]);
    expect(test.edge.connections()).toBe(1);
    expect(test.logged.filter(({ msg }) => String(msg).includes('journal takes no events'))).toHaveLength(1);
  });

  it('that is full refuses ordinary messages before transactions', async () => {
    test = await startTestEdge({ rows: { idTags: [tag('T')] }, journalBytes: 2_000_000 });
    const client = await test.connect('/CP1');
    const filler = { vendorId: 'V', data: 'x'.repeat(200_000) };
    for (let i = 0; i < 30; i++) client.send([2, `f${i}`, 'DataTransfer', filler]);
    // The journal's size is an estimate for moments, which a station bridges by sending the start again.
    const payload = start('T');
    const answered = async () => {
      client.send([2, 'start', 'StartTransaction', payload]);
      await client.pong();
      return messages('CP1').some(({ action }) => action === 'StartTransaction');
    };
    await expect.poll(answered, { timeout: 5_000 }).toBe(true);
    expect((await client.reply('start'))[2]).toMatchObject({ transactionId: 1_000 });
    expect(messages('CP1').filter(({ action }) => action === 'DataTransfer').length).toBeLessThan(15);
    expect(test.logged.some(({ msg }) => String(msg).includes('journal takes no events'))).toBe(true);
  });
});
