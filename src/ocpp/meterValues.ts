/**
 * What is in a station's meter values. Imported by workflow code too: no zod, no Node built-ins, no clock.
 */
import type { Instant } from '../../workflows/events.ts';
import type { Note } from './notes.ts';
import { effectiveTime } from './time.ts';

/** One MeterValue (OCPP 1.6 §7.33), normalised: defaults are not filled in, what was absent is absent. */
export interface MeterValueEntry {
  /** The station's own text; '' where it sent none. */
  timestamp: string;
  /** Effective time, fixed by the edge at receipt. */
  at: Instant;
  sampledValue: SampledValue[];
}

/** §7.43. Values outside the specification's enumerations are kept as they came. */
export interface SampledValue {
  value: string;
  context?: string;
  format?: string;
  measurand?: string;
  phase?: string;
  location?: string;
  unit?: string;
}

/** One sampled value with the defaults of §7.43. */
export interface Sample {
  /** Position among all sampled values of the message, from 0. */
  index: number;
  at: Instant;
  measurand: string;
  /** null: an overall value */
  phase: string | null;
  location: string;
  context: string;
  format: string;
  /** As the station sent it, or Wh by default for energy; null where it sent none. */
  unit: string | null;
  value: string;
  /** The value as a number; null for signed data and whatever is no decimal number. */
  number: number | null;
  /** The number in `normalisedUnit`. */
  normalised: number | null;
  /** Wh, varh, W, VA, var, A, V, Celsius or Percent; a unit the specification doesn't list passes unchanged, as does none. */
  normalisedUnit: string | null;
}

/** All sampled values of a message, in its order. */
export function samples(entries: readonly MeterValueEntry[]): Sample[] {
  const found: Sample[] = [];
  for (const entry of entries) {
    for (const sampled of entry.sampledValue) found.push(sample(sampled, entry.at, found.length));
  }
  return found;
}

/** A reading in Wh or W, and when it was made. */
export type Reading = [at: Instant, value: number];

/** What a transaction's energy can be reckoned from, each by time. */
export interface EnergyReadings {
  /** Energy.Active.Import.Register, Wh: where the register stood within a transaction, at its begin and at its end. */
  register: Reading[];
  begin: Reading[];
  end: Reading[];
  /** Energy.Active.Import.Interval, Wh; `clockInterval` is the same energy in clock-aligned intervals (OCPP 1.6 §3.9). */
  interval: Reading[];
  clockInterval: Reading[];
  /** Power.Active.Import, W */
  power: Reading[];
}

/**
 * The imported energy in a message, one reading per instant. Where an instant has values per phase only, their sum (some
 * meters send no total: https://github.com/lbbrhzn/ocpp/pull/1925). A reading at the outlet goes before those of other
 * locations. What was exported is no part of it.
 */
export function energyReadings(entries: readonly MeterValueEntry[]): EnergyReadings {
  const instants = new Map<string, { kind: keyof EnergyReadings; at: Instant; found: Sample[] }>();
  for (const one of samples(entries)) {
    const kind = energyKind(one);
    if (kind === undefined || one.normalised === null || (one.phase !== null && !LINE.test(one.phase))) continue;
    const key = `${kind} ${one.at}`;
    const instant = instants.get(key);
    if (instant) instant.found.push(one);
    else instants.set(key, { kind, at: one.at, found: [one] });
  }
  const readings: EnergyReadings = { register: [], begin: [], end: [], interval: [], clockInterval: [], power: [] };
  for (const { kind, at, found } of instants.values()) {
    const atOutlet = found.filter((one) => one.location === 'Outlet');
    readings[kind].push([at, overall(atOutlet.length > 0 ? atOutlet : found)]);
  }
  for (const list of Object.values(readings) as Reading[][]) list.sort(([a], [b]) => (a < b ? -1 : 1));
  return readings;
}

/**
 * Fixes the effective time of each MeterValue. What is required by §7.33 and §7.43 may be missing: an entry without
 * timestamp counts for the time of receipt, a sampled value without value is none.
 *
 * @returns `newest`: the latest effective time, undefined without entries; `plausible`: every entry has a plausible time
 *   of its own.
 */
