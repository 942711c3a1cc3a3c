import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { exactRequest } from '../../src/ocpp/command.ts';
import { commands } from '../../src/ocpp/commands.ts';
import { hashPassword } from '../../src/security/passwords.ts';
import type { CallResult } from '../../workflows/events.ts';
import { takesCallsAt } from '../../workflows/state/connections.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { actorOf, afterGrace, factsFrom, transactionOf } from './actor.ts';
import { available, boot, entry, messages, tag } from './rows.ts';
import { rule } from './rule.ts';

const KEY = 'ff80c3'.repeat(7).slice(0, 40);

let test: TestEdge;
let stations = 0;
let id: string;
let client: Client;

beforeAll(async () => {
  const idTags = [tag('T'), tag('SINGLE', { singleTransaction: true })];
  const passwordHash = await hashPassword(KEY);
  test = await startTestEdge({ rows: { idTags, chargePoints: [entry('SECRET', 'accepted', { passwordHash })] } });
});
afterAll(() => test.close());

/** A station that nobody has heard of yet. */
async function station(): Promise<void> {
  id = `CP${++stations}`;
  await connects();
}

/** Resolves when the new connection is journalled: commands go to it. */
async function connects(): Promise<void> {
  const before = connections().length;
  client = await test.connect(`/${id}`);
  await eventually(() => connections().length > before, 'the connection is journalled');
}
const connections = () => test.events(id).filter(({ kind }) => kind === 'connected');

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const notes = () => messages(test, id).flatMap((message) => message.notes ?? []);
const rows = () => factsFrom(test, id).meterValue;

async function answered(action: string, payload: object, messageId?: string): Promise<Record<string, unknown>> {
  const [type, , answer] = await client.call(action, payload, messageId);
  expect(type).toBe(3);
  return answer as Record<string, unknown>;
}
async function starts(more: object = {}): Promise<number> {
  const payload = { connectorId: 1, idTag: 'T', meterStart: 1_000, timestamp: ago(3_600), ...more };
  return (await answered('StartTransaction', payload)).transactionId as number;
}
const stops = (more: object) => answered('StopTransaction', { meterStop: 5_000, timestamp: ago(0), ...more });
const sampled = (sampledValue: unknown, more: object = {}) =>
  answered('MeterValues', { connectorId: 1, meterValue: [{ timestamp: ago(60), sampledValue }], ...more });

/** Sends a CALL over the newest connection, as the actor would. */
async function send(action: string, payload: unknown): Promise<[messageId: string, payload: unknown]> {
  const exact = exactRequest(commands.get(action)!, payload);
  const { connection } = connections().at(-1)!;
  await test.edge.calls.send({ chargePointId: id, connection, commandId: randomUUID(), action, payload: exact });
  const [, messageId, , sent] = await client.nextCall();
  return [messageId, sent];
}
const outcomes = () =>
  test
    .events(id)
    .filter((event): event is CallResult => event.kind === 'callResult')
    .map(({ outcome }) => outcome);

