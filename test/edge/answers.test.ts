import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '../../workflows/events.ts';
import { closedGate, eventually, startTestEdge, type Reply, type TestEdge } from './edge.ts';

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

describe('order', () => {
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

describe('StartTransaction', () => {
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
});

describe('registration', () => {
  it('that is retired ends the connection', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('accepted')] }, directoryTimes: { changes: 10 } });
    const client = await test.connect('/CP1');
    await client.answersHeartbeatOnly();
    test.rows.chargePoints = [{ ...entry('accepted'), registration: 'retired' }];
    expect(await client.closed).toEqual({ code: 1008, reason: 'the charge point is retired' });
  });
});

describe('a journal that takes no events', () => {
  it('leaves what must last unanswered, the socket open, and is mentioned once in a while', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    await test.journal.close();
    for (let i = 0; i < 5; i++) client.send([2, `s${i}`, 'StatusNotification', available]);
    await client.pong();
    expect(client.unread).toEqual([]);
    expect((await client.call('Heartbeat', {}))[2]).toHaveProperty('currentTime');
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
    await expect.poll(answered).toBe(true);
    expect((await client.reply('start'))[2]).toMatchObject({ transactionId: 1_000 });
    expect(messages('CP1').filter(({ action }) => action === 'DataTransfer').length).toBeLessThan(15);
    expect(test.logged.some(({ msg }) => String(msg).includes('journal takes no events'))).toBe(true);
  });
});
