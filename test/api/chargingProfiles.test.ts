import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChargingProfiles, type ChargingProfile } from '../../src/simulator/chargingProfiles.ts';
import type { Station } from '../../src/simulator/station.ts';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 20_000 };

let test: ApiTest;
let directory: string;
beforeAll(async () => {
  test = await ApiTest.start({ UNKNOWN_ID_TAGS: 'accept' });
  directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-profiles-'));
}, 120_000);
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await test.dispose();
});

const KEYS = [
  ['SupportedFeatureProfiles', 'Core,SmartCharging'],
  ['ChargeProfileMaxStackLevel', '3'],
  ['ChargingScheduleAllowedChargingRateUnit', 'Current'],
  ['ChargingScheduleMaxPeriods', '2'],
  ['MaxChargingProfilesInstalled', '2'],
].map(([key, value]) => ({ key, value, readonly: true }));

/** Booted, has told its configuration, keeps its profiles; `forgets` those with these ids, which it accepts all the same. */
async function charger(name: string, forgets: number[] = []): Promise<Station> {
  const profiles = new ChargingProfiles(Date.parse);
  const station = test.station(newId(name), {
    onCall: (action, payload) => {
      const { connectorId, csChargingProfiles: profile } = payload as {
        connectorId: number;
        csChargingProfiles: ChargingProfile;
      };
      if (action === 'GetConfiguration') return { configurationKey: KEYS };
      if (action === 'SetChargingProfile' && !forgets.includes(profile.chargingProfileId)) {
        profiles.install(connectorId, profile, Date.now());
      }
      if (action !== 'GetCompositeSchedule') return { status: 'Accepted' };
      const { duration, chargingRateUnit } = payload as { duration: number; chargingRateUnit: 'A' | 'W' };
      // 32 A
      const charging = { connectorId, at: Date.now(), phases: 3, maxPower: 22_080 };
      const chargingSchedule = profiles.composite(charging, duration, chargingRateUnit);
      return { status: 'Accepted', connectorId, scheduleStart: new Date().toISOString(), chargingSchedule };
    },
  });
  const id = station.chargePointId;
  await station.call('BootNotification', boot);
  await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status, WITHIN).toBe(200);
  await test.request('POST', `/v1/charge-points/${id}/commands`, { body: { action: 'GetConfiguration' } });
  const known = async () => (await test.get(`/v1/charge-points/${id}/configuration`)).body.items.length as number;
  await expect.poll(known, WITHIN).toBe(KEYS.length);
  return station;
}

const profile = (chargingProfileId: number, limit: number, rest: object = {}) => ({
  chargingProfileId,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Relative',
  chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
  ...rest,
});

function put(id: string, connectorId: number, chargingProfile: object, rest: object = {}) {
  const body = { connectorId, chargingProfile, ...rest };
  return test.request('PUT', `/v1/charge-points/${id}/charging-profiles`, { body });
}

