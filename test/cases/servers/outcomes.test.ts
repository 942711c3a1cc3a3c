/** How commands end, by what stations answer and do: asked for by an operator of the whole program. */
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { Station } from '../../../src/simulator/station.ts';
import { ApiTest, boot, newId } from '../../api/support.ts';
import { profiled, purposed, refused, txProfile } from '../payloads.ts';
import { rule } from '../rule.ts';

type Answer = Record<string, unknown>;
/** Of the n-th CALL, from 0; undefined: none. */
type Answering = (call: number, messageId: string) => Answer | undefined;

const TAG = `T${Date.now().toString(36)}`.toUpperCase();
const SOON = { timeout: 20_000, interval: 50 };

let test: ApiTest;
let id: string;
let station: Station;
/** Is asked first and looked at last: its time is up after 30 s. */
let mute: { station: Station; calls: string[]; first: string; second: string };
beforeAll(async () => {
  test = await ApiTest.start();
  await test.request('PUT', `/v1/id-tags/${TAG}`, { body: {} });
  const calls: string[] = [];
  await boots('mute', (call, messageId) => {
    calls.push(messageId);
    return call === 0 ? undefined : { status: 'Accepted' };
  });
  mute = { station, calls, first: await ask('GetLocalListVersion', {}), second: await ask('ClearCache', {}) };
}, 120_000);
afterAll(() => test.dispose());

/** A station that nobody has heard of yet: its boot is accepted, commands go to it. */
async function boots(name: string, answering: Answering = () => ({ status: 'Accepted' })): Promise<void> {
  id = newId(name);
  let calls = 0;
  station = test.station(id, { onCall: (_action, _payload, messageId) => answering(calls++, messageId) });
  await station.call('BootNotification', boot);
  await becomes(`/v1/charge-points/${id}`, { online: true });
}
/** One that answers its CALLs by these, one after the other. */
const answers = (name: string, ...all: Answer[]) => boots(name, (call) => all[call]);
/** One that has told these keys, read-only, and accepts whatever it is asked. */
async function tells(name: string, values: Record<string, string>): Promise<void> {
  const configurationKey = Object.entries(values).map(([key, value]) => ({ key, readonly: true, value }));
  await boots(name, (call) => (call === 0 ? { configurationKey } : { status: 'Accepted' }));
  await becomes(await ask('GetConfiguration', {}), over('completed'));
}
/** It is kept as a command that names the rule, and not sent. */
async function isRefused(action: string, payload: object, words: string): Promise<void> {
  const received = station.received.length;
  await becomes(await ask(action, payload), over('refused', { sentAt: null, reason: expect.stringContaining(words) }));
  expect(station.received).toHaveLength(received);
}
const says = (action: string, payload: object) => station.call(action, payload);
const status = (connectorId: number, value: string) =>
  says('StatusNotification', { connectorId, status: value, errorCode: 'NoError' });

async function ask(action: string, payload: object): Promise<string> {
  const { status: code, headers } = await test.request('POST', `/v1/charge-points/${id}/commands`, {
    body: { action, payload },
  });
  expect(code).toBe(202);
  return headers.get('location')!;
}
const show = async (path: string) => (await test.get(path)).body as Record<string, unknown>;
/** Also before the first test. */
const becomes = (path: string, expected: object) =>
  vi.waitFor(async () => expect(await show(path)).toMatchObject(expected), SOON);
const over = (state: string, more: object = {}) => ({ state, endedAt: expect.any(String), ...more });
const open = (state: string, more: object = {}) => ({ state, endedAt: null, ...more });
const transaction = (transactionId: number) => `/v1/charge-points/${id}/transactions/${transactionId}`;

async function starts(more: object = {}): Promise<number> {
  const payload = { connectorId: 1, idTag: TAG, meterStart: 0, timestamp: new Date().toISOString(), ...more };
  return ((await says('StartTransaction', payload)) as { result: { transactionId: number } }).result.transactionId;
}
const stops = (transactionId: number, reason: string) =>
  says('StopTransaction', { transactionId, meterStop: 100, timestamp: new Date().toISOString(), reason });

/** The same command again and again: each answer is shown as it came, and ends it in its state. */
async function end(action: string, payload: object, expected: [answer: Answer, state: string][]): Promise<void> {
  await answers(action.toLowerCase(), ...expected.map(([answer]) => answer));
  for (const [answer, state] of expected) {
    const path = await ask(action, payload);
    await becomes(path, over(state));
    expect((await show(path)).answer).toEqual(answer);
  }
  expect(station.received).toEqual(expected.map(() => ({ action, payload })));
}