export function timedEntries(
  meterValue: readonly { timestamp?: string; sampledValue?: readonly (Partial<SampledValue> | SampledValue)[] }[],
  receivedAt: Instant,
  path: string,
): { entries: MeterValueEntry[]; newest: Instant | undefined; plausible: boolean; notes: Note[] } {
  const notes: Note[] = [];
  let newest: Instant | undefined;
  let plausible = meterValue.length > 0;
  const entries = meterValue.map(({ timestamp, sampledValue = [] }, index) => {
    const time = effectiveTime(timestamp, receivedAt, `${path}[${index}].timestamp`);
    if (newest === undefined || time.at > newest) newest = time.at;
    plausible &&= time.plausible;
    if (time.notes.length > 0 && notes.length < MAX_NOTES) notes.push(...time.notes);
    return { timestamp: timestamp ?? '', at: time.at, sampledValue: sampledValue.filter(hasValue) };
  });
  return { entries, newest, plausible, notes };
}

/**
 * A decimal number as stations write it: "21.5", "1,5" and "1.5e3" are read; "", "NaN", "0x10", "1.234,5" and what
 * overflows are not.
 */
export function parseDecimal(text: string): number | null {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) return null;
  const number = Number(trimmed.replace(',', '.'));
  return Number.isFinite(number) ? number : null;
}

const DECIMAL = /^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?$/;

/** Of a message whose every entry has an odd time, the first few say enough. */
const MAX_NOTES = 10;

const REGISTER = 'Energy.Active.Import.Register';

/** Units that are multiples of another (§7.45), and the misspelt one. */
const SCALED_UNITS: ReadonlyMap<string, { unit: string; toUnit: (value: number) => number }> = new Map([
  ['kWh', { unit: 'Wh', toUnit: thousandfold }],
  ['kvarh', { unit: 'varh', toUnit: thousandfold }],
  ['kW', { unit: 'W', toUnit: thousandfold }],
  ['kVA', { unit: 'VA', toUnit: thousandfold }],
  ['kvar', { unit: 'var', toUnit: thousandfold }],
  ['Celcius', { unit: 'Celsius', toUnit: (degrees: number) => degrees }],
  ['Fahrenheit', { unit: 'Celsius', toUnit: (degrees: number) => rounded(((degrees - 32) * 5) / 9) }],
  ['K', { unit: 'Celsius', toUnit: (kelvin: number) => rounded(kelvin - 273.15) }],
]);

function sample(sampled: SampledValue, at: Instant, index: number): Sample {
  const measurand = sampled.measurand ?? REGISTER;
  const format = sampled.format ?? 'Raw';
  const unit = sampled.unit ?? (measurand.startsWith('Energy.') ? 'Wh' : null);
  const number = format === 'SignedData' ? null : parseDecimal(sampled.value);
  const scale = unit === null ? undefined : SCALED_UNITS.get(unit);
  const normalised = number === null || !scale ? number : scale.toUnit(number);
  return {
    index,
    at,
    measurand,
    phase: sampled.phase ?? null,
    location: sampled.location ?? 'Outlet',
    context: sampled.context ?? 'Sample.Periodic',
    format,
    unit,
    value: sampled.value,
    number,
    normalised: normalised !== null && Number.isFinite(normalised) ? normalised : null,
    normalisedUnit: scale?.unit ?? unit,
  };
}

function hasValue(sampled: Partial<SampledValue>): sampled is SampledValue {
  return sampled.value !== undefined;
}

function energyKind({ measurand, context, normalisedUnit }: Sample): keyof EnergyReadings | undefined {
  if (measurand === 'Power.Active.Import') return normalisedUnit === 'W' ? 'power' : undefined;
  if (normalisedUnit !== 'Wh') return undefined;
  if (measurand === 'Energy.Active.Import.Interval') return context === 'Sample.Clock' ? 'clockInterval' : 'interval';
  if (measurand !== REGISTER) return undefined;
  if (context === 'Transaction.Begin') return 'begin';
  return context === 'Transaction.End' ? 'end' : 'register';
}

/** L1 and L1-N are the same wire; N and the chained phases (L1-L2) are no part of a sum. */
const LINE = /^(L[123])(?:-N)?$/;

function overall(readings: Sample[]): number {
  const total = readings.findLast((reading) => reading.phase === null)?.normalised;
  if (total != null) return total;
  const perPhase = new Map<string, number>();
  for (const { phase, normalised } of readings) {
    const line = LINE.exec(phase ?? '')?.[1];
    if (line && normalised !== null) perPhase.set(line, normalised);
  }
  return rounded([...perPhase.values()].reduce((sum, value) => sum + value, 0));
}

function thousandfold(value: number): number {
  return rounded(value * 1000);
}

/** Without the binary fraction's last digits: 18.123 kWh are 18123 Wh, not 18123.000000000004. */
function rounded(value: number): number {
  return Number(value.toPrecision(14));
}
