import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handlers } from '../../src/simulator/commands/receive.ts';
import { models } from '../../src/simulator/models.ts';
import { SimulatedStation } from '../../src/simulator/simulatedStation.ts';
import { SimulatedTime } from '../../src/simulator/simulatedTime.ts';
import { isValid, schemas } from '../ocpp/oracle.ts';
import { CentralSystem } from './centralSystem.ts';

const NEVER = 30 * 24 * 3_600_000;
const SOON = { timeout: 20_000, interval: 10 };

let central: CentralSystem;
let simulated: SimulatedStation;
let off: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  central = await CentralSystem.start();
  simulated = new SimulatedStation({
    url: central.url,
    chargePointId: 'commanded',
    model: models.find(({ model }) => model === 'Street 22')!,
    time: new SimulatedTime({ speed: 600 }),
    faults: { meanConnectedMs: Infinity, meanOfflineMs: 0, duplicates: 0, mute: 0, cuts: 0 },
    drivers: { idTags: ['TAG'], meanIdleMs: NEVER },
  });
  off = new AbortController();
  running = simulated.run(off.signal, 1_000);
  await hears('StatusNotification', { connectorId: 2, status: 'Available' });
});

afterEach(async () => {
  off.abort();
  await running;
  await central.close();
});

describe('a simulated charge point', () => {
  it('answers each of the 19 messages of a central system with its schema', async () => {
    await charge();
    const asked = new Set<string>();
    for (const [action, payload] of everyCommand) {
      asked.add(action);
      const [type, , answer] = await central.call(action, payload);
      expect([action, type]).toEqual([action, 3]);
      expect([action, answer, isValid(`urn:${action}.conf`, answer)]).toEqual([action, answer, true]);
      expect([action, isValid(`urn:${action}.req`, payload)]).toEqual([action, true]);
    }
    expect([...asked].sort()).toEqual([...handlers.keys()].sort());
    expect(asked.size).toBe(19);
    const known = new Set(schemas.map(({ $id }) => $id));
    expect([...asked].filter((action) => !known.has(`urn:${action}.conf`))).toEqual([]);
  });

  it('refuses what it does not know or cannot read', async () => {
    expect(await central.call('SelfDestruct', {})).toMatchObject({ 0: 4, 2: 'NotImplemented' });
    expect(await central.call('Reset', { type: 'Gentle' })).toMatchObject({ 0: 4, 2: 'FormationViolation' });
    expect(await central.call('Reset', null)).toMatchObject({ 0: 4, 2: 'FormationViolation' });
    expect(await central.call('Reset', { type: 'Soft', more: 1 })).toMatchObject({ 0: 4, 2: 'FormationViolation' });
  });

  it('starts and stops a transaction when it is told to', async () => {
    const transactionId = await charge();
    await hears('StatusNotification', { connectorId: 1, status: 'Charging' });
    expect(await result('RemoteStopTransaction', { transactionId: 4711 })).toEqual({ status: 'Rejected' });
    expect(await result('RemoteStopTransaction', { transactionId })).toEqual({ status: 'Accepted' });
    await hears('StopTransaction', { transactionId, reason: 'Remote' });
    await hears('StatusNotification', { connectorId: 1, status: 'Finishing' });
  });

  it('stops transactions with the reason of a reset and boots again', async () => {
    await charge();
    expect(await result('Reset', { type: 'Soft' })).toEqual({ status: 'Accepted' });
    await hears('StopTransaction', { reason: 'SoftReset' });
    await expect.poll(() => boots(), SOON).toBe(2);
    await expect.poll(() => simulated.chargePoint.connector(1)!.status, SOON).toBe('Available');
    await charge();
    await central.call('Reset', { type: 'Hard' });
    await hears('StopTransaction', { reason: 'HardReset' });
    expect(boots()).toBe(3);
  });

  it('sends what it was asked for after its answer', async () => {
    for (const requestedMessage of ['Heartbeat', 'BootNotification', 'FirmwareStatusNotification', 'MeterValues']) {
      const before = central.heard.length;
      expect(await result('TriggerMessage', { requestedMessage })).toEqual({ status: 'Accepted' });
      await expect
        .poll(() => central.heard.slice(before).map(({ action }) => action), SOON)
        .toContain(requestedMessage);
    }
    expect(await result('TriggerMessage', { requestedMessage: 'MeterValues', connectorId: 9 })).toEqual({
      status: 'Rejected',
    });
  });

  it('keeps its configuration', async () => {
    const change = (key: string, value: string) => result('ChangeConfiguration', { key, value });
    expect(await change('MeterValueSampleInterval', '120')).toEqual({ status: 'Accepted' });
    expect(await change('MeterValueSampleInterval', 'often')).toEqual({ status: 'Rejected' });
    expect(await change('NumberOfConnectors', '7')).toEqual({ status: 'Rejected' });
    expect(await change('WebSocketPingInterval', '30')).toEqual({ status: 'RebootRequired' });
    expect(await change('ColourOfTheCable', 'red')).toEqual({ status: 'NotSupported' });
    const key = ['MeterValueSampleInterval', 'WebSocketPingInterval', 'AuthorizationKey', 'ColourOfTheCable'];
    expect(await result('GetConfiguration', { key })).toEqual({
      configurationKey: [
        { key: 'MeterValueSampleInterval', readonly: false, value: '120' },
        { key: 'WebSocketPingInterval', readonly: false, value: '0' },
        { key: 'AuthorizationKey', readonly: false },
      ],
      unknownKey: ['ColourOfTheCable'],
    });
    await central.call('Reset', { type: 'Soft' });
    await expect.poll(() => boots(), SOON).toBe(2);
    expect(simulated.chargePoint.configuration.number('WebSocketPingInterval')).toBe(30);
  });

  it('goes out of operation when its transaction has ended', async () => {
    const transactionId = await charge();
    const inoperative = { connectorId: 1, type: 'Inoperative' };
    expect(await result('ChangeAvailability', inoperative)).toEqual({ status: 'Scheduled' });
    expect(await result('ChangeAvailability', { ...inoperative, connectorId: 2 })).toEqual({ status: 'Accepted' });
    await hears('StatusNotification', { connectorId: 2, status: 'Unavailable' });
    await central.call('RemoteStopTransaction', { transactionId });
    await hears('StatusNotification', { connectorId: 1, status: 'Unavailable' });
    expect(await result('ChangeAvailability', { connectorId: 0, type: 'Operative' })).toEqual({ status: 'Accepted' });
    await expect.poll(() => simulated.chargePoint.connector(1)!.status, SOON).toBe('Available');
  });

  it('is reserved for a card, and free again when that is cancelled', async () => {
    const expiryDate = new Date(Date.now() + 60_000).toISOString();
    const reservation = { connectorId: 2, expiryDate, idTag: 'MINE', reservationId: 5 };
    expect(await result('ReserveNow', reservation)).toEqual({ status: 'Accepted' });
    await hears('StatusNotification', { connectorId: 2, status: 'Reserved' });
    expect(await result('ReserveNow', { ...reservation, reservationId: 6 })).toEqual({ status: 'Occupied' });
    expect(await result('CancelReservation', { reservationId: 6 })).toEqual({ status: 'Rejected' });
    expect(await result('CancelReservation', { reservationId: 5 })).toEqual({ status: 'Accepted' });
    await expect.poll(() => simulated.chargePoint.connector(2)!.status, SOON).toBe('Available');
  });

  it('charges no faster than its profiles allow, and says so', async () => {
    const csChargingProfiles = profile('ChargePointMaxProfile', [{ startPeriod: 0, limit: 3_000 }]);
    expect(await result('SetChargingProfile', { connectorId: 0, csChargingProfiles })).toEqual({ status: 'Accepted' });
    expect(await result('SetChargingProfile', { connectorId: 1, csChargingProfiles })).toEqual({ status: 'Rejected' });
    await charge();
    await expect.poll(() => simulated.chargePoint.connector(1)!.power, SOON).toBeGreaterThan(0);
    expect(simulated.chargePoint.connector(1)!.power).toBeLessThanOrEqual(3_000);
    const { chargingSchedule } = await result('GetCompositeSchedule', { connectorId: 1, duration: 600 });
    expect(chargingSchedule).toMatchObject({ chargingSchedulePeriod: [{ startPeriod: 0, limit: 3_000 }] });
    expect(await result('ClearChargingProfile', { id: 9 })).toEqual({ status: 'Unknown' });
    expect(await result('ClearChargingProfile', {})).toEqual({ status: 'Accepted' });
  });

  it('runs through a firmware update and comes back with the new version', async () => {
    const retrieveDate = new Date().toISOString();
    expect(await result('UpdateFirmware', { location: 'ftp://host/3.0.18', retrieveDate })).toEqual({});
    for (const status of ['Downloading', 'Downloaded', 'Installing'])
      await hears('FirmwareStatusNotification', { status });
    await hears('BootNotification', { firmwareVersion: '3.0.18' });
    await hears('FirmwareStatusNotification', { status: 'Installed' });
  });

  it('keeps a local list by its versions', async () => {
    const entries = [{ idTag: 'A', idTagInfo: { status: 'Accepted' } }];
    const send = (listVersion: number, updateType: string, localAuthorizationList: object[]) =>
      result('SendLocalList', { listVersion, updateType, localAuthorizationList });
    expect(await send(3, 'Full', entries)).toEqual({ status: 'Accepted' });
    expect(await send(3, 'Differential', entries)).toEqual({ status: 'VersionMismatch' });
    expect(await send(4, 'Differential', [{ idTag: 'A' }])).toEqual({ status: 'Accepted' });
    expect(await result('GetLocalListVersion', {})).toEqual({ listVersion: 4 });
  });
});