describe('what an operator asks for and no station may get', () => {
  async function notQueued(number: keyof typeof refused): Promise<void> {
    await boots('refuses');
    for (const { action, payload, words } of refused[number]) {
      const body = { action, payload };
      const answer = await test.request('POST', `/v1/charge-points/${id}/commands`, { body });
      expect([payload, answer.status, JSON.stringify(answer.body)]).toEqual([
        payload,
        400,
        expect.stringMatching(new RegExp(words.source.replaceAll('"', '\\\\"'))),
      ]);
    }
    expect((await show(`/v1/charge-points/${id}/commands`)).items).toEqual([]);
    expect(station.received).toEqual([]);
  }

  rule(73, 'is refused by its rule, and not queued', () => notQueued(73));
  rule(74, 'is refused by its rule, and not queued', () => notQueued(74));
  rule(76, 'is refused by its rule, and not queued', () => notQueued(76));
  rule(79, 'is refused by its rule, and not queued', () => notQueued(79));
  rule(80, 'is refused by its rule, and not queued', () => notQueued(80));
  rule(81, 'is refused by its rule, and not queued', () => notQueued(81));
  rule(82, 'is refused by its rule, and not queued', () => notQueued(82));
  rule(83, 'is refused by its rule, and not queued', () => notQueued(83));
  rule(85, 'is refused by its rule, and not queued', () => notQueued(85));
});

describe('configuration', () => {
  rule(73, 'all of it, unknown keys, keys without value', () =>
    end('GetConfiguration', {}, [
      [
        {
          configurationKey: [
            { key: 'HeartbeatInterval', readonly: false, value: '300' },
            { key: 'AuthorizationKey', readonly: false },
          ],
          unknownKey: ['Odd'],
        },
        'completed',
      ],
      [{}, 'completed'],
    ]),
  );

  rule(73, 'more keys than the station takes and has not told: in one CALL, and its word is shown', async () => {
    const key = [...Array(60).keys()].map((number) => `Key${number}`);
    await boots('max-keys', (_, messageId) => {
      station.send(JSON.stringify([4, messageId, 'OccurenceConstraintViolation', 'at most 50 keys', {}]));
      return undefined;
    });
    const path = await ask('GetConfiguration', { key });
    await becomes(path, over('failed', { reason: 'OccurenceConstraintViolation: at most 50 keys' }));
    expect(station.received).toEqual([{ action: 'GetConfiguration', payload: { key } }]);
  });

  rule(73, 'more keys than the station has told that it takes: in several', async () => {
    await tells('told-max-keys', { GetConfigurationMaxKeys: '2' });
    const further = `${await ask('GetConfiguration', { key: ['A', 'B', 'C'] })}-2`;
    await becomes(further, over('completed'));
    expect(station.received.slice(1).map(({ payload }) => payload)).toEqual([{ key: ['A', 'B'] }, { key: ['C'] }]);
  });

  rule(74, 'a list that is too long for the station, and a key that it does not let be changed', async () => {
    await tells('lists', { MeterValuesSampledDataMaxLength: '2', NumberOfConnectors: '1' });
    const sampled = (value: string) => ({ key: 'MeterValuesSampledData', value });
    await isRefused('ChangeConfiguration', sampled('SoC,Voltage,Power.Active.Import'), '§9.1');
    await isRefused('ChangeConfiguration', { key: 'NumberOfConnectors', value: '2' }, 'readonly');
    await becomes(await ask('ChangeConfiguration', sampled('SoC,Voltage')), over('completed'));
  });

  rule(74, 'RebootRequired is completed and shown, the others are what they say', () =>
    end('ChangeConfiguration', { key: 'MeterValuesSampledData', value: 'Power.Active.Import,SoC' }, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'RebootRequired' }, 'completed'],
      [{ status: 'NotSupported' }, 'rejected'],
      [{ status: 'Rejected' }, 'rejected'],
    ]),
  );

  rule(74, 'RebootRequired: not sent again after the boot', async () => {
    await answers('reboot', { status: 'RebootRequired' }, { status: 'Accepted' });
    await becomes(await ask('ChangeConfiguration', { key: 'A', value: '1' }), over('completed'));
    station.cut();
    await says('BootNotification', boot);
    await becomes(await ask('ClearCache', {}), over('completed'));
    expect(station.received.map(({ action }) => action)).toEqual(['ChangeConfiguration', 'ClearCache']);
  });

  rule(86, 'Rejected is shown', () =>
    end('ClearCache', {}, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'Rejected' }, 'rejected'],
    ]),
  );
});