describe('text and values', () => {
  rule('Q1', async () => {
    await station();
    expect(await answered('BootNotification', { ...boot, chargePointVendor: '' })).toMatchObject({
      status: 'Accepted',
    });
    expect(actorOf(test, id).state.chargePoint.vendor).toBe('');
    expect(notes()).toEqual([]);
  });

  rule('Q2', async () => {
    await station();
    const serial = 'S'.repeat(34);
    const long = { chargePointModel: 'M'.repeat(23), chargePointSerialNumber: serial, meterType: 'x'.repeat(1_000) };
    expect(await answered('BootNotification', { ...boot, ...long })).toMatchObject({ status: 'Accepted' });
    await answered('StatusNotification', { ...available, info: 'i'.repeat(80) });
    const { chargePoint, connectors } = actorOf(test, id).state;
    expect(chargePoint).toMatchObject({ model: 'M'.repeat(23), serialNumber: serial, meterType: 'x'.repeat(500) });
    expect(connectors[1]?.info).toBe('i'.repeat(80));
    expect(notes().every((note) => note.startsWith('overlongText: '))).toBe(true);
    expect(messages(test, id)[0]?.raw).toContain('x'.repeat(1_000));
  });

  rule('Q3', async () => {
    await station();
    const meterValue = { timestamp: ago(1), sampledValue: [{ value: '5', unit: 'kWh' }] };
    expect(await answered('MeterValues', { connectorId: 1, meterValue })).toEqual({});
    expect(rows()).toMatchObject([{ normalised: 5_000, normalisedUnit: 'Wh' }]);
    expect(notes()).toEqual([expect.stringMatching(/^objectAsArray: meterValue/)]);
  });

  rule('Q4', async () => {
    await station();
    expect(await sampled([{ value: 3.7, measurand: 'Current.Import', unit: 'A' }])).toEqual({});
    expect(rows()).toMatchObject([{ value: '3.7', normalised: 3.7 }]);
    expect(notes()).toEqual([expect.stringMatching(/^numberAsText: /)]);
  });

  rule('Q5', async () => {
    await station();
    const transactionId = await starts();
    const odd = [
      { value: '900', measurand: 'Request.Energy', unit: 'Wh' },
      { value: '5', context: 'Sometimes', measurand: 'Voltage', unit: 'V' },
      { value: '7', unit: 'furlong' },
      { value: '2000' },
    ];
    expect(await sampled(odd, { transactionId })).toEqual({});
    expect(rows().map(({ measurand, context, unit, value }) => [measurand, context, unit, value])).toEqual([
      ['Request.Energy', 'Sample.Periodic', 'Wh', '900'],
      ['Voltage', 'Sometimes', 'V', '5'],
      ['Energy.Active.Import.Register', 'Sample.Periodic', 'furlong', '7'],
      ['Energy.Active.Import.Register', 'Sample.Periodic', 'Wh', '2000'],
    ]);
    expect(transactionOf(test, id, transactionId)?.lastReadingWh).toBe(2_000);
    expect(notes().filter((note) => note.startsWith('unknownValue: '))).toHaveLength(3);
  });

  rule('Q6', async () => {
    await station();
    expect(await sampled([])).toEqual({});
    expect(rows()).toEqual([]);
    expect(notes()).toEqual([expect.stringMatching(/^emptyArray: meterValue\[0\]\.sampledValue/)]);
  });

  rule('Q7', async () => {
    await station();
    const [messageId] = await send('Reset', { type: 'Soft' });
    const broken = [
      '[2,"a","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]',
      '[2,"b","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[,{"value":"1"}]}]}]',
      `[3,"${messageId}",{"status":"Acc`,
    ];
    for (const frame of broken) client.send(frame);
    await client.answersHeartbeatOnly();
    await eventually(() => test.events(id).filter(({ kind }) => kind === 'malformed').length === 3, 'kept');
    const kept = test.events(id).flatMap((event) => (event.kind === 'malformed' ? [event.raw] : []));
    expect(kept).toEqual(broken);
    expect(outcomes()).toEqual([]);
    client.send([3, messageId, { status: 'Accepted' }]);
    await eventually(() => outcomes().length === 1, 'the command ended');
    expect(outcomes()).toEqual([{ result: { status: 'Accepted' } }]);
  });

  rule('Q23', async () => {
    await station();
    client.send('[2,"n","Heartbeat",null]');
    expect(await client.reply('n')).toMatchObject([3, 'n', { currentTime: expect.any(String) }]);
    client.send('');
    await client.answersHeartbeatOnly();
    expect(test.events(id).some(({ kind }) => kind === 'malformed')).toBe(false);
  });
});

describe('times', () => {
  rule('Q9', async () => {
    await station();
    const zoneless = ago(3_600).slice(0, 19);
    const transactionId = await starts({ timestamp: zoneless, reservationId: 0 });
    const started = { startedAt: `${zoneless}.000Z`, startTimestamp: zoneless, reservationId: null };
    expect(transactionOf(test, id, transactionId)).toMatchObject(started);
    expect(notes()).toEqual([
      'noReservation: reservationId 0 taken as none',
      `noZone: timestamp "${zoneless}" taken as UTC`,
    ]);
  });

  rule('Q10', async () => {
    await station();
    const times = [ago(-2.2 * 3_600), '1970-01-01T00:00:09Z', ago(5 * 3_600), ago(-180)];
    for (const timestamp of times) await answered('StatusNotification', { ...available, timestamp });
    const stored = factsFrom(test, id).statusNotification;
    expect(stored.map(({ at, receivedAt }) => at === receivedAt)).toEqual([true, true, false, false]);
    expect(stored.map(({ at }) => at).slice(2)).toEqual(times.slice(2));
    expect(notes()).toEqual([
      expect.stringMatching(/^implausibleTime: .* 2 hours after the receipt/),
      expect.stringMatching(/^implausibleTime: .*1970.* before the receipt/),
      expect.stringMatching(/^clockAhead: .* 3 minutes after the receipt/),
    ]);
  });
});

