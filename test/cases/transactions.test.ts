import { afterAll, beforeAll, describe, expect } from 'vitest';
import { tick } from '../../workflows/state/actor.ts';
import { startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { actorOf, afterGrace, factsFrom, transactionOf } from './actor.ts';
import { available, boot, messages, tag } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
let stations = 0;
let id: string;
let client: Client;

beforeAll(async () => {
  const idTags = [
    tag('T'),
    tag('OTHER'),
    tag('BLOCKED', { status: 'Blocked' }),
    tag('EXPIRED', { expiryDate: '2020-01-01T00:00:00.000Z' }),
    tag('SINGLE', { singleTransaction: true }),
    tag('CHILD', { parentIdTag: 'FLEET' }),
    tag('SIBLING', { parentIdTag: 'FLEET' }),
  ];
  test = await startTestEdge({ rows: { idTags } });
});
afterAll(() => test.close());

/** A station that nobody has heard of yet. */
async function station(): Promise<void> {
  id = `CP${++stations}`;
  client = await test.connect(`/${id}`);
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const start = (more: object = {}) => ({
  connectorId: 1,
  idTag: 'T',
  meterStart: 1_000,
  timestamp: ago(3_600),
  ...more,
});
const meterValues = (
  transactionId: number | undefined,
  readings: [secondsAgo: number, wh: number][],
  connectorId = 1,
) => ({
  connectorId,
  transactionId,
  meterValue: readings.map(([seconds, wh]) => ({ timestamp: ago(seconds), sampledValue: [{ value: String(wh) }] })),
});

interface Started {
  transactionId: number;
  idTagInfo: { status: string };
}
async function starts(more: object = {}, messageId?: string): Promise<Started> {
  const [type, , answer] = await client.call('StartTransaction', start(more), messageId);
  expect(type).toBe(3);
  return answer as unknown as Started;
}
async function stops(transactionId: unknown, more: object = {}): Promise<unknown> {
  const payload = { transactionId, meterStop: 5_000, timestamp: ago(0), ...more };
  const [type, , answer] = await client.call('StopTransaction', payload);
  expect(type).toBe(3);
  return answer;
}
const transaction = (transactionId: number) => transactionOf(test, id, transactionId);
const open = () => Object.values(actorOf(test, id).state.transactions).filter(({ end }) => end === null);

describe('StartTransaction', () => {
  rule(46, async () => {
    await station();
    const ids: number[] = [];
    for (let connectorId = 1; connectorId <= 5; connectorId++) {
      const { transactionId, idTagInfo } = await starts({ connectorId });
      expect(idTagInfo).toEqual({ status: 'Accepted' });
      ids.push(transactionId);
    }
    expect(new Set(ids).size).toBe(5);
    for (const each of ids) expect(Number.isInteger(each) && each > 0 && each < 2 ** 31).toBe(true);
  });

  for (const [idTag, status] of [
    ['NOBODY', 'Invalid'],
    ['BLOCKED', 'Blocked'],
    ['EXPIRED', 'Expired'],
    ['x'.repeat(21), 'Invalid'],
  ] as const) {
    rule(47, `${idTag} is ${status}`, async () => {
      await station();
      const { transactionId, idTagInfo } = await starts({ idTag });
      expect(transactionId).toBeGreaterThan(0);
      expect(idTagInfo.status).toBe(status);
      await stops(transactionId, { reason: 'DeAuthorized', meterStop: 1_010 });
      const recorded = { idTag, idTagStatus: status, end: 'station', stopReason: 'DeAuthorized', energyWh: 10 };
      expect(transaction(transactionId)).toMatchObject(recorded);
    });
  }

  for (const idTag of ['T', 'SINGLE']) {
    rule(48, `on a new connection, tag ${idTag}`, async () => {
      await station();
      const payload = { idTag, timestamp: ago(1) };
      const first = await starts(payload, 'a');
      client.socket.terminate();
      client = await test.connect(`/${id}`);
      expect(await starts(payload, 'b')).toEqual(first);
      expect(await starts(payload, 'a')).toEqual(first);
      expect(await starts({ ...payload, idTag: idTag.toLowerCase() }, 'c')).toEqual(first);
      expect(open().map(({ transactionId }) => transactionId)).toEqual([first.transactionId]);
      const { judged } = actorOf(test, id);
      expect(judged.filter(({ repeatOf }) => repeatOf === `transaction ${first.transactionId}`)).toHaveLength(3);
      await stops(first.transactionId);
    });
  }

  rule(48, 'the same content after the stop is another one, but not under the same message id', async () => {
    await station();
    const payload = { timestamp: '1970-01-01T00:00:00Z', meterStart: 0 };
    const first = await starts(payload, 'a');
    await stops(first.transactionId);
    expect(await starts(payload, 'a')).toEqual(first);
    expect((await starts(payload, 'b')).transactionId).not.toBe(first.transactionId);
  });

  rule(49, async () => {
    await station();
    const lost = await starts({ timestamp: ago(3_600) });
    await client.call('MeterValues', meterValues(lost.transactionId, [[1_800, 3_000]]));
    const next = await starts({ timestamp: ago(60), meterStart: 4_000 });
    expect(next.transactionId).not.toBe(lost.transactionId);
    const { transactions } = afterGrace(test, id);
    expect(transactions[lost.transactionId]).toMatchObject({ end: 'estimated', energyWh: 2_000, meterStop: 3_000 });
    expect(transactions[next.transactionId]).toMatchObject({ end: null, grace: null });
  });

  rule(49, 'also where the older start is delivered after the newer one', async () => {
    await station();
    const next = await starts({ timestamp: ago(60) });
    const lost = await starts({ timestamp: ago(3_600) });
    const { transactions } = afterGrace(test, id);
    expect(transactions[lost.transactionId]?.end).toBe('estimated');
    expect(transactions[next.transactionId]?.end).toBeNull();
  });

  rule(50, async () => {
    await station();
    const timestamp = ago(1);
    client.send([2, 'a', 'StartTransaction', start({ connectorId: 1, timestamp })]);
    client.send([2, 'b', 'StartTransaction', start({ connectorId: 2, timestamp })]);
    const [a, b] = await Promise.all(['a', 'b'].map((messageId) => client.reply(messageId)));
    const ids = [a, b].map((reply) => (reply as unknown as [3, string, Started])[2].transactionId);
    expect(ids[1]).toBe(ids[0]! + 1);
    expect(open().map(({ connectorId }) => connectorId)).toEqual([1, 2]);
  });

  rule(51, 'two days old', async () => {
    await station();
    const timestamp = ago(2 * 86_400);
    const { transactionId } = await starts({ timestamp });
    expect(transaction(transactionId)).toMatchObject({ startedAt: timestamp, startTimestamp: timestamp });
    expect(messages(test, id)[0]?.notes).toBeUndefined();
  });

  for (const timestamp of ['1970-01-01T00:00:12Z', '2099-12-31T23:59:59Z', 'yesterday']) {
    rule(51, timestamp, async () => {
      await station();
      const { transactionId } = await starts({ timestamp });
      const [message] = messages(test, id);
      expect(transaction(transactionId)).toMatchObject({ startedAt: message?.receivedAt, startTimestamp: timestamp });
      expect(message?.notes?.join()).toMatch(/implausibleTime|unreadableTime/);
    });
  }

  rule(52, async () => {
    await station();
    const unknown = await starts({ reservationId: 815 });
    expect(transaction(unknown.transactionId)?.reservationId).toBe(815);
    const none = await starts({ connectorId: 2, reservationId: 0 });
    expect(transaction(none.transactionId)?.reservationId).toBeNull();
    const negative = await starts({ connectorId: 3, reservationId: -1 });
    expect(transaction(negative.transactionId)).toBeDefined();
  });

  for (const [odd, recorded] of [
    [{ connectorId: 0 }, { connectorId: 0 }],
    [{ connectorId: '2' }, { connectorId: 2 }],
    [{ meterStart: -5 }, { meterStart: -5 }],
    [{ meterStart: 12.75 }, { meterStart: 12.75 }],
    [{ meterStart: '77' }, { meterStart: 77 }],
    [{ meterStart: 3_000_000_000 }, { meterStart: 3_000_000_000 }],
    [{ meterStart: undefined }, { meterStart: null }],
    [{ timestamp: undefined }, { startTimestamp: null }],
  ] as const) {
    rule(53, JSON.stringify(odd), async () => {
      await station();
      const { transactionId } = await starts(odd);
      expect(transaction(transactionId)).toMatchObject(recorded);
      if (!('connectorId' in odd) || odd.connectorId !== 0) return;
      expect(messages(test, id)[0]?.notes?.join()).toContain('connectorId');
    });
  }

  rule(53, 'without connector or tag it is refused', async () => {
    await station();
    for (const missing of [{ connectorId: undefined }, { idTag: undefined }, { connectorId: 'front' }]) {
      expect((await client.call('StartTransaction', start(missing)))[0]).toBe(4);
    }
  });
});

describe('StopTransaction', () => {
  rule(54, 'without idTag and reason', async () => {
    await station();
    const { transactionId } = await starts();
    expect(await stops(transactionId, { transactionData: [] })).toEqual({});
    const ended = { end: 'station', stopReason: 'Local', stopIdTag: null, energyWh: 4_000, energySource: 'register' };
    expect(transaction(transactionId)).toMatchObject(ended);
  });

  const REASONS = ['DeAuthorized', 'EmergencyStop', 'EVDisconnected', 'HardReset', 'Local', 'Other', 'PowerLoss'];
  rule(54, 'with each reason and another tag', async () => {
    await station();
    for (const reason of [...REASONS, 'Reboot', 'Remote', 'SoftReset', 'UnlockCommand']) {
      const { transactionId } = await starts({ timestamp: ago(Math.random() * 80_000) });
      expect(await stops(transactionId, { reason, idTag: 'OTHER' })).toEqual({ idTagInfo: { status: 'Accepted' } });
      expect(transaction(transactionId)).toMatchObject({ stopReason: reason, stopIdTag: 'OTHER', end: 'station' });
    }
    expect(messages(test, id).some(({ notes }) => notes !== undefined)).toBe(false);
  });

  rule(54, 'with transactionData', async () => {
    await station();
    const { transactionId } = await starts({ meterStart: 0 });
    const sampledValue = [
      { value: '40.0', unit: 'kWh', context: 'Transaction.Begin' },
      { value: '52.5', unit: 'kWh', context: 'Transaction.End' },
    ];
    await stops(transactionId, { meterStop: 0, transactionData: [{ timestamp: ago(0), sampledValue }] });
    expect(transaction(transactionId)).toMatchObject({ energyWh: 12_500, energySource: 'readings' });
    const rows = factsFrom(test, id).meterValue;
    expect(rows.map(({ normalised, connectorId, transactionId: of }) => [normalised, connectorId, of])).toEqual([
      [40_000, 1, transactionId],
      [52_500, 1, transactionId],
    ]);
  });

  rule(55, async () => {
    await station();
    for (const unknown of [424_242, 0, -7, undefined, '12', 2 ** 40]) expect(await stops(unknown)).toEqual({});
    const { transactionId } = await starts({ timestamp: ago(10) });
    await stops(transactionId, { meterStop: 1_100 });
    expect(await stops(transactionId, { meterStop: 9_999 })).toEqual({});
    expect(transaction(transactionId)).toMatchObject({ meterStop: 1_100, energyWh: 100 });
    expect(transaction(transactionId)?.notes.join()).toContain('second stop');
    expect(transaction(424_242)).toMatchObject({ end: 'station', startedAt: null, energyWh: null });
    expect(Object.keys(actorOf(test, id).state.transactions)).not.toContain('0');
  });

  rule(55, 'a stop taken for the only open one goes to its own transaction when that starts after all', async () => {
    await station();
    const first = await starts({ timestamp: ago(600) });
    await stops(first.transactionId + 1, { timestamp: ago(60), meterStop: 1_500 });
    expect(transaction(first.transactionId)?.end).toBe('station');
    const second = await starts({ connectorId: 2, timestamp: ago(300), meterStart: 1_200 });
    expect(second.transactionId).toBe(first.transactionId + 1);
    expect(transaction(first.transactionId)).toMatchObject({ end: null, meterStop: null, energyWh: null, notes: [] });
    expect(transaction(second.transactionId)).toMatchObject({ end: 'station', meterStop: 1_500, energyWh: 300 });
  });

  rule(56, 'where exactly one transaction fits', async () => {
    await station();
    const { transactionId } = await starts();
    expect((await client.call('MeterValues', meterValues(-1, [[1_800, 3_000]])))[2]).toEqual({});
    expect(transaction(transactionId)?.lastReadingWh).toBe(3_000);
    expect(factsFrom(test, id).meterValue[0]?.transactionId).toBe(transactionId);
    expect(await stops(-1)).toEqual({});
    expect(transaction(transactionId)).toMatchObject({ end: 'station', energyWh: 4_000 });
    expect(transaction(transactionId)?.notes).toEqual(['stop said transaction -1: the only open one fits']);
  });

  rule(56, 'a tag of the same group fits, another tag does not', async () => {
    await station();
    const { transactionId } = await starts({ idTag: 'CHILD' });
    expect(await stops(-1, { idTag: 'OTHER' })).toEqual({ idTagInfo: { status: 'Accepted' } });
    expect(transaction(transactionId)?.end).toBeNull();
    await stops(-1, { idTag: 'sibling' });
    expect(transaction(transactionId)).toMatchObject({ end: 'station', stopIdTag: 'sibling', parentIdTag: 'FLEET' });
  });

  for (const [what, stop] of [
    ['a meter below the start', { meterStop: 999 }],
    ['a meter below the last reading', { meterStop: 2_000 }],
    ['a time before the start', { timestamp: ago(7_200) }],
  ] as const) {
    rule(56, `${what} does not fit`, async () => {
      await station();
      const { transactionId } = await starts();
      await client.call('MeterValues', meterValues(transactionId, [[1_800, 3_000]]));
      expect(await stops(-1, stop)).toEqual({});
      expect(transaction(transactionId)?.end).toBeNull();
    });
  }

  rule(56, 'of two open ones none fits', async () => {
    await station();
    const one = await starts();
    const two = await starts({ connectorId: 2 });
    await stops(-1);
    expect(open()).toHaveLength(2);
    await client.call('MeterValues', meterValues(-1, [[60, 3_000]], 2));
    expect(transaction(one.transactionId)?.lastReadingWh).toBeNull();
    expect(transaction(two.transactionId)?.lastReadingWh).toBe(3_000);
    await client.call('MeterValues', meterValues(-1, [[7_200, 2_000]], 1));
    await client.call('MeterValues', meterValues(-1, [[60, 500]], 1));
    expect(transaction(one.transactionId)?.lastReadingWh).toBeNull();
  });

  rule(57, 'by meter', async () => {
    await station();
    const { transactionId } = await starts();
    expect(await stops(transactionId, { meterStop: 100 })).toEqual({});
    expect(transaction(transactionId)).toMatchObject({ energyWh: null, energySource: null, meterStop: 100 });
    expect(transaction(transactionId)?.notes.join()).toContain('meterStop 100 below meterStart 1000');
  });

  rule(57, 'by meter, with readings', async () => {
    await station();
    const { transactionId } = await starts();
    await client.call('MeterValues', meterValues(transactionId, [[1_800, 3_000], [900, 4_000]])); // prettier-ignore
    await stops(transactionId, { meterStop: 0 });
    expect(transaction(transactionId)).toMatchObject({ energyWh: 3_000, energySource: 'readings' });
  });

  rule(57, 'by time', async () => {
    await station();
    const { transactionId } = await starts();
    expect(await stops(transactionId, { timestamp: ago(7_200) })).toEqual({});
    expect(transaction(transactionId)).toMatchObject({ energyWh: 4_000 });
    expect(transaction(transactionId)?.notes.join()).toContain('before its start');
  });

  rule(58, async () => {
    await station();
    const { transactionId } = await starts();
    client.socket.terminate();
    client = await test.connect(`/${id}`);
    await stops(transactionId, { meterStop: undefined, timestamp: ago(60) });
    const late = meterValues(transactionId, [[1_800, 3_000], [120, 4_500]]); // prettier-ignore
    expect((await client.call('MeterValues', late))[2]).toEqual({});
    expect((await client.call('MeterValues', late))[2]).toEqual({});
    expect(transaction(transactionId)).toMatchObject({ end: 'station', energyWh: 3_500, energySource: 'readings' });
    expect(factsFrom(test, id).meterValue).toHaveLength(2);
  });

  rule(58, 'readings after the stop change no energy', async () => {
    await station();
    const { transactionId } = await starts();
    await stops(transactionId, { timestamp: ago(60) });
    await client.call('MeterValues', meterValues(transactionId, [[30, 5_400]]));
    expect(transaction(transactionId)).toMatchObject({ energyWh: 4_000, energySource: 'register' });
  });

  rule(59, 'it goes on after a boot and is stopped', async () => {
    await station();
    const { transactionId } = await starts();
    await client.call('BootNotification', boot);
    expect(transaction(transactionId)).toMatchObject({ end: null, grace: { reason: 'the station booted' } });
    await client.call('MeterValues', meterValues(transactionId, [[-1, 3_000]]));
    expect(transaction(transactionId)).toMatchObject({ end: null, grace: null });
    await stops(transactionId);
    expect(transaction(transactionId)).toMatchObject({ end: 'station', energyWh: 4_000 });
  });

  for (const sign of ['boot', 'Available']) {
    rule(59, `ended as estimated after ${sign}, corrected by its stop`, async () => {
      await station();
      const { transactionId } = await starts();
      await client.call('MeterValues', meterValues(transactionId, [[1_800, 3_000]]));
      if (sign === 'boot') await client.call('BootNotification', boot);
      else await client.call('StatusNotification', available);
      const { state } = actorOf(test, id);
      expect(tick(state, Date.now() + 60_000).transactions[transactionId]?.end).toBeNull();
      const ended = afterGrace(test, id).transactions[transactionId];
      expect(ended).toMatchObject({ end: 'estimated', meterStop: 3_000, energyWh: 2_000, energySource: 'readings' });
      await stops(transactionId);
      expect(transaction(transactionId)).toMatchObject({ end: 'station', energyWh: 4_000, energySource: 'register' });
    });
  }

  rule(60, async () => {
    await station();
    const { transactionId } = await starts();
    expect(await stops(transactionId)).toEqual({});
    expect(await stops(transactionId, { idTag: 'BLOCKED' })).toEqual({ idTagInfo: { status: 'Blocked' } });
  });
});