describe('availability', () => {
  rule(75, 'Scheduled: answered, until the status of that connector says so', async () => {
    await answers('scheduled', { status: 'Scheduled' });
    const path = await ask('ChangeAvailability', { connectorId: 1, type: 'Inoperative' });
    await becomes(path, open('answered', { answer: { status: 'Scheduled' } }));
    await status(2, 'Unavailable');
    await status(1, 'Finishing');
    expect(await show(path)).toMatchObject(open('answered'));
    await status(1, 'Unavailable');
    await becomes(path, over('completed', { outcome: expect.stringMatching(/^StatusNotification Unavailable at /) }));
  });

  rule(75, 'connector 0: the status of any of them', async () => {
    await boots('all-connectors');
    const path = await ask('ChangeAvailability', { connectorId: 0, type: 'Operative' });
    await becomes(path, open('answered'));
    await status(2, 'Available');
    await becomes(path, over('completed'));
  });

  rule(75, 'Rejected', () =>
    end('ChangeAvailability', { connectorId: 1, type: 'Operative' }, [[{ status: 'Rejected' }, 'rejected']]),
  );
});

describe('transactions', () => {
  rule(76, 'Accepted is not started: the StartTransaction is', async () => {
    await boots('remote-start');
    const path = await ask('RemoteStartTransaction', { idTag: TAG, connectorId: 2 });
    await becomes(path, open('answered', { answer: { status: 'Accepted' } }));
    expect((await show(`/v1/charge-points/${id}/transactions`)).items).toEqual([]);
    await starts({ connectorId: 1 });
    await starts({ connectorId: 2, idTag: 'OTHER' });
    expect(await show(path)).toMatchObject(open('answered'));
    await starts({ connectorId: 2, idTag: TAG.toLowerCase() });
    await becomes(path, over('completed', { outcome: expect.stringMatching(/^StartTransaction at /) }));
  });

  rule(76, 'its StartTransaction is waited for as long as the station waits for a plug', async () => {
    await tells('connection-time-out', { ConnectionTimeOut: '120' });
    const path = await ask('RemoteStartTransaction', { idTag: TAG, connectorId: 1 });
    await becomes(path, open('answered', { options: { effectWithinMs: 180_000 } }));
    await starts();
    await becomes(path, over('completed'));
  });

  rule(76, 'Rejected, as a station may where the connectorId is missing', () =>
    end('RemoteStartTransaction', { idTag: TAG }, [[{ status: 'Rejected' }, 'rejected']]),
  );

  rule(77, 'Rejected leaves it open, its StopTransaction completes it', async () => {
    await answers('remote-stop', { status: 'Rejected' }, { status: 'Accepted' });
    const transactionId = await starts();
    const rejected = await ask('RemoteStopTransaction', { transactionId });
    await becomes(rejected, over('rejected', { answer: { status: 'Rejected' } }));
    await becomes(transaction(transactionId), { transactionId, end: null });
    const accepted = await ask('RemoteStopTransaction', { transactionId });
    await becomes(accepted, open('answered'));
    expect(await show(transaction(transactionId))).toMatchObject({ end: null });
    await stops(transactionId, 'Remote');
    await becomes(accepted, over('completed'));
    await becomes(transaction(transactionId), { end: 'station', stopReason: 'Remote' });
    expect(await show(rejected)).toMatchObject({ state: 'rejected' });
    expect(station.received.map(({ payload }) => payload)).toEqual([{ transactionId }, { transactionId }]);
  });

  rule(78, 'Soft: stopped before the boot', async () => {
    await boots('soft');
    const transactionId = await starts();
    const path = await ask('Reset', { type: 'Soft' });
    await becomes(path, open('answered'));
    await stops(transactionId, 'SoftReset');
    station.cut();
    await says('BootNotification', boot);
    await becomes(path, over('completed', { outcome: expect.stringMatching(/^BootNotification at /) }));
    await becomes(transaction(transactionId), { end: 'station', stopReason: 'SoftReset' });
  });

  rule(78, 'Hard: the socket dropped without an answer, stopped after the boot', async () => {
    await boots('hard', () => {
      station.cut();
      return undefined;
    });
    const transactionId = await starts();
    const path = await ask('Reset', { type: 'Hard' });
    await becomes(path, open('connectionLost', { answer: null }));
    await says('BootNotification', boot);
    await stops(transactionId, 'HardReset');
    await becomes(path, over('completed', { answer: null }));
    await becomes(transaction(transactionId), { end: 'station', stopReason: 'HardReset' });
    expect(station.received).toEqual([{ action: 'Reset', payload: { type: 'Hard' } }]);
  });

  rule(78, 'offline: it waits for the station, and is no failure', async () => {
    await boots('offline');
    station.cut();
    await becomes(`/v1/charge-points/${id}`, { online: false });
    const path = await ask('Reset', { type: 'Soft' });
    await becomes(path, open('queued', { sentAt: null }));
    await says('BootNotification', boot);
    await becomes(path, open('answered'));
    await says('BootNotification', boot);
    await becomes(path, over('completed'));
  });

  rule(79, 'UnlockFailed and NotSupported are shown', () =>
    end('UnlockConnector', { connectorId: 1 }, [
      [{ status: 'Unlocked' }, 'completed'],
      [{ status: 'UnlockFailed' }, 'rejected'],
      [{ status: 'NotSupported' }, 'rejected'],
    ]),
  );
});