/** Starts a transaction on connector 1 from afar; returns its id. */
async function charge(): Promise<number> {
  const starts = () => central.heard.filter(({ action }) => action === 'StartTransaction').length;
  const before = starts();
  expect(await result('RemoteStartTransaction', { connectorId: 1, idTag: 'TAG' })).toEqual({ status: 'Accepted' });
  await expect.poll(starts, SOON).toBe(before + 1);
  const id = () => simulated.chargePoint.connector(1)!.session?.transactionId;
  await expect.poll(id, SOON).toBeGreaterThan(0);
  return id()!;
}

async function result(action: string, payload: object): Promise<Record<string, unknown>> {
  const [type, , answer] = await central.call(action, payload);
  expect(type).toBe(3);
  return answer as Record<string, unknown>;
}

async function hears(action: string, payload: object): Promise<void> {
  const heard = () => central.heard.filter((message) => message.action === action).map((message) => message.payload);
  await expect.poll(heard, SOON).toContainEqual(expect.objectContaining(payload));
}

function boots(): number {
  return central.heard.filter(({ action }) => action === 'BootNotification').length;
}

function profile(chargingProfilePurpose: string, chargingSchedulePeriod: object[]) {
  return {
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose,
    chargingProfileKind: 'Absolute',
    chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod },
  };
}