describe('transactions', () => {
  rule('Q8', async () => {
    await station();
    const transactionId = await starts();
    client.send(
      `[2,"alfen","MeterValues",{"connectorId":1,"transactionId":9223372036854775807,"meterValue":[{"timestamp":"${ago(1)}","sampledValue":[{"value":"9999"}]}]}]`,
    );
    expect(await client.reply('alfen')).toEqual([3, 'alfen', {}]);
    expect(rows()).toMatchObject([{ transactionId: null, normalised: 9_999 }]);
    expect(transactionOf(test, id, transactionId)?.lastReadingWh).toBeNull();
  });

  for (const messageId of ['a', 'b']) {
    rule('Q11', messageId === 'a' ? 'under its own message id' : 'under a new message id', async () => {
      await station();
      const payload = { connectorId: 1, idTag: 'SINGLE', meterStart: 0, timestamp: ago(5) };
      const first = await answered('StartTransaction', payload, 'a');
      expect(first).toMatchObject({ idTagInfo: { status: 'Accepted' } });
      await connects();
      expect(await answered('StartTransaction', payload, messageId)).toEqual(first);
      const transactionId = first.transactionId as number;
      expect(Object.keys(actorOf(test, id).state.transactions)).toEqual([String(transactionId)]);
      await stops({ transactionId });
    });
  }

  for (const transactionId of [-1, 0, 1_700_000_000, undefined]) {
    rule('Q12', `of ${transactionId}`, async () => {
      await station();
      const ours = await starts();
      expect(await stops({ transactionId })).toEqual({});
      expect(transactionOf(test, id, ours)).toMatchObject({ end: 'station', energyWh: 4_000 });
      expect(Object.keys(actorOf(test, id).state.transactions)).toEqual([String(ours)]);
    });
  }

  rule('Q13', 'no stop, the connector is Available', async () => {
    await station();
    const transactionId = await starts();
    await sampled([{ value: '2.5', unit: 'kWh' }], { transactionId });
    await answered('StatusNotification', { ...available, status: 'Finishing' });
    expect(afterGrace(test, id).transactions[transactionId]?.end).toBeNull();
    await answered('StatusNotification', available);
    const ended = { end: 'estimated', meterStop: 2_500, energyWh: 1_500, energySource: 'readings' };
    expect(afterGrace(test, id).transactions[transactionId]).toMatchObject(ended);
  });

  rule('Q13', 'a boot into Preparing', async () => {
    await station();
    const transactionId = await starts();
    await answered('BootNotification', boot);
    await answered('StatusNotification', { ...available, status: 'Preparing' });
    const ended = afterGrace(test, id).transactions[transactionId];
    expect(ended).toMatchObject({ end: 'estimated', energyWh: 0 });
    expect(ended?.notes).toContain('ended by estimate: the station booted');
  });

  rule('Q14', async () => {
    await station();
    for (const stop of [{}, { transactionId: null, reason: 'Bored' }, { transactionId: 'x', meterStop: {} }]) {
      expect(await answered('StopTransaction', stop, '1')).toEqual({});
    }
    for (let i = 0; i < 3; i++) expect(await answered('BootNotification', boot, '1')).toMatchObject({ interval: 300 });
    expect(factsFrom(test, id).deadEvent).toEqual([]);
  });

  rule('Q26', async () => {
    await station();
    const transactionId = await starts();
    const lines = ['L1-N', 'L2-N', 'L3-N'];
    const samples = [
      ...lines.map((phase) => ({ value: '16', measurand: 'Current.Import', unit: 'A', phase })),
      ...lines.map((phase) => ({ value: '0.9', unit: 'kWh', phase })),
    ];
    await sampled(samples, { transactionId });
    expect(rows().map(({ phase, normalised }) => [phase, normalised])).toEqual([
      ...lines.map((phase) => [phase, 16]),
      ...lines.map((phase) => [phase, 900]),
    ]);
    await stops({ transactionId, meterStop: undefined });
    expect(transactionOf(test, id, transactionId)).toMatchObject({ lastReadingWh: 2_700, energyWh: 1_700 });
  });
});