describe('triggers', () => {
  rule(80, 'NotImplemented and Rejected are shown', () =>
    end('TriggerMessage', { requestedMessage: 'MeterValues' }, [
      [{ status: 'NotImplemented' }, 'rejected'],
      [{ status: 'Rejected' }, 'rejected'],
    ]),
  );

  rule(80, 'Accepted: done when the message of that connector comes', async () => {
    await boots('triggered');
    const path = await ask('TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 });
    await becomes(path, open('answered'));
    await status(2, 'Available');
    expect(await show(path)).toMatchObject(open('answered'));
    await status(1, 'Preparing');
    await becomes(path, over('completed', { outcome: expect.stringMatching(/^StatusNotification Preparing at /) }));
  });
});

describe('a triggered Heartbeat', () => {
  rule(80, 'is told at once, and ends its command', async () => {
    await boots('heartbeat');
    const path = await ask('TriggerMessage', { requestedMessage: 'Heartbeat' });
    await becomes(path, open('answered'));
    await says('Heartbeat', {});
    await becomes(path, over('completed', { outcome: expect.stringMatching(/^Heartbeat at /) }));
  });
});

describe('reservations and local lists', () => {
  const reservation = { connectorId: 0, expiryDate: '2099-01-01T00:00:00Z', idTag: TAG, reservationId: 7 };

  rule(81, 'each of its five statuses; the same id goes out again', () =>
    end('ReserveNow', reservation, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'Faulted' }, 'rejected'],
      [{ status: 'Occupied' }, 'rejected'],
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'Unavailable' }, 'rejected'],
    ]),
  );

  rule(81, 'none for connector 0 where the station has told so', async () => {
    await tells('no-connector-0', { ReserveConnectorZeroSupported: 'false' });
    await isRefused('ReserveNow', reservation, '§9.3');
    await becomes(await ask('ReserveNow', { ...reservation, connectorId: 1 }), over('completed'));
  });

  rule(81, 'a cancellation of one that is not known', () =>
    end('CancelReservation', { reservationId: 7 }, [
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'Accepted' }, 'completed'],
    ]),
  );

  rule(82, 'Failed, VersionMismatch and NotSupported are shown', () => {
    const update = { listVersion: 3, updateType: 'Differential', localAuthorizationList: [{ idTag: TAG }] };
    return end('SendLocalList', update, [
      [{ status: 'Failed' }, 'rejected'],
      [{ status: 'VersionMismatch' }, 'rejected'],
      [{ status: 'NotSupported' }, 'rejected'],
      [{ status: 'Accepted' }, 'completed'],
    ]);
  });

  rule(
    82,
    'a list is sent by what has changed, in full where that is refused, in as many CALLs as it needs',
    async () => {
      const sent: unknown[][] = [];
      id = newId('list');
      station = test.station(id, {
        onCall: (action, payload) => {
          const { updateType, listVersion, localAuthorizationList } = payload;
          if (action === 'GetConfiguration') {
            return { configurationKey: [{ key: 'SendLocalListMaxLength', readonly: true, value: '2' }] };
          }
          if (action === 'GetLocalListVersion') return { listVersion: sent.at(-1)?.[1] };
          sent.push([updateType, listVersion, (localAuthorizationList as []).length]);
          return { status: sent.length === 3 ? 'Failed' : 'Accepted' };
        },
      });
      await says('BootNotification', boot);
      await becomes(`/v1/charge-points/${id}`, { online: true });
      await becomes(await ask('GetConfiguration', {}), over('completed'));
      const list = `/v1/charge-points/${id}/local-list`;
      const wanted = (...idTags: string[]) => ({ body: { items: idTags.map((idTag) => ({ idTag })) } });
      await test.request('PUT', list, wanted('A', 'B', 'C'));
      await becomes(list, { version: { value: 2 }, items: [{ idTag: 'A' }, { idTag: 'B' }, { idTag: 'C' }] });
      await test.request('PUT', list, wanted('A', 'B', 'D'));
      await becomes(list, { version: { value: 4 }, items: [{ idTag: 'A' }, { idTag: 'B' }, { idTag: 'D' }] });
      expect(sent).toEqual([
        ['Full', 1, 2],
        ['Differential', 2, 1],
        ['Differential', 3, 2],
        ['Full', 3, 2],
        ['Differential', 4, 1],
      ]);
    },
  );

  rule(82, 'more entries than the station has told that it takes', async () => {
    await tells('list-length', { SendLocalListMaxLength: '1' });
    const entries = (...idTags: string[]) => ({
      listVersion: 1,
      updateType: 'Differential',
      localAuthorizationList: idTags.map((idTag) => ({ idTag })),
    });
    await isRefused('SendLocalList', entries('A', 'B'), '§9.2');
    await becomes(await ask('SendLocalList', entries('A')), over('completed'));
  });

  rule(82, 'a version of 0, and of -1', () =>
    end('GetLocalListVersion', {}, [
      [{ listVersion: 0 }, 'completed'],
      [{ listVersion: -1 }, 'completed'],
    ]),
  );
});

