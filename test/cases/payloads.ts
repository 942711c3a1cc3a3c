/** Payloads of commands that may not leave, with words of the rule that they break, and others that may. */
type Payload = Record<string, unknown>;

const later = '2099-12-31T22:00:00Z';
const east = '2026-12-31T22:00:00+02:00';
const idTag = 'x'.repeat(20);
const idTagInfo = { status: 'Accepted', expiryDate: later, parentIdTag: idTag };
const location = 'ftp://127.0.0.1/up';

export const periods = (limits: number[]) => limits.map((limit, i) => ({ startPeriod: i * 60, limit }));

const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: periods([16, 8.1]) };
const scheduled = (chargingSchedulePeriod: object[]) => ({
  chargingSchedule: { ...schedule, chargingSchedulePeriod },
});
const start = { idTag: 'T', connectorId: 1 };
const reservation = { connectorId: 1, expiryDate: later, idTag, reservationId: 7 };
const listed = (listVersion: number, updateType: string, ...localAuthorizationList: object[]) => ({
  listVersion,
  updateType,
  localAuthorizationList,
});

export const txProfile = {
  chargingProfileId: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: schedule,
};
const { chargingProfilePurpose: _, ...unpurposed } = txProfile;

/** A SetChargingProfile of a TxProfile, changed. */
export const profiled = (changes: Payload, connectorId = 1) => ({
  connectorId,
  csChargingProfiles: { ...txProfile, transactionId: 42, ...changes },
});
/** One of another purpose. */
export const purposed = (chargingProfilePurpose: string, connectorId: number, more: Payload = {}) => ({
  connectorId,
  csChargingProfiles: { ...unpurposed, chargingProfilePurpose, ...more },
});

interface Refused {
  action: string;
  payload: Payload;
  words: RegExp;
}

const of = (action: string, ...refusals: [payload: Payload, words: RegExp][]): Refused[] =>
  refusals.map(([payload, words]) => ({ action, payload, words }));

export const refused = {
  73: of('GetConfiguration', [{ key: ['k'.repeat(51)] }, /key\.0: .*50/], [{ key: 'all' }, /key: .*array/]),
  74: of(
    'ChangeConfiguration',
    [{ key: 'k'.repeat(51), value: '1' }, /key: .*50/],
    [{ key: 'HeartbeatInterval', value: '1'.repeat(501) }, /value: .*500/],
    [{ key: 'HeartbeatInterval', value: 60 }, /value: .*string/],
    [{ key: 'HeartbeatInterval' }, /value: /],
    [{ key: '', value: '1' }, /key: empty.*§9/],
  ),
  75: of(
    'ChangeAvailability',
    [{ connectorId: -1, type: 'Operative' }, /connectorId: /],
    [{ connectorId: 1, type: 'Unavailable' }, /type: .*"Inoperative"\|"Operative"/],
  ),
  76: of(
    'RemoteStartTransaction',
    [{ idTag: 'x'.repeat(21) }, /idTag: .*20/],
    [{ idTag: '' }, /idTag: empty.*§7\.28/],
    [{ idTag: 'T', connectorId: 0 }, /connectorId: .*§6\.33/],
    [{ ...start, chargingProfile: { ...txProfile, transactionId: 42 } }, /transactionId.*§5\.16\.2/],
    [{ ...start, chargingProfile: { ...unpurposed, chargingProfilePurpose: 'TxDefaultProfile' } }, /TxProfile.*§5\.16/],
  ),
  77: of(
    'RemoteStopTransaction',
    [{}, /transactionId: /],
    [{ transactionId: '42' }, /transactionId: .*number/],
    [{ transactionId: 2 ** 31 }, /transactionId: /],
  ),
  79: of('UnlockConnector', [{ connectorId: 0 }, /connectorId: .*§6\.53/], [{}, /connectorId: /]),
  80: of(
    'TriggerMessage',
    [{ requestedMessage: 'StartTransaction' }, /requestedMessage: .*"MeterValues"/],
    [{ requestedMessage: 'StopTransaction' }, /requestedMessage: .*"MeterValues"/],
    [{ requestedMessage: 'StatusNotification', connectorId: 0 }, /connectorId: /],
  ),
  81: of(
    'ReserveNow',
    [{ ...reservation, idTag: 'x'.repeat(21) }, /idTag: .*20/],
    [{ ...reservation, idTag: '' }, /idTag: empty.*§7\.28/],
    [{ ...reservation, parentIdTag: '' }, /parentIdTag: empty.*§7\.28/],
    [{ ...reservation, expiryDate: east }, /expiryDate: /],
    [{ ...reservation, connectorId: -1 }, /connectorId: /],
  ),
  82: of(
    'SendLocalList',
    [listed(0, 'Full'), /listVersion: .*§5\.10/],
    [listed(-1, 'Differential'), /listVersion: .*§5\.10/],
    [listed(1, 'Full', { idTag }), /idTagInfo.*§7\.1/],
    [listed(1, 'Full', { idTag: 'x'.repeat(21), idTagInfo }), /localAuthorizationList\.0\.idTag: .*20/],
    [listed(1, 'Full', { idTag: '', idTagInfo }), /localAuthorizationList\.0\.idTag: empty.*§7\.28/],
    [
      listed(1, 'Full', { idTag, idTagInfo: { ...idTagInfo, parentIdTag: '' } }),
      /localAuthorizationList\.0\.idTagInfo\.parentIdTag: empty/,
    ],
    [listed(1, 'Differential', { idTag: 'a' }, { idTag: 'A' }), /localAuthorizationList\.1\.idTag: .*twice.*§7\.28/],
    [listed(1, 'Partial'), /updateType: .*"Differential"\|"Full"/],
  ),
  83: of(
    'SetChargingProfile',
    [profiled(scheduled([])), /chargingSchedulePeriod: /],
    [profiled(scheduled([{ startPeriod: 60, limit: 16 }])), /chargingSchedulePeriod: .*start at 0.*§5\.16\.4/],
    [profiled(scheduled([...periods([16, 8]), { startPeriod: 60, limit: 6 }])), /chargingSchedulePeriod: .*§7\.14/],
    [profiled(scheduled(periods([8.15]))), /limit: .*0\.1.*§7\.14/],
    [profiled(scheduled(periods([-1]))), /limit: /],
    [profiled(scheduled(periods([1e9 + 1]))), /limit: at most 1000000000.*§7\.14/],
    [profiled({ transactionId: undefined }), /transactionId.*§5\.16/],
    [profiled({}, 0), /connector.*§3\.13\.1/],
    [purposed('ChargePointMaxProfile', 1), /connector 0.*§3\.13\.1/],
    [purposed('TxDefaultProfile', 1, { transactionId: 42 }), /transactionId.*§7\.8/],
    [profiled({ recurrencyKind: 'Daily' }), /recurrencyKind.*§7\.8/],
    [purposed('TxDefaultProfile', 0, { chargingProfileKind: 'Recurring' }), /recurrencyKind.*§7\.8/],
    [profiled({ validFrom: east }), /validFrom: /],
  ),
  85: [
    ...of('GetDiagnostics', [{ location, startTime: east }, /startTime: /], [{ location: 'here' }, /location: /]),
    ...of('UpdateFirmware', [{ location, retrieveDate: east }, /retrieveDate: /], [{ location }, /retrieveDate: /]),
  ],
  89: of('DataTransfer', [{ vendorId: 'v'.repeat(256) }, /vendorId: .*255/], [{ messageId: 'M' }, /vendorId: /]),
} satisfies Record<number, Refused[]>;

