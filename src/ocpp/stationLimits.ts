/**
 * What a station takes, as it has told of itself by its configuration keys (OCPP 1.6 §9). A key that is not known, or whose
 * value cannot be read, limits nothing: the station itself has the last word.
 */

/** What the station has said of a key (OCPP 1.6 §7.29). */
export interface KnownKey {
  key: string;
  /** False: it has no such key. */
  supported: boolean;
  /** null: not set, or not known. */
  value: string | null;
  /** null: not known. */
  readonly: boolean | null;
}

/**
 * Why this station would not take the payload, in words that name key and section; undefined where nothing is known
 * against it.
 *
 * @param payload as `exactRequest` gives it
 */
export function refusalByConfiguration(
  action: string,
  payload: Record<string, unknown>,
  keys: readonly KnownKey[],
): string | undefined {
  const refusals = (rules.get(action)?.(payload, keys) ?? []).flatMap((refusal) => refusal ?? []);
  return refusals.length === 0 ? undefined : refusals.join('; ');
}

/** Whether anything that a station tells of itself may speak against it, or say how long it takes: most need not be read. */
export function isLimited(action: string, payload: Record<string, unknown>): boolean {
  switch (action) {
    case 'GetConfiguration':
      return lengthOf(payload.key) > 1;
    case 'SendLocalList':
      return lengthOf(payload.localAuthorizationList) > 1;
    case 'ReserveNow':
      return payload.connectorId === 0;
    default:
      return rules.has(action);
  }
}

/**
 * How long (ms) after a RemoteStartTransaction its transaction may begin: the station waits for a plug until its
 * ConnectionTimeOut is over (OCPP 1.6 §5.11, §9.1). Undefined where it told none that makes sense: from 10 s to 1 h.
 */
export function startWithinMs(keys: readonly KnownKey[]): number | undefined {
  const timeOut = limitOf(keys, 'ConnectionTimeOut', 10);
  return timeOut === undefined || timeOut > 3_600 ? undefined : timeOut * 1_000 + ON_ITS_WAY_MS;
}

/** A whole number from `least` on that the station has told; undefined where it told none. */
export function limitOf(keys: readonly KnownKey[], name: string, least = 1): number | undefined {
  const text = valueOf(keys, name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) && Number(text) >= least ? Number(text) : undefined;
}

/** The CALL has to reach the station, and its StartTransaction us. */
const ON_ITS_WAY_MS = 60_000;

type Rule = (payload: Record<string, unknown>, keys: readonly KnownKey[]) => (string | undefined)[];

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['ChangeConfiguration', ({ key, value }, keys) => ofChange(String(key), String(value), keys)],
  ['GetConfiguration', ({ key }, keys) => [tooMany(key, 'keys', 'GetConfigurationMaxKeys', '§9.1', keys)]],
  ['RemoteStartTransaction', ({ chargingProfile }, keys) => ofProfile(chargingProfile, keys)],
  ['ReserveNow', ({ connectorId }, keys) => [ofReservation(connectorId, keys)]],
  [
    'SendLocalList',
    ({ localAuthorizationList }, keys) => [
      tooMany(localAuthorizationList, 'entries', 'SendLocalListMaxLength', '§9.2', keys),
    ],
  ],
  ['SetChargingProfile', ({ csChargingProfiles }, keys) => ofProfile(csChargingProfiles, keys)],
]);

/** Keys whose value is a comma-separated list, of so many items as `<key>MaxLength` says (OCPP 1.6 §9.1). */
const LISTS = [
  'ConnectorPhaseRotation',
  'MeterValuesAlignedData',
  'MeterValuesSampledData',
  'StopTxnAlignedData',
  'StopTxnSampledData',
  'SupportedFeatureProfiles',
];

function ofChange(name: string, value: string, keys: readonly KnownKey[]): (string | undefined)[] {
  const known = find(keys, name);
  if (known?.readonly) {
    const otherwise = 'where that has changed, GetConfiguration tells';
    return [`${known.key} is readonly, as the charge point has said (OCPP 1.6 §7.29): ${otherwise}`];
  }
  const list = LISTS.find((each) => isSame(each, name));
  if (!list) return [];
  const items = value.split(',').filter((item) => item.trim() !== '');
  return [tooMany(items, `items of ${list}`, `${list}MaxLength`, '§9.1', keys)];
}

interface ChargingProfile {
  stackLevel: number;
  chargingSchedule: { chargingRateUnit: string; chargingSchedulePeriod: unknown[] };
}

function ofProfile(given: unknown, keys: readonly KnownKey[]): (string | undefined)[] {
  if (given === undefined) return [];
  const { stackLevel, chargingSchedule } = given as ChargingProfile;
  const { chargingRateUnit, chargingSchedulePeriod } = chargingSchedule;
  const highest = limitOf(keys, 'ChargeProfileMaxStackLevel', 0);
  const units = rateUnitsOf(keys);
  return [
    highest !== undefined && stackLevel > highest
      ? `stackLevel ${stackLevel}: ${takes(`up to ${highest}`, 'ChargeProfileMaxStackLevel', '§9.4')}`
      : undefined,
    tooMany(chargingSchedulePeriod, 'periods', 'ChargingScheduleMaxPeriods', '§9.4', keys),
    units !== undefined && !units.includes(chargingRateUnit)
      ? `chargingRateUnit ${chargingRateUnit}: ${takes(units.join(', '), 'ChargingScheduleAllowedChargingRateUnit', '§9.4')}`
      : undefined,
  ];
}

const RATE_UNITS: ReadonlyMap<string, string> = new Map([
  ['current', 'A'],
  ['a', 'A'],
  ['power', 'W'],
  ['w', 'W'],
]);

/** "Allowed values are 'Current' and 'Power'" (§9.4); some stations say A and W. */
function rateUnitsOf(keys: readonly KnownKey[]): string[] | undefined {
  const words = (valueOf(keys, 'ChargingScheduleAllowedChargingRateUnit') ?? '').toLowerCase().match(/[^\s,;"[\]]+/g);
  const units = words?.map((word) => RATE_UNITS.get(word));
  return units?.every((unit) => unit !== undefined) ? units : undefined;
}

function ofReservation(connectorId: unknown, keys: readonly KnownKey[]): string | undefined {
  const said = valueOf(keys, 'ReserveConnectorZeroSupported')?.trim().toLowerCase();
  if (connectorId !== 0 || said !== 'false') return undefined;
  return `connectorId 0: ${takes('a reservation of one connector only', 'ReserveConnectorZeroSupported', '§9.3')}`;
}

function tooMany(
  given: unknown,
  what: string,
  key: string,
  section: string,
  keys: readonly KnownKey[],
): string | undefined {
  const count = lengthOf(given);
  const most = limitOf(keys, key);
  return most !== undefined && count > most ? `${count} ${what}: ${takes(String(most), key, section)}` : undefined;
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function takes(what: string, key: string, section: string): string {
  return `the charge point takes ${what} (its ${key}, OCPP 1.6 ${section})`;
}

function valueOf(keys: readonly KnownKey[], name: string): string | undefined {
  return find(keys, name)?.value ?? undefined;
}

/** "Keys are case-insensitive" (§7.29): CiString50Type. */
function find(keys: readonly KnownKey[], name: string): KnownKey | undefined {
  return keys.find(({ key, supported }) => supported && isSame(key, name));
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