describe('smart charging', () => {
  rule(83, 'Rejected and NotSupported are shown', () =>
    end('SetChargingProfile', purposed('TxDefaultProfile', 1), [
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'NotSupported' }, 'rejected'],
      [{ status: 'Accepted' }, 'completed'],
    ]),
  );

  rule(83, 'a station without smart charging answers a CALLERROR', async () => {
    await boots('no-smart-charging', (_, messageId) => {
      station.send(JSON.stringify([4, messageId, 'NotSupported', 'no smart charging', {}]));
      return undefined;
    });
    await becomes(
      await ask('SetChargingProfile', purposed('TxDefaultProfile', 1)),
      over('failed', { reason: 'NotSupported: no smart charging' }),
    );
  });

  rule(83, 'a TxProfile of a transaction that does not run at that connector', async () => {
    await boots('tx-profile');
    const transactionId = await starts();
    await becomes(transaction(transactionId), { end: null });
    await becomes(await ask('SetChargingProfile', profiled({ transactionId })), over('completed'));
    const not = (unknown: number, connectorId: number, running: string) =>
      isRefused(
        'SetChargingProfile',
        profiled({ transactionId: unknown }, connectorId),
        `transaction ${unknown} is not running at connector ${connectorId}, ${running} (OCPP 1.6 §5.16.3)`,
      );
    await not(transactionId, 2, 'none is');
    await not(transactionId + 1, 1, `transaction ${transactionId} is`);
    await stops(transactionId, 'Local');
    await becomes(transaction(transactionId), { end: 'station' });
    await not(transactionId, 1, 'none is');
  });

  rule(83, 'a profile beyond what the station has told that it takes', async () => {
    await tells('profile-limits', {
      ChargeProfileMaxStackLevel: '1',
      ChargingScheduleMaxPeriods: '1',
      ChargingScheduleAllowedChargingRateUnit: 'Power',
    });
    const { chargingSchedule } = txProfile;
    const [period] = chargingSchedule.chargingSchedulePeriod;
    const fitting = { chargingRateUnit: 'W', chargingSchedulePeriod: [period] };
    const byDefault = (more: object) => purposed('TxDefaultProfile', 1, { chargingSchedule: fitting, ...more });
    await isRefused('SetChargingProfile', byDefault({ stackLevel: 2 }), 'stackLevel 2');
    await isRefused('SetChargingProfile', byDefault({ chargingSchedule }), 'periods');
    const started = { idTag: TAG, chargingProfile: { ...txProfile, chargingSchedule } };
    await isRefused('RemoteStartTransaction', started, 'chargingRateUnit A');
    await becomes(await ask('SetChargingProfile', byDefault({ stackLevel: 1 })), over('completed'));
  });

  rule(84, 'Unknown: there was none to clear', () =>
    end('ClearChargingProfile', {}, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'Unknown' }, 'completed'],
    ]),
  );

  rule(84, 'a schedule is shown; Rejected has none', () => {
    const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8.1 }] };
    const scheduleStart = '2026-12-31T22:00:00Z';
    return end('GetCompositeSchedule', { connectorId: 1, duration: 600 }, [
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'Accepted', connectorId: 1, scheduleStart, chargingSchedule }, 'completed'],
    ]);
  });
});