const now = new Date().toISOString();
/** Answered in this order; a Reset, the last, ends the connection. */
const everyCommand: [action: string, payload: object][] = [
  ['CancelReservation', { reservationId: 1 }],
  ['ChangeAvailability', { connectorId: 0, type: 'Operative' }],
  ['ChangeConfiguration', { key: 'HeartbeatInterval', value: '600' }],
  ['ClearCache', {}],
  ['ClearChargingProfile', { stackLevel: 1 }],
  ['DataTransfer', { vendorId: 'Simulated', messageId: 'Echo', data: 'x' }],
  ['DataTransfer', { vendorId: 'Other' }],
  ['GetCompositeSchedule', { connectorId: 1, duration: 3_600, chargingRateUnit: 'A' }],
  ['GetConfiguration', {}],
  ['GetDiagnostics', { location: 'ftp://host/logs' }],
  ['GetLocalListVersion', {}],
  ['RemoteStartTransaction', { connectorId: 2, idTag: 'TAG' }],
  ['RemoteStopTransaction', { transactionId: 99 }],
  ['ReserveNow', { connectorId: 1, expiryDate: now, idTag: 'TAG', reservationId: 1 }],
  ['SendLocalList', { listVersion: 1, updateType: 'Full' }],
  [
    'SetChargingProfile',
    { connectorId: 1, csChargingProfiles: profile('TxProfile', [{ startPeriod: 0, limit: 9.5 }]) },
  ],
  ['TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 }],
  ['UnlockConnector', { connectorId: 1 }],
  ['UpdateFirmware', { location: 'ftp://host/new', retrieveDate: now }],
  ['Reset', { type: 'Soft' }],
];
