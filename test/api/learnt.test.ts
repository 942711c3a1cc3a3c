import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId } from './support.ts';

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start({ UNKNOWN_ID_TAGS: 'accept' });
}, 120_000);
afterAll(() => test.dispose());

type Answers = Record<string, (payload: Record<string, unknown>) => Record<string, unknown>>;

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

/** A booted station; what it does not answer otherwise it accepts. */
async function booted(name: string, answers: Answers = {}): Promise<{ id: string; station: Station }> {
  const id = newId(name);
  const onCall = (action: string, payload: Record<string, unknown>) =>
    answers[action]?.(payload) ?? { status: 'Accepted' };
  const station = test.station(id, { onCall });
  await station.call('BootNotification', boot);
  await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status, { timeout: 20_000 }).toBe(200);
  return { id, station };
}

/** Sends a command and waits for what the station answers. */
async function ask(id: string, action: string, payload: object): Promise<string> {
  const path = `/v1/charge-points/${id}/commands`;
  const { status, body } = await test.request('POST', path, { body: { action, payload } });
  expect({ action, status, body }).toMatchObject({ status: 202 });
  const { commandId } = body as { commandId: string };
  await expect
    .poll(async () => (await test.get(`${path}/${commandId}`)).body as unknown, { timeout: 20_000 })
    .toMatchObject({ answeredAt: time });
  return commandId;
}

async function learnt(id: string, what: string): Promise<unknown> {
  const { status, body } = await test.get(`/v1/charge-points/${id}/${what}`);
  expect({ what, status, body }).toMatchObject({ status: 200 });
  const { code, stdout } = await ocppActors(test.program.environment, what, id, '--json');
  expect(code).toBe(0);
  // REST and the command line tell the same.
  expect(JSON.parse(stdout)).toEqual(body);
  return body;
}

async function table(id: string, what: string): Promise<string[]> {
  const { code, stdout, stderr } = await ocppActors(test.program.environment, what, id);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout.trimEnd().split('\n');
}