describe('connections', () => {
  rule('Q15', async () => {
    await expect(test.connect('/GRIZZLY', [])).rejects.toThrow('400');
    const reason = expect.stringContaining('has to offer ocpp1.6') as string;
    expect(test.logged).toContainEqual(expect.objectContaining({ path: '/GRIZZLY', reason }));
    expect((await test.connect('/LIST', ['ocpp1.5', 'ocpp1.6', 'ocpp2.0.1'])).socket.protocol).toBe('ocpp1.6');
    const lenient = await startTestEdge({ settings: { allowMissingSubprotocol: true } });
    try {
      await (await lenient.connect('/GRIZZLY', [])).answersHeartbeatOnly();
    } finally {
      await lenient.close();
    }
  });

  rule('Q16', async () => {
    await station();
    expect(await answered('StatusNotification', available)).toEqual({});
    await answered('BootNotification', boot);
    await connects();
    const transactionId = await starts();
    expect(await stops({ transactionId })).toEqual({});
  });

  rule('Q17', async () => {
    await station();
    const newest = () => actorOf(test, id).state.connections.at(-1)!;
    expect(takesCallsAt(newest()) - Date.parse(newest().openedAt)).toBe(10_000);
    await answered('BootNotification', boot);
    expect(takesCallsAt(newest())).toBe(0);
    await connects();
    expect(takesCallsAt(newest())).toBeGreaterThan(Date.now());
  });

  rule('Q18', async () => {
    await station();
    const old = client;
    await answered('BootNotification', boot);
    await connects();
    const [messageId] = await send('Reset', { type: 'Soft' });
    expect(old.unread).toEqual([]);
    client.send([3, messageId, { status: 'Accepted' }]);
    await eventually(() => outcomes().length === 1, 'answered');
    expect(actorOf(test, id).state.connections).toHaveLength(2);
    expect(old.socket.readyState).toBe(old.socket.OPEN);
  });

  rule('Q19', async () => {
    for (const password of [Buffer.from(KEY), Buffer.from(KEY.toUpperCase()), Buffer.from(KEY, 'hex')]) {
      const credentials = Buffer.concat([Buffer.from('SECRET:'), password]).toString('base64');
      const headers = { Authorization: `Basic ${credentials}` };
      await (await test.connect('/SECRET', ['ocpp1.6'], { headers })).answersHeartbeatOnly();
    }
    await expect(test.connect('/SECRET')).rejects.toThrow('401');
  });

  rule('Q24', async () => {
    await station();
    for (const connectorId of [7, 0, 99]) await answered('StatusNotification', { ...available, connectorId });
    expect(Object.keys(actorOf(test, id).state.connectors)).toEqual(['0', '7', '99']);
  });

  rule('Q27', async () => {
    const impatient = await startTestEdge({ settings: { pingIntervalMs: 100 } });
    try {
      const mute = await impatient.connect('/MUTE', ['ocpp1.6'], { autoPong: false });
      for (let rounds = 0; rounds < 2; rounds++) {
        await once(mute.socket, 'ping');
        await once(mute.socket, 'ping');
        await mute.call('Heartbeat', {});
      }
      expect(mute.socket.readyState).toBe(mute.socket.OPEN);
    } finally {
      await impatient.close();
    }
  });
});

describe('commands', () => {
  rule('Q20', async () => {
    await station();
    for (const idTag of ['04A2B3C4D5E6F7', 'x'.repeat(20)]) {
      const [messageId, sent] = await send('RemoteStartTransaction', { idTag, connectorId: 1 });
      expect(sent).toEqual({ idTag, connectorId: 1 });
      client.send([3, messageId, { status: 'Accepted' }]);
      await client.answersHeartbeatOnly();
    }
    await expect(send('RemoteStartTransaction', { idTag: 'S'.repeat(25) })).rejects.toThrow(/idTag: /);
  });

  rule('Q21', async () => {
    await station();
    const [first, withConnector] = await send('RemoteStartTransaction', { idTag: 'T', connectorId: 2 });
    expect(withConnector).toEqual({ idTag: 'T', connectorId: 2 });
    client.send([3, first, { status: 'Accepted' }]);
    await client.answersHeartbeatOnly();
    const [second, without] = await send('RemoteStartTransaction', { idTag: 'T' });
    expect(without).toEqual({ idTag: 'T' });
    client.send([3, second, { status: 'Rejected' }]);
    await eventually(() => outcomes().length === 2, 'both ended');
    expect(outcomes()[1]).toEqual({ result: { status: 'Rejected' } });
  });

  rule('Q22', async () => {
    await station();
    const chargingSchedule = {
      startSchedule: '2026-01-01T00:00:00Z',
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 18.4 }],
    };
    const purpose = { chargingProfileId: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile' };
    const profile = {
      connectorId: 1,
      csChargingProfiles: { ...purpose, chargingProfileKind: 'Absolute', chargingSchedule },
    };
    const [messageId, sent] = await send('SetChargingProfile', profile);
    expect(sent).toEqual(profile);
    client.send([3, messageId, { status: 'Accepted' }]);
    const kindless = { connectorId: 1, csChargingProfiles: { ...purpose, chargingSchedule } };
    await expect(send('SetChargingProfile', kindless)).rejects.toThrow(/chargingProfileKind/);
  });

  rule('Q25', async () => {
    await station();
    const [messageId] = await send('Reset', { type: 'Soft' });
    client.send('[3,"",{"status":"Rejected"}]');
    client.send('[3,"other",{"status":"Rejected"}]');
    client.send('[4,"","GenericError","",{}]');
    client.send('[3]');
    await client.answersHeartbeatOnly();
    expect(outcomes()).toEqual([]);
    client.send([3, messageId, { status: 'Accepted' }]);
    await eventually(() => outcomes().length === 1, 'the command ended');
    expect(outcomes()).toEqual([{ result: { status: 'Accepted' } }]);
  });
});