describe('files', () => {
  const location = 'ftp://127.0.0.1/up';

  rule(85, 'diagnostics: the file name is shown, the status ends it', async () => {
    await answers('diagnostics', { fileName: 'd.zip' });
    const path = await ask('GetDiagnostics', { location });
    await becomes(path, open('answered', { answer: { fileName: 'd.zip' } }));
    await says('DiagnosticsStatusNotification', { status: 'Uploading' });
    expect(await show(path)).toMatchObject(open('answered'));
    await says('DiagnosticsStatusNotification', { status: 'Uploaded' });
    await becomes(path, over('completed'));
  });

  rule(85, 'no diagnostics: an answer without a file name ends it', async () => {
    await answers('no-diagnostics', {});
    const path = await ask('GetDiagnostics', { location });
    await becomes(path, over('completed', { answer: {}, outcome: 'there is nothing to upload' }));
  });

  rule(85, 'firmware: installed, or failed', async () => {
    for (const [last, state] of [
      ['Installed', 'completed'],
      ['DownloadFailed', 'failed'],
    ] as const) {
      await answers('firmware', {});
      const path = await ask('UpdateFirmware', { location, retrieveDate: '2026-01-01T00:00:00Z' });
      await becomes(path, open('answered', { answer: {} }));
      await says('FirmwareStatusNotification', { status: 'Downloading' });
      expect(await show(path)).toMatchObject(open('answered'));
      await says('FirmwareStatusNotification', { status: last });
      await becomes(path, over(state, { outcome: expect.stringContaining(last) }));
    }
  });
});

describe('errors', () => {
  rule(87, 'a CALLERROR of any code, with anything for details', async () => {
    const errors: [rest: unknown[], reason: string][] = [
      [['InternalError', 'the relay is stuck', {}], 'InternalError: the relay is stuck'],
      [['FormatViolation', 'bad', null], 'FormationViolation: bad'],
      [['SecurityError', '', { a: [1] }], 'SecurityError: '],
      [['VendorsOwn', 'E7', 'text'], 'VendorsOwn: E7'],
      [['NotSupported', null], 'NotSupported: '],
      [[], 'GenericError: '],
    ];
    await boots('errors', (call, messageId) => {
      station.send(JSON.stringify([4, messageId, ...errors[call]![0]]));
      return undefined;
    });
    for (const [, reason] of errors)
      await becomes(await ask('ClearCache', {}), over('failed', { reason, answer: null }));
    expect(station.connects).toBe(1);
    expect(await says('Heartbeat', {})).toHaveProperty('result');
  });

  rule(87, 'an answer that is none', async () => {
    const malformed = [[{}], [{ status: 'Maybe' }], [{ status: null }], [null], ['Accepted'], [[]], []];
    await boots('malformed', (call, messageId) => {
      const rest = malformed[call] ?? [{ status: 'Accepted' }];
      station.send(JSON.stringify([3, messageId, ...rest]));
      return undefined;
    });
    const paths: string[] = [];
    for (const _ of malformed) paths.push(await ask('ClearCache', {}));
    const last = await ask('ClearCache', {});
    const reason = expect.stringMatching(/^FormationViolation: /);
    for (const path of paths) await becomes(path, over('failed', { reason, answer: null }));
    await becomes(last, over('completed'));
    expect(station.connects).toBe(1);
  });
});