const every = [...Array(399).keys()].map((tenths) => (tenths + 1) / 10);

/** They leave exactly so. */
export const sound = {
  73: [
    ['GetConfiguration', {}],
    ['GetConfiguration', { key: ['k'.repeat(50)] }],
  ],
  74: [
    ['ChangeConfiguration', { key: 'k'.repeat(50), value: 'v'.repeat(500) }],
    ['ChangeConfiguration', { key: 'MeterValuesSampledData', value: '' }],
  ],
  75: [['ChangeAvailability', { connectorId: 0, type: 'Inoperative' }]],
  76: [
    ['RemoteStartTransaction', { idTag }],
    ['RemoteStartTransaction', { ...start, chargingProfile: txProfile }],
  ],
  77: [
    ['RemoteStopTransaction', { transactionId: 2 ** 31 - 1 }],
    ['RemoteStopTransaction', { transactionId: -1 }],
  ],
  81: [
    ['ReserveNow', reservation],
    ['ReserveNow', reservation],
    ['ReserveNow', { ...reservation, connectorId: 0, parentIdTag: idTag }],
  ],
  82: [
    ['SendLocalList', listed(1, 'Full', { idTag, idTagInfo })],
    ['SendLocalList', { listVersion: 2, updateType: 'Full' }],
    ['SendLocalList', listed(2 ** 31 - 1, 'Differential', { idTag }, { idTag: 'NEW', idTagInfo })],
  ],
  83: [
    ['SetChargingProfile', profiled(scheduled(periods([0.3, 18.4, 21.4, 0])))],
    ['SetChargingProfile', profiled(scheduled(periods(every)))],
    ['SetChargingProfile', profiled({ chargingSchedule: { ...schedule, minChargingRate: 6.1, startSchedule: later } })],
    ['SetChargingProfile', purposed('ChargePointMaxProfile', 0)],
    ['SetChargingProfile', purposed('TxDefaultProfile', 0, { chargingProfileKind: 'Relative' })],
    [
      'SetChargingProfile',
      purposed('TxDefaultProfile', 2, { chargingProfileKind: 'Recurring', recurrencyKind: 'Weekly' }),
    ],
  ],
  84: [
    ['ClearChargingProfile', {}],
    ['ClearChargingProfile', { connectorId: 0, chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0 }],
    ['GetCompositeSchedule', { connectorId: 0, duration: 86_400, chargingRateUnit: 'A' }],
  ],
  85: [
    ['GetDiagnostics', { location, startTime: later, stopTime: '2027-01-01T00:00:00.000Z' }],
    ['UpdateFirmware', { location: 'https://127.0.0.1/f', retrieveDate: later, retries: 0 }],
  ],
} satisfies Record<number, [action: string, payload: Payload][]>;