async function schedules(id: string, query = 'connectorId=1') {
  const { status, body } = await test.get(`/v1/charge-points/${id}/composite-schedule?${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}

/** When the station has told what comes of it. */
async function told(id: string, { commands }: { commands: { commandId: string; action: string }[] }) {
  expect(commands.map(({ action }) => action)).toEqual(['SetChargingProfile', 'GetCompositeSchedule']);
  await expect.poll(async () => (await schedules(id)).reported?.commandId, WITHIN).toBe(commands[1]!.commandId);
  return schedules(id);
}

describe('a charging profile', () => {
  it('is set, stacked, and its composite schedule shown beside the one that the station tells', async () => {
    const { chargePointId: id, received } = await charger('profile');
    const first = await put(id, 1, profile(1, 20));
    expect(first).toMatchObject({ status: 202, body: { replaces: [], covers: [], coveredBy: [] } });
    expect(first.body.stack).toEqual([
      { chargingProfileId: 1, connectorId: 1, stackLevel: 0, validFrom: null, validTo: null, isNew: true },
    ]);
    expect(await told(id, first.body)).toMatchObject({
      expected: {
        duration: 3_600,
        chargingRateUnit: 'A',
        periods: [{ startPeriod: 0, limit: 20 }],
        transactionId: null,
        supply: { voltage: 230, phases: 3 },
      },
      reported: { duration: 3_600, chargingRateUnit: 'A', periods: [{ startPeriod: 0, limit: 20 }] },
      differences: [],
    });
    expect(received.slice(-2)).toEqual([
      { action: 'SetChargingProfile', payload: { connectorId: 1, csChargingProfiles: profile(1, 20) } },
      { action: 'GetCompositeSchedule', payload: { connectorId: 1, duration: 3_600, chargingRateUnit: 'A' } },
    ]);
    // 20 A in W; of the charge point as a whole nothing is known.
    expect(await schedules(id, 'connectorId=1&seconds=60&chargingRateUnit=W&phases=1')).toMatchObject({
      expected: { duration: 60, periods: [{ startPeriod: 0, limit: 4_600 }], supply: { phases: 1 } },
      differences: null,
    });
    expect(await schedules(id, 'connectorId=0')).toMatchObject({
      expected: { periods: [{ startPeriod: 0, limit: null }] },
      reported: null,
      differences: null,
    });

    const over = await put(id, 1, profile(2, 10, { stackLevel: 1 }), { verifySeconds: 900 });
    expect(over.body).toMatchObject({ replaces: [], covers: [1], coveredBy: [] });
    expect(over.body.stack).toMatchObject([{ chargingProfileId: 2 }, { chargingProfileId: 1, isNew: false }]);
    expect(await told(id, over.body)).toMatchObject({
      expected: { periods: [{ limit: 10 }] },
      reported: { duration: 900 },
    });
    // A third one is too many for it, unless it takes the place of another.
    expect(await put(id, 2, profile(3, 6))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'body.chargingProfile', message: expect.stringContaining('takes 2') }] },
    });
    expect((await put(id, 1, profile(3, 6))).body).toMatchObject({
      replaces: [{ chargingProfileId: 1, connectorId: 1, purpose: 'TxDefaultProfile', stackLevel: 0 }],
      coveredBy: [2],
    });
  });

  it('of a transaction needs it, and what the station does not keep of it is told', async () => {
    const station = await charger('forgetful', [5]);
    const id = station.chargePointId;
    const ofTransaction = (transactionId: number) =>
      profile(5, 8, { chargingProfilePurpose: 'TxProfile', transactionId });
    const field = 'body.chargingProfile.transactionId';
    expect(await put(id, 1, ofTransaction(42))).toMatchObject({
      status: 400,
      body: { errors: [{ field, message: expect.stringContaining('none runs at connector 1') }] },
    });
    const timestamp = new Date().toISOString();
    const started = await station.call('StartTransaction', { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp });
    const { transactionId } = (started as { result: { transactionId: number } }).result;
    await expect.poll(async () => (await put(id, 1, ofTransaction(transactionId))).status, WITHIN).toBe(202);
    const set = await put(id, 1, ofTransaction(transactionId));
    const { expected, reported, differences } = await told(id, set.body);
    expect({ expected, reported }).toMatchObject({
      expected: { transactionId, periods: [{ startPeriod: 0, limit: 8 }] },
      reported: { periods: [{ startPeriod: 0, limit: 32 }] },
    });
    expect(differences).toEqual([expect.stringMatching(/Z to \S+Z: 8 A expected, 32 A reported$/)]);
    expect((await put(id, 2, ofTransaction(transactionId))).body.detail).toContain('it runs at connector 1');
  });

  it('is refused with the field that is wrong, and what the station has told', async () => {
    const { chargePointId: id } = await charger('refused');
    const refusal = async (connectorId: number, wanted: object) => {
      const { status, body } = await put(id, connectorId, wanted);
      expect({ status, body }).toMatchObject({ status: 400, body: { title: 'the request does not fit' } });
      return body.errors as { field: string; message: string }[];
    };
    expect(await refusal(1, profile(1, 16, { stackLevel: 4 }))).toEqual([
      { field: 'body.chargingProfile', message: expect.stringMatching(/stackLevel 4: .*ChargeProfileMaxStackLevel/) },
    ]);
    const inWatts = { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 11_000 }] };
    expect(await refusal(1, profile(1, 16, { chargingSchedule: inWatts }))).toMatchObject([
      { message: expect.stringMatching(/ChargingScheduleAllowedChargingRateUnit/) },
    ]);
    const validTo = new Date(Date.now() - 60_000).toISOString();
    expect(await refusal(1, profile(1, 16, { validTo }))).toMatchObject([{ field: 'body.chargingProfile.validTo' }]);
    expect(await refusal(1, profile(1, 16.25))).toMatchObject([
      { field: 'body.chargingProfile.chargingSchedule.chargingSchedulePeriod.0.limit' },
    ]);
    expect(await refusal(1, profile(1, 16, { chargingProfilePurpose: 'ChargePointMaxProfile' }))).toMatchObject([
      { field: 'body', message: expect.stringContaining('is for connector 0') },
    ]);
    expect((await put(`${id}-nobody`, 1, profile(1, 16))).status).toBe(404);
    expect((await test.get(`/v1/charge-points/${id}-nobody/composite-schedule?connectorId=1`)).status).toBe(404);
    expect((await test.get(`/v1/charge-points/${id}/composite-schedule`)).body).toMatchObject({
      status: 400,
      errors: [{ field: 'query.connectorId' }],
    });
  });
});

describe('the command line', () => {
  it('sets a profile from a file, and shows both schedules side by side', async () => {
    const { chargePointId: id } = await charger('cli');
    const run = (...args: string[]) => ocppActors(test.program.environment, ...args);
    const file = path.join(directory, 'profile.json');
    const periods = [{ startPeriod: 0, limit: 16 }];
    // Ends half an hour from now.
    const chargingSchedule = {
      startSchedule: new Date(Date.now() - 1_800_000).toISOString(),
      duration: 3_600,
      chargingRateUnit: 'A',
      chargingSchedulePeriod: periods,
    };
    await writeFile(file, JSON.stringify(profile(1, 16, { chargingProfileKind: 'Absolute', chargingSchedule })));

    const set = await run('set-charging-profile', id, file, '--connector', '1', '--json');
    expect(set).toMatchObject({ code: 0, stderr: '' });
    const { reported } = await told(id, JSON.parse(set.stdout));
    const shown = await run('composite-schedule', id, '--connector', '1', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      expected: { periods: [...periods, { startPeriod: expect.any(Number), limit: null }] },
      reported,
      differences: [],
    });
    const table = await run('composite-schedule', id, '--connector', '1', '--seconds', '600');
    expect(table).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^reported at \S+Z, for 3600 s from \S+Z\n$/),
    });
    expect(table.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^from +until +limit expected +limit reported +differs$/),
      expect.stringMatching(/^\S+Z +\S+Z +16 A +16 A +no$/),
    ]);

    const again = await run('set-charging-profile', id, file, '--connector', '1');
    expect(again.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^level +id +connector +valid from +valid to +new$/),
      expect.stringMatching(/^0 +1 +1 +yes$/),
    ]);
    expect(again.stderr).toMatch(
      /^it replaces TxDefaultProfile 1 of connector 1, stack level 0\nSetChargingProfile is queued: command \S+\nGetCompositeSchedule is queued: command \S+\n$/,
    );
    await writeFile(file, JSON.stringify(profile(1, 16, { stackLevel: 9 })));
    expect(await run('set-charging-profile', id, file, '--connector', '1')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^ocpp-actors: chargingProfile: stackLevel 9: .*up to 3/),
    });
    await writeFile(file, '{');
    expect((await run('set-charging-profile', id, file, '--connector', '1')).stderr).toMatch(
      /profile\.json is no JSON/,
    );
  });
});