describe('what is learnt of a charge point', () => {
  it('its configuration: what it told, what was changed since, what waits for its next boot', async () => {
    const told = [
      { key: 'HeartbeatInterval', readonly: false, value: '300' },
      { key: 'NumberOfConnectors', readonly: true, value: '2' },
      { key: 'WebSocketPingInterval', readonly: false, value: '30' },
      // As stations answer that take null for none, and escape what no text of PostgreSQL may hold.
      { key: 'Odd\u0000Key', readonly: 'false', value: null },
    ];
    const { id, station } = await booted('configuration', {
      GetConfiguration: () => ({ configurationKey: told }),
      ChangeConfiguration: ({ key }) => ({
        status: key === 'WebSocketPingInterval' ? 'RebootRequired' : key === 'Unheard' ? 'NotSupported' : 'Accepted',
      }),
    });
    const read = await ask(id, 'GetConfiguration', {});
    const changed = await ask(id, 'ChangeConfiguration', { key: 'heartbeatInterval', value: '60' });
    const pending = await ask(id, 'ChangeConfiguration', { key: 'WebSocketPingInterval', value: '90' });
    await ask(id, 'ChangeConfiguration', { key: 'Unheard', value: '1' });
    const key = (name: string, rest: object) => ({
      key: name,
      supported: true,
      value: null,
      readonly: false,
      pending: null,
      learntAt: time,
      commandId: read,
      ...rest,
    });
    const rest = [
      key('HeartbeatInterval', { value: '60', commandId: changed }),
      key('NumberOfConnectors', { value: '2', readonly: true }),
      key('Odd\u0000Key', {}),
      key('Unheard', { supported: false, readonly: null, commandId: expect.any(String) as string }),
    ];
    expect(await learnt(id, 'configuration')).toEqual({
      completeAt: time,
      items: [
        ...rest,
        key('WebSocketPingInterval', { value: '30', pending: { value: '90', learntAt: time, commandId: pending } }),
      ],
      doubts: [],
    });
    expect(await table(id, 'configuration')).toEqual([
      expect.stringMatching(/^key +value +read-only +after a reboot +learnt$/),
      expect.stringMatching(/^HeartbeatInterval +60 +no +\S+Z$/),
      expect.stringMatching(/^NumberOfConnectors +2 +yes +\S+Z$/),
      expect.stringMatching(/^Odd\\u0000Key +no +\S+Z$/),
      expect.stringMatching(/^Unheard +not supported +\S+Z$/),
      expect.stringMatching(/^WebSocketPingInterval +30 +no +90 +\S+Z$/),
    ]);

    await station.call('BootNotification', boot);
    const booted90 = key('WebSocketPingInterval', { value: '90', commandId: pending });
    await expect
      .poll(async () => (await test.get(`/v1/charge-points/${id}/configuration`)).body as unknown, { timeout: 20_000 })
      .toEqual({ completeAt: time, items: [...rest, booted90], doubts: [] });
  });

  it('its certificates', async () => {
    const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: '01' };
    const { id } = await booted('certificates', {
      GetInstalledCertificateIds: () => ({ status: 'Accepted', certificateHashData: [hashData] }),
    });
    const certificateType = 'CentralSystemRootCertificate';
    const listed = await ask(id, 'GetInstalledCertificateIds', { certificateType });
    const installed = await ask(id, 'InstallCertificate', { certificateType, certificate: 'of the test' });
    const unknown = { subject: null, validTo: null, learntAt: time };
    expect(await learnt(id, 'certificates')).toEqual({
      listed: [{ certificateType, count: 1, learntAt: time, commandId: listed }],
      items: [
        { certificateType, hashData, serialNumber: '1', commandId: listed, ...unknown },
        { certificateType, hashData: null, serialNumber: null, commandId: installed, ...unknown },
      ],
      doubts: [],
    });
    await ask(id, 'DeleteCertificate', { certificateHashData: hashData });
    expect(await learnt(id, 'certificates')).toMatchObject({ items: [{ commandId: installed }] });
    expect(await table(id, 'certificates')).toEqual([
      expect.stringMatching(/^type +serial number +subject +valid to +told by +learnt$/),
      expect.stringMatching(/^CentralSystemRootCertificate +installation +\S+Z$/),
    ]);
  });

  it('its local list, until it has another version than it was sent', async () => {
    let listVersion = 2;
    const { id } = await booted('local-list', { GetLocalListVersion: () => ({ listVersion }) });
    const idTagInfo = { status: 'Accepted' };
    const [a, b] = [
      { idTag: 'A', idTagInfo },
      { idTag: 'B', idTagInfo },
    ];
    await ask(id, 'SendLocalList', { listVersion: 1, updateType: 'Full', localAuthorizationList: [a] });
    await ask(id, 'SendLocalList', {
      listVersion: 2,
      updateType: 'Differential',
      localAuthorizationList: [b, { idTag: 'a' }],
    });
    const asked = await ask(id, 'GetLocalListVersion', {});
    expect(await learnt(id, 'local-list')).toEqual({
      supported: true,
      version: { value: 2, learntAt: time, commandId: asked },
      knownSince: time,
      items: [
        {
          idTag: 'B',
          status: 'Accepted',
          expiryDate: null,
          parentIdTag: null,
          learntAt: time,
          commandId: expect.any(String) as string,
        },
      ],
      doubts: [],
    });
    expect(await table(id, 'local-list')).toEqual([
      expect.stringMatching(`^${id}: version 2, learnt \\S+Z; 1 id tags, as of \\S+Z$`),
      expect.stringMatching(/^id tag +status +expires +parent +learnt$/),
      expect.stringMatching(/^B +Accepted +\S+Z$/),
    ]);
    listVersion = 9;
    await ask(id, 'GetLocalListVersion', {});
    expect(await learnt(id, 'local-list')).toMatchObject({ version: { value: 9 }, knownSince: null, items: null });
    expect(await table(id, 'local-list')).toEqual([
      expect.stringMatching(/what is in it is not known until the next Full/),
    ]);
  });

  it('its charging profiles, those of transactions as long as these last', async () => {
    const { id, station } = await booted('charging-profiles');
    const chargingSchedule = {
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [
        { startPeriod: 0, limit: 16 },
        { startPeriod: 3600, limit: 8 },
      ],
    };
    const profile = (chargingProfileId: number, chargingProfilePurpose: string) => ({
      chargingProfileId,
      stackLevel: 0,
      chargingProfilePurpose,
      chargingProfileKind: 'Absolute',
      chargingSchedule,
    });
    await ask(id, 'SetChargingProfile', { connectorId: 0, csChargingProfiles: profile(1, 'ChargePointMaxProfile') });
    await ask(id, 'SetChargingProfile', { connectorId: 1, csChargingProfiles: profile(2, 'TxDefaultProfile') });
    await ask(id, 'RemoteStartTransaction', { idTag: 'TAG', connectorId: 1, chargingProfile: profile(3, 'TxProfile') });
    await ask(id, 'ClearChargingProfile', { connectorId: 1, chargingProfilePurpose: 'TxDefaultProfile' });
    expect(await learnt(id, 'charging-profiles')).toMatchObject({ since: null, items: [{ chargingProfileId: 1 }] });

    const timestamp = new Date().toISOString();
    const started = await station.call('StartTransaction', { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp });
    const { transactionId } = (started as { result: { transactionId: number } }).result;
    const ids = async () =>
      ((await test.get(`/v1/charge-points/${id}/charging-profiles`)).body.items as { chargingProfileId: number }[]).map(
        ({ chargingProfileId }) => chargingProfileId,
      );
    await expect.poll(ids, { timeout: 20_000 }).toEqual([1, 3]);
    expect(await learnt(id, 'charging-profiles')).toMatchObject({
      items: [{}, { connectorId: 1, purpose: 'TxProfile', transactionId, chargingSchedule, learntAt: time }],
    });
    expect(await table(id, 'charging-profiles')).toEqual([
      expect.stringMatching(
        /^connector +purpose +level +id +kind +transaction +valid from +valid to +schedule +learnt$/,
      ),
      expect.stringMatching(/^0 +ChargePointMaxProfile +0 +1 +Absolute +0 s: 16 A, 3600 s: 8 A +\S+Z$/),
      expect.stringMatching(
        new RegExp(`^1 +TxProfile +0 +3 +Absolute +${transactionId} +0 s: 16 A, 3600 s: 8 A +\\S+Z$`),
      ),
    ]);
    await station.call('StopTransaction', { transactionId, meterStop: 10, timestamp: new Date().toISOString() });
    await expect.poll(ids, { timeout: 20_000 }).toEqual([1]);
  });

  it('its reservations, and how they ended', async () => {
    const { id, station } = await booted('reservations');
    const reserve = (reservationId: number, connectorId: number) =>
      ask(id, 'ReserveNow', { reservationId, connectorId, idTag: 'TAG', expiryDate: hour(1) });
    await reserve(1, 1);
    await reserve(2, 2);
    await reserve(3, 3);
    const active = await reserve(4, 4);
    await ask(id, 'CancelReservation', { reservationId: 1 });
    const timestamp = new Date().toISOString();
    await station.call('StartTransaction', {
      connectorId: 2,
      idTag: 'TAG',
      meterStart: 0,
      reservationId: 2,
      timestamp,
    });
    await station.call('StatusNotification', { connectorId: 3, status: 'Faulted', errorCode: 'OtherError', timestamp });
    const states = async () =>
      Object.fromEntries(
        ((await test.get(`/v1/charge-points/${id}/reservations`)).body.items as Record<string, unknown>[]).map(
          ({ reservationId, state }) => [reservationId, state],
        ),
      ) as unknown;
    await expect
      .poll(states, { timeout: 20_000 })
      .toEqual({ 1: 'cancelled', 2: 'used', 3: 'ended by status', 4: 'active' });
    expect(await learnt(id, 'reservations')).toMatchObject({
      items: [{ reservationId: 4, commandId: active, learntAt: time, endedAt: null }, {}, {}, {}],
    });
    const [head, first, ...rest] = await table(id, 'reservations');
    expect(head).toMatch(/^id +connector +id tag +parent +expires +state +ended +transaction +learnt$/);
    expect(first).toMatch(/^4 +4 +TAG +\S+Z +active +\S+Z$/);
    expect(rest.length).toBe(3);
  });

  it('what is not certain, as it was sent and not answered', async () => {
    const { id } = await booted('doubts', { GetLocalListVersion: () => ({ listVersion: 1 }) });
    const profile = {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
    };
    const list = { listVersion: 1, updateType: 'Full', localAuthorizationList: [] };
    const certificateType = 'CentralSystemRootCertificate';
    const reservation = { reservationId: 7, connectorId: 1, idTag: 'TAG', expiryDate: hour(1) };
    const cases: [string, string, object, string][] = [
      ['configuration', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }, 'HeartbeatInterval'],
      ['certificates', 'InstallCertificate', { certificateType, certificate: 'of the test' }, certificateType],
      ['local-list', 'SendLocalList', list, 'Full list, version 1'],
      [
        'charging-profiles',
        'SetChargingProfile',
        { connectorId: 1, csChargingProfiles: profile },
        'charging profile 1 at connector 1',
      ],
      ['reservations', 'ReserveNow', reservation, 'reservation 7'],
    ];
    for (const [what, action, payload, about] of cases) {
      const commandId = await ask(id, action, payload);
      expect(await learnt(id, what)).toMatchObject({ doubts: [] });
      // As if the answer had not come.
      await test.sql`
        update command set state = 'timedOut', answer = null, answered_at = null
        where charge_point_id = ${id} and command_id = ${commandId}`;
      expect(await learnt(id, what)).toMatchObject({ doubts: [{ commandId, action, since: time, about }] });
      const { stderr } = await ocppActors(test.program.environment, what, id);
      expect(stderr).toMatch(
        new RegExp(`not certain: ${about}, as ${action} of \\S+Z was not answered \\(${commandId}\\)`),
      );
    }
    const { doubts } = (await test.get(`/v1/charge-points/${id}/composite-schedule?connectorId=1`)).body;
    expect(doubts).toMatchObject([{ action: 'SetChargingProfile' }]);
    const body = { connectorId: 1, chargingProfile: { ...profile, chargingProfileId: 2, stackLevel: 1 } };
    const set = await test.request('PUT', `/v1/charge-points/${id}/charging-profiles`, { body });
    expect(set).toMatchObject({ status: 202, body: { doubts: [{ about: 'charging profile 1 at connector 1' }] } });
  });

  it('nothing yet of a silent one, 404 of an unknown one', async () => {
    const { id } = await booted('silent');
    expect(await learnt(id, 'configuration')).toEqual({ completeAt: null, items: [], doubts: [] });
    expect(await learnt(id, 'certificates')).toEqual({ listed: [], items: [], doubts: [] });
    const list = { supported: null, version: null, knownSince: null, items: null };
    expect(await learnt(id, 'local-list')).toEqual({ ...list, doubts: [] });
    expect(await learnt(id, 'charging-profiles')).toEqual({ since: null, items: [], doubts: [] });
    expect(await learnt(id, 'reservations')).toEqual({ items: [], doubts: [] });
    const empty = await ocppActors(test.program.environment, 'configuration', id);
    expect(empty).toEqual({
      code: 0,
      stdout: '',
      stderr: `nothing is known of the configuration of ${id}; ask it with GetConfiguration\n`,
    });
    for (const what of ['configuration', 'certificates', 'local-list', 'charging-profiles', 'reservations']) {
      expect((await test.get(`/v1/charge-points/${id}-nobody/${what}`)).status).toBe(404);
    }
  });
});