describe('data and security', () => {
  rule(89, async () => {
    const data = { vendorId: 'V', messageId: 'M', data: '{"a":1}' };
    await end('DataTransfer', data, [
      [{ status: 'Accepted', data: 'x' }, 'completed'],
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'UnknownMessageId' }, 'rejected'],
      [{ status: 'UnknownVendorId' }, 'rejected'],
    ]);
  });

  rule(90, 'a certificate is asked for, requested by the station, and handed over', async () => {
    await boots('certificate');
    const trigger = await ask('ExtendedTriggerMessage', { requestedMessage: 'SignChargePointCertificate' });
    await becomes(trigger, open('answered'));
    await says('SignCertificate', { csr: 'CSR' });
    await becomes(trigger, over('completed', { outcome: expect.stringMatching(/^SignCertificate at /) }));
    await becomes(await ask('CertificateSigned', { certificateChain: 'PEM' }), over('completed'));
    expect(station.received.at(-1)).toEqual({ action: 'CertificateSigned', payload: { certificateChain: 'PEM' } });
  });

  rule(90, 'certificates that are refused, not there, or cannot be removed', async () => {
    const certificateType = 'CentralSystemRootCertificate';
    const certificateHashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'a', issuerKeyHash: 'b', serialNumber: '1' };
    await end('CertificateSigned', { certificateChain: 'PEM' }, [[{ status: 'Rejected' }, 'rejected']]);
    await end('InstallCertificate', { certificateType, certificate: 'PEM' }, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'Rejected' }, 'rejected'],
      [{ status: 'Failed' }, 'rejected'],
    ]);
    await end('DeleteCertificate', { certificateHashData }, [
      [{ status: 'Accepted' }, 'completed'],
      [{ status: 'NotFound' }, 'rejected'],
      [{ status: 'Failed' }, 'rejected'],
    ]);
    // It has none, which is what was asked.
    await end('GetInstalledCertificateIds', { certificateType }, [
      [{ status: 'NotFound' }, 'completed'],
      [{ status: 'Accepted', certificateHashData: [certificateHashData] }, 'completed'],
    ]);
  });

  rule(90, 'a log and a signed firmware: the status ends them', async () => {
    await boots('signed');
    const log = await ask('GetLog', {
      logType: 'SecurityLog',
      requestId: 5,
      log: { remoteLocation: 'ftp://127.0.0.1/up' },
    });
    const firmware = await ask('SignedUpdateFirmware', {
      requestId: 6,
      firmware: {
        location: 'https://127.0.0.1/f',
        retrieveDateTime: '2026-01-01T00:00:00Z',
        signingCertificate: 'PEM',
        signature: 'x',
      },
    });
    for (const path of [log, firmware]) await becomes(path, open('answered'));
    await says('LogStatusNotification', { status: 'Uploaded', requestId: 5 });
    await says('SignedFirmwareStatusNotification', { status: 'InvalidSignature', requestId: 6 });
    await becomes(log, over('completed'));
    await becomes(firmware, over('failed', { outcome: expect.stringContaining('InvalidSignature') }));
  });

  rule(
    90,
    'a station that knows none of it: its NotImplemented is shown, the plain command is the operator’s',
    async () => {
      await boots('plain', (call, messageId) => {
        if (call > 0) return { status: 'Accepted' };
        station.send(JSON.stringify([4, messageId, 'NotImplemented', '', {}]));
        return undefined;
      });
      const requested = { requestedMessage: 'StatusNotification', connectorId: 1 };
      const extended = await ask('ExtendedTriggerMessage', requested);
      await becomes(extended, over('failed', { reason: 'NotImplemented: ' }));
      const plain = await ask('TriggerMessage', requested);
      await becomes(plain, open('answered'));
      await status(1, 'Available');
      await becomes(plain, over('completed'));
    },
  );
});

describe('a station that does not answer', () => {
  rule(88, 'its command times out, the next one goes out, and the late answer is dropped', async () => {
    await expect.poll(() => show(mute.first), { timeout: 90_000, interval: 200 }).toMatchObject({ state: 'timedOut' });
    await becomes(mute.second, over('completed'));
    mute.station.send(JSON.stringify([3, mute.calls[0], { listVersion: 7 }]));
    id = mute.station.chargePointId;
    await becomes(await ask('ClearCache', {}), over('completed'));
    expect(await show(mute.first)).toMatchObject(over('timedOut', { answer: null }));
    expect(mute.station.connects).toBe(1);
    expect(mute.station.received.map(({ action }) => action)).toEqual([
      'GetLocalListVersion',
      'ClearCache',
      'ClearCache',
    ]);
  });
});
