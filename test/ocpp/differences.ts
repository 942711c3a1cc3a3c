/**
 * Where the exact schemas of the commands refuse what the specification's JSON schemas take, and what demands it: the
 * JSON schemas know neither the rules in the specification's text nor its errata ("E", sheet v4.0).
 */
import type { Part } from './oracle.ts';
import { samples } from './commandSamples.ts';

type Payload = Record<string, unknown>;

interface Difference {
  what: string;
  why: string;
  /** The commands it is about; all, where absent. */
  actions?: readonly string[];
  isIn: (parts: Part[], payload: Payload) => boolean;
  /** Refused for this difference alone. */
  example: { action: string; payload: Payload };
}

const PROFILES = ['RemoteStartTransaction', 'SetChargingProfile'] as const;

export const differences: readonly Difference[] = [
  {
    what: 'text with \\u0000 or half a surrogate pair',
    why: 'commands are kept in PostgreSQL, whose text has neither (SQLSTATE 22P05)',
    isIn: some(({ value }) => typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())),
    example: changed('ChangeConfiguration', { value: 'a\0' }),
  },
  {
    what: 'a time that is not UTC with Z',
    why: 'OCPP 1.6 §3.15 recommends UTC, marked Z: every station reads that, not every one an offset',
    isIn: some(({ value, schema }) => schema.format === 'date-time' && !/T.*Z$/.test(String(value))),
    example: changed('ReserveNow', { expiryDate: '2099-12-31T22:00:00+02:00' }),
  },
  {
    what: 'an integer beyond 32 bits',
    why: "xs:int in the WSDL of OCPP-S 1.6, and what a station's integer holds",
    isIn: some(({ value, schema }) => schema.type === 'integer' && value !== (Number(value) | 0)),
    example: changed('CancelReservation', { reservationId: 2 ** 31 }),
  },
  {
    what: 'a negative number of tries, seconds, A, W or levels',
    why: 'OCPP 1.6 §7.8 (stackLevel >= 0), §7.13, §7.14, §6.21, §6.25, §6.55: counts, lengths and upper limits',
    isIn: some(
      ({ name, value }) =>
        /^(retries|retryInterval|duration|startPeriod|limit|minChargingRate|stackLevel)$/.test(name) &&
        Number(value) < 0,
    ),
    example: changed('ClearChargingProfile', { stackLevel: -1 }),
  },
  {
    what: 'connectorId below 0',
    why: 'OCPP 1.6 §6.7, §6.37: connectorId >= 0; §6.13, §6.21, §6.43: 0 is the charge point',
    isIn: some(({ name, value }) => name === 'connectorId' && Number(value) < 0),
    example: changed('ChangeAvailability', { connectorId: -1 }),
  },
  {
    what: 'connectorId 0',
    why: 'OCPP 1.6 §6.33, §6.51, §6.53; Improved security for OCPP 1.6-J §5.5: connectorId > 0',
    actions: ['ExtendedTriggerMessage', 'RemoteStartTransaction', 'TriggerMessage', 'UnlockConnector'],
    isIn: some(({ name, value }) => name === 'connectorId' && value === 0),
    example: changed('UnlockConnector', { connectorId: 0 }),
  },
  {
    what: 'numberPhases below 1 or above 3',
    why: 'OCPP 1.6 §7.14: the phases that can be used for charging; without it, 3',
    actions: PROFILES,
    isIn: some(({ name, value }) => name === 'numberPhases' && (Number(value) < 1 || Number(value) > 3)),
    example: scheduled([{ startPeriod: 0, limit: 16, numberPhases: 4 }]),
  },
  {
    what: 'a schedule without periods',
    why: 'OCPP 1.6 §7.13: chargingSchedulePeriod 1..*',
    actions: PROFILES,
    isIn: some(({ name, value }) => name === 'chargingSchedulePeriod' && Array.isArray(value) && value.length === 0),
    example: scheduled([]),
  },
  {
    what: 'a first period that starts later than the schedule',
    why: 'E 3.45: the startPeriod of the first ChargingSchedulePeriod SHALL always be 0',
    actions: PROFILES,
    isIn: (parts) => ![undefined, 0].includes(parts.find(({ name }) => name === 'startPeriod')?.value as number),
    example: scheduled([{ startPeriod: 60, limit: 16 }]),
  },
  {
    what: 'a period that does not start after the one before',
    why: 'OCPP 1.6 §7.14: startPeriod is also the stop time of the previous period',
    actions: PROFILES,
    isIn: (parts) => {
      const starts = parts.filter(({ name }) => name === 'startPeriod').map(({ value }) => Number(value));
      return starts.some((start, i) => i > 0 && start <= starts[i - 1]!);
    },
    example: scheduled([
      { startPeriod: 0, limit: 16 },
      { startPeriod: 0, limit: 8 },
    ]),
  },
  {
    what: 'a recurrencyKind that is not Recurring, or none that is',
    why: 'OCPP 1.6 §7.8, E 3.56: recurrencyKind SHALL only be used when the kind is Recurring, which says nothing without it',
    actions: PROFILES,
    isIn: (parts) =>
      parts.some(({ name, value }) => name === 'chargingProfileKind' && value === 'Recurring') !==
      parts.some(({ name }) => name === 'recurrencyKind'),
    example: profiled('SetChargingProfile', { recurrencyKind: 'Daily' }),
  },
  {
    what: 'a profile of another purpose than TxProfile with a start',
    why: 'OCPP 1.6 §5.16.2, §6.33: the ChargingProfilePurpose MUST be TxProfile',
    actions: ['RemoteStartTransaction'],
    isIn: some(({ name, value }) => name === 'chargingProfilePurpose' && value !== 'TxProfile'),
    example: profiled('RemoteStartTransaction', { chargingProfilePurpose: 'TxDefaultProfile' }),
  },
  {
    what: 'a profile with a transactionId with a start',
    why: 'OCPP 1.6 §5.16.2, E 3.41: the transaction gets its id later, by its StartTransaction.conf',
    actions: ['RemoteStartTransaction'],
    isIn: some(({ name }) => name === 'transactionId'),
    example: profiled('RemoteStartTransaction', { transactionId: 42 }),
  },
  {
    what: 'a ChargePointMaxProfile for one connector',
    why: 'OCPP 1.6 §3.13.1: only at connector 0',
    actions: ['SetChargingProfile'],
    isIn: (parts, { connectorId }) => connectorId !== 0 && parts.some(({ value }) => value === 'ChargePointMaxProfile'),
    example: changed('SetChargingProfile', {
      csChargingProfiles: {
        ...(samples.RemoteStartTransaction!.payload.chargingProfile as Payload),
        chargingProfilePurpose: 'ChargePointMaxProfile',
      },
    }),
  },
  {
    what: 'a TxProfile for connector 0',
    why: 'OCPP 1.6 §3.13.1: only for the connector of a running transaction',
    actions: ['SetChargingProfile'],
    isIn: (parts, { connectorId }) => connectorId === 0 && parts.some(({ value }) => value === 'TxProfile'),
    example: changed('SetChargingProfile', { connectorId: 0 }),
  },
  {
    what: 'a TxProfile without transactionId',
    why: 'OCPP 1.6 §5.16: the Central System SHALL include it, to prevent mismatch between transactions and a TxProfile',
    actions: ['SetChargingProfile'],
    isIn: (parts) =>
      parts.some(({ value }) => value === 'TxProfile') && !parts.some(({ name }) => name === 'transactionId'),
    example: changed('SetChargingProfile', {
      csChargingProfiles: samples.RemoteStartTransaction!.payload.chargingProfile,
    }),
  },
  {
    what: 'a transactionId in a profile of another purpose',
    why: 'OCPP 1.6 §7.8: only valid if ChargingProfilePurpose is set to TxProfile',
    actions: ['SetChargingProfile'],
    isIn: (parts) =>
      parts.some(({ name, value }) => name === 'chargingProfilePurpose' && value !== 'TxProfile') &&
      parts.some(({ name }) => name === 'transactionId'),
    example: profiled('SetChargingProfile', { chargingProfilePurpose: 'TxDefaultProfile' }),
  },
  {
    what: 'a list of version 0 or below',
    why: 'OCPP 1.6 §5.10: 0 is the empty list, -1 a charge point without lists',
    actions: ['SendLocalList'],
    isIn: some(({ name, value }) => name === 'listVersion' && Number(value) < 1),
    example: changed('SendLocalList', { listVersion: 0 }),
  },
  {
    what: 'a full list with an entry without idTagInfo',
    why: 'OCPP 1.6 §7.1: idTagInfo is required when UpdateType is Full',
    actions: ['SendLocalList'],
    isIn: (parts, { updateType }) =>
      updateType === 'Full' &&
      parts.some(
        ({ name, value }) =>
          name === 'localAuthorizationList' && !Array.isArray(value) && !Object.hasOwn(value as object, 'idTagInfo'),
      ),
    example: changed('SendLocalList', { localAuthorizationList: [{ idTag: 'TAG' }] }),
  },
  {
    what: 'an empty id tag',
    why: 'OCPP 1.6 §7.28: it contains the identifier to use, and nobody has this one',
    actions: ['RemoteStartTransaction', 'ReserveNow', 'SendLocalList'],
    isIn: some(({ name, value }) => /^(idTag|parentIdTag)$/.test(name) && value === ''),
    example: changed('ReserveNow', { parentIdTag: '' }),
  },
  {
    what: 'an id tag that is in a list twice',
    why: 'OCPP 1.6 §7.28: case insensitive; which of the two entries counts is not specified',
    actions: ['SendLocalList'],
    isIn: (parts) => {
      const tags = parts.filter(({ name }) => name === 'idTag').map(({ value }) => String(value).toUpperCase());
      return new Set(tags).size < tags.length;
    },
    example: changed('SendLocalList', {
      updateType: 'Differential',
      localAuthorizationList: [{ idTag: 'TAG' }, { idTag: 'tag' }],
    }),
  },
  {
    what: 'a limit above 1,000,000,000',
    why: 'OCPP 1.6 §7.13, §7.14: in A or W; it is a slip, or no limit, which is said by having none',
    actions: PROFILES,
    isIn: some(({ name, value }) => /^(limit|minChargingRate)$/.test(name) && Number(value) > 1e9),
    example: scheduled([{ startPeriod: 0, limit: 1_000_000_000.1 }]),
  },
  {
    what: 'an empty key',
    why: 'OCPP 1.6 §6.9, §9: the name of the configuration setting to change',
    actions: ['ChangeConfiguration'],
    isIn: (_, { key }) => key === '',
    example: changed('ChangeConfiguration', { key: '' }),
  },
  {
    what: 'the key AuthorizationKey',
    why: 'Improved security for OCPP 1.6-J A01.FR.09: no passwords in logs; commands are kept and shown',
    actions: ['ChangeConfiguration'],
    isIn: (_, { key }) => String(key).toLowerCase() === 'authorizationkey',
    example: changed('ChangeConfiguration', { key: 'authorizationKey' }),
  },
  {
    what: 'a location of HTTP or FTP without a host',
    why: 'OCPP 1.6 §6.25, §6.55: where the file is to go or to come from; RFC 9110 §4.2.1: the host is not empty',
    actions: ['GetDiagnostics', 'UpdateFirmware'],
    isIn: (_, { location }) => !URL.canParse(String(location)),
    example: changed('GetDiagnostics', { location: 'http://' }),
  },
  {
    what: 'a log or firmware location that is no URI',
    why: 'Improved security for OCPP 1.6-J §6: the URL of the location, which its JSON schemas have as text',
    actions: ['GetLog', 'SignedUpdateFirmware'],
    isIn: some(
      ({ name, value }) => /location$/i.test(name) && (!URL.canParse(String(value)) || /\s/.test(String(value))),
    ),
    example: changed('GetLog', { log: { remoteLocation: 'here' } }),
  },
];

function some(differs: (part: Part) => boolean): Difference['isIn'] {
  return (parts) => parts.some(differs);
}

function changed(action: string, properties: Payload): Difference['example'] {
  return { action, payload: { ...samples[action]!.payload, ...properties } };
}

function profiled(action: (typeof PROFILES)[number], properties: Payload): Difference['example'] {
  const name = action === 'SetChargingProfile' ? 'csChargingProfiles' : 'chargingProfile';
  return changed(action, { [name]: { ...(samples[action]!.payload[name] as Payload), ...properties } });
}

function scheduled(chargingSchedulePeriod: Payload[]): Difference['example'] {
  return profiled('SetChargingProfile', { chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod } });
}
