/**
 * The energy of a transaction: by its register where that can be, else by intervals, else by power. What it is reckoned
 * from is kept small and does not depend on the order in which it came; what came again counts once.
 */
import type { EnergyReadings, Reading } from '../../src/ocpp/meterValues.ts';
import { parseTimestamp } from '../../src/ocpp/time.ts';
import type { Transaction } from './model.ts';

/**
 * `register`: meterStop − meterStart, with nothing against it. `readings`: readings of the register, where one of the two
 * is missing or does not fit, or where the meter began anew. `interval`: the sum of Energy.Active.Import.Interval.
 * `power`: Power.Active.Import over time.
 */
export type EnergySource = 'register' | 'readings' | 'interval' | 'power';

/** The readings of a transaction that its energy depends on. Carried with it and stored as JSON. */
export interface Readings {
  /** Wh, by time; of every rise the first two and the last two. */
  register: Reading[];
  /** Wh, of the contexts Transaction.Begin and Transaction.End */
  begin?: Reading;
  end?: Reading;
  /** Kept while the register does not rise. */
  interval?: Series;
  clockInterval?: Series;
  power?: Series;
  /** A reading that went on from the one before it, with an earlier time. */
  clockSetBack?: string;
}

/** The newest readings (Wh or W), and the Wh that older ones came to: what comes later than so many is too late. */
interface Series {
  countedWh: number;
  newest: Reading[];
}

const NEWEST_KEPT = 24;
const REGISTER_KEPT = 40;
/** Meters and messages round differently: a step back of up to so much (Wh) is none. */
const ROUNDING_WH = 100;
/** A single reading that is off by up to so much (Wh) has been rounded to kWh. */
const KWH = 1_000;
/** More than stations charge with (W), and more than comes between two readings (Wh): together they are no charging. */
const MOST_W = 1_000_000;
const LEAP_WH = 100_000;
/** The same for the first reading after a meterStart of 0, which careless stations send whatever their register says. */
const LEAP_FROM_0_WH = 10_000;
/** Where registers roll over (Wh): five and six digits of kWh, 31 and 32 bits of Wh. */
const REGISTER_ENDS = [1e8, 1e9, 2 ** 31, 2 ** 32];
const DOUBTS_MOST = 8;
const HOUR_MS = 3_600_000;

/** The readings after those of a message; the same object where nothing new is in it. */
export function withReadings(kept: Readings | undefined, found: EnergyReadings): Readings | undefined {
  const before: Readings = kept ?? { register: [] };
  let next = before;
  for (const reading of found.register) next = withRegister(next, reading);
  const [begin] = found.begin;
  if (begin && (!next.begin || begin[0] < next.begin[0])) next = { ...next, begin };
  const end = found.end.at(-1);
  if (end && (!next.end || end[0] > next.end[0])) next = { ...next, end };
  if (rises(next.register)) {
    if (!next.interval && !next.clockInterval && !next.power) return next === before ? kept : next;
    const { interval: _sums, clockInterval: _clock, power: _power, ...register } = next;
    return register;
  }
  for (const name of ['interval', 'clockInterval', 'power'] as const) {
    for (const reading of found[name]) {
      const series = withNewest(next[name], reading, name === 'power');
      if (series !== next[name]) next = { ...next, [name]: series };
    }
  }
  return next === before ? kept : next;
}

/**
 * The transaction with its energy (Wh), what that was reckoned from, and the doubts about it among its notes. Null while
 * it is open, and where nothing tells.
 */
export function withEnergy(t: Transaction): Transaction {
  if (t.end === null) return t;
  const doubts: string[] = [];
  const [energyWh, energySource] = reckoned(t, doubts);
  if (t.startedAt !== null && t.stoppedAt !== null && t.stoppedAt < t.startedAt) {
    doubts.push(`stopped at ${t.stoppedAt}, before its start at ${t.startedAt}`);
  }
  if (t.readings?.clockSetBack) doubts.push(`the clock was set back: ${t.readings.clockSetBack}`);
  const notes = [
    ...t.notes.filter((note) => !note.startsWith('energy: ')),
    ...[...new Set(doubts)].slice(0, DOUBTS_MOST).map((doubt) => `energy: ${doubt}`),
  ];
  return { ...t, energyWh, energySource, notes };
}

function reckoned(t: Transaction, doubts: string[]): [wh: number | null, source: EnergySource | null] {
  const { interval, clockInterval, power } = t.readings ?? {};
  const sums = [interval, clockInterval].filter((series) => series !== undefined).map(summed);
  const intervalWh = sums.length > 0 ? Math.max(...sums) : null;
  const powerWh = power && power.newest.length > 1 ? Math.round(power.countedWh + overTime(power.newest)) : null;

  const byRegister = registerEnergy(t, doubts);
  if (byRegister) {
    const other = intervalWh ?? powerWh ?? 0;
    if (byRegister[0] === 0 && other > ROUNDING_WH) {
      doubts.push(`the register stood still while ${intervalWh === null ? 'power' : 'intervals'} came to ${other} Wh`);
    }
    return byRegister;
  }
  if (intervalWh !== null) {
    doubts.push('no register: the sum of its intervals');
    return [intervalWh, 'interval'];
  }
  if (powerWh !== null) {
    doubts.push('neither register nor intervals: power over time');
    return [powerWh, 'power'];
  }
  if (t.end === 'estimated' && t.meterStart !== null) {
    doubts.push('nothing was read since its start');
    return [0, 'readings'];
  }
  return [null, null];
}

function registerEnergy(t: Transaction, doubts: string[]): [wh: number, source: EnergySource] | undefined {
  const { register = [], begin, end } = t.readings ?? {};
  const { meterStart } = t;
  // An estimated end has its meterStop from the readings.
  const meterStop = t.end === 'station' ? t.meterStop : null;
  const noStart = meterStart === null || (meterStart === 0 && begin !== undefined && begin[1] > 0);
  const implausibleStop = meterStop === 0 || (meterStop !== null && meterStop < (meterStart ?? 0));
  const noStop = meterStop === null || (implausibleStop && end !== undefined && end[1] > meterStop);
  const until = noStop ? undefined : t.stoppedAt;

  const sequence: Reading[] = [
    ...(noStart ? [] : [[t.startedAt ?? '', meterStart] satisfies Reading]),
    ...(begin ? [begin] : []),
    ...register.filter(([at]) => until === undefined || until === null || at <= until),
    ...(end ? [end] : []),
    ...(noStop ? [] : [[t.stoppedAt ?? '', meterStop] satisfies Reading]),
  ];
  if (sequence.length < 2) return undefined;
  const readings = withoutOutliers(sequence, doubts);
  if (!noStart && !noStop && onAnotherCount(readings)) {
    doubts.push(`meter values count from ${(readings[1] as Reading)[1]} Wh, meterStart and meterStop otherwise`);
    return [meterStop - meterStart, 'register'];
  }
  const ownTimes = parseTimestamp(t.startTimestamp)?.at === t.startedAt;

  let wh = 0;
  let counted = 0;
  let breaks = 0;
  for (const [index, after] of readings.entries()) {
    const before = readings[index - 1];
    if (!before) continue;
    const from0 = index === 1 && !noStart && meterStart === 0 && ownTimes;
    const broke = isBreak(before, after, from0 ? LEAP_FROM_0_WH : LEAP_WH);
    const overEnd = broke ? rolledOver(before, after) : undefined;
    if (broke && overEnd === undefined) {
      breaks += 1;
      const first = index === 1 && !noStart;
      const last = index === readings.length - 1 && !noStop;
      doubts.push(inWords(before, after, first, last));
      continue;
    }
    if (overEnd !== undefined)
      doubts.push(`the register rolled over from ${before[1]} to ${after[1]} Wh at ${after[0]}`);
    wh += overEnd ?? after[1] - before[1];
    counted += 1;
  }
  if (counted === 0) return undefined;
  if (noStart) doubts.push(`meterStart ${meterStart ?? 'missing'}: from the first reading on`);
  if (noStop && t.end === 'station') doubts.push(`meterStop ${meterStop ?? 'missing'}: up to the last reading`);
  return [Math.max(0, rounded(wh)), noStart || noStop || breaks > 0 ? 'readings' : 'register'];
}

/** Without single readings after which the register goes on where it was. */
function withoutOutliers(readings: Reading[], doubts: string[]): Reading[] {
  const kept = [...readings];
  for (let i = 1; i < kept.length; i++) {
    const [before, one, other, after] = [kept[i - 2], kept[i - 1], kept[i], kept[i + 1]] as (Reading | undefined)[];
    if (!one || !other || one[1] - other[1] <= ROUNDING_WH) continue;
    const dip = after !== undefined && one[1] <= after[1] && !isBreak(one, after) && !rolledOver(one, other);
    const spike =
      before !== undefined &&
      before[1] <= other[1] &&
      (one[1] - other[1] <= KWH || watts(before, one) > MOST_W) &&
      !isBreak(before, other);
    if (!dip && !spike) continue;
    const [outlier] = kept.splice(spike ? i - 1 : i, 1) as [Reading];
    if (Math.abs(one[1] - other[1]) > KWH)
      doubts.push(`a single reading of ${outlier[1]} Wh at ${outlier[0]} is left out`);
    i = Math.max(0, i - 2);
  }
  return kept;
}

function inWords(before: Reading, after: Reading, first: boolean, last: boolean): string {
  const [[, a], [at, b]] = [before, after];
  if (first && last) {
    return b < a
      ? `meterStop ${b} below meterStart ${a}: no energy is claimed of them`
      : `from meterStart ${a} to meterStop ${b} Wh in that time: no energy is claimed of them`;
  }
  if (first) return `meterStart ${a} and the first reading ${b} Wh at ${at} are not of one count`;
  if (last) return `meterStop ${b} and the last reading ${a} Wh at ${before[0]} are not of one count`;
  return `the meter went ${b < a ? 'back' : 'on'} from ${a} to ${b} Wh at ${at}: counted in two parts`;
}

/** Between a start and a stop that agree stand readings of the session alone, or of another meter: only they go on. */
function onAnotherCount(readings: Reading[]): boolean {
  const [first, last] = [readings[1], readings.at(-2)];
  const [[, start], [, stop]] = [readings[0], readings.at(-1)] as [Reading, Reading];
  if (readings.length < 3 || !first || !last || stop < start) return false;
  const between = readings.slice(1, -1);
  if (between.some((one, i) => i > 0 && isBreak(between[i - 1] as Reading, one))) return false;
  const outside = between.every(([, wh]) => wh < start - ROUNDING_WH || wh > stop + ROUNDING_WH);
  if (outside) return last[1] - first[1] <= stop - start + KWH;
  const offset = start - first[1];
  return offset > ROUNDING_WH && Math.abs(offset - (stop - last[1])) <= KWH;
}

/** The register did not count its way from one reading to the other. */
function isBreak(before: Reading, after: Reading, leapWh = LEAP_WH): boolean {
  const wh = after[1] - before[1];
  return wh < -ROUNDING_WH || (wh > leapWh && watts(before, after) > MOST_W);
}

/** Wh from one to the other over the end of the register, where that is likely. */
function rolledOver(before: Reading, after: Reading): number | undefined {
  for (const end of REGISTER_ENDS) {
    const wh = end - before[1] + after[1];
    if (after[1] < before[1] && before[1] < end && wh <= LEAP_WH) return rounded(wh);
  }
  return undefined;
}

/** Of two readings whose times tell nothing: 0. */
function watts([from, a]: Reading, [to, b]: Reading): number {
  const ms = Date.parse(to) - Date.parse(from);
  return Number.isFinite(ms) ? ((b - a) * HOUR_MS) / Math.max(ms, 1_000) : 0;
}

function withRegister(kept: Readings, reading: Reading): Readings {
  const { register } = kept;
  const [at, wh] = reading;
  const last = register.at(-1);
  if (!last || at > last[0]) return { ...kept, register: thinned([...register, reading]) };
  const place = register.findIndex((known) => known[0] >= at);
  const [before, after] = [register[place - 1], register[place] as Reading];
  if (after[0] === at) {
    if (after[1] >= wh) return kept;
    return { ...kept, register: thinned(register.with(place, reading)) };
  }
  const broke = before !== undefined && isBreak(before, after);
  if (!broke && wh > last[1] && isBreak(reading, after)) {
    const next: Reading = [new Date(Date.parse(last[0]) + 1).toISOString(), wh];
    const clockSetBack = kept.clockSetBack ?? `${wh} Wh at ${at}, after ${last[1]} Wh at ${last[0]}`;
    return { ...kept, clockSetBack, register: thinned([...register, next]) };
  }
  const inserted = thinned(register.toSpliced(place, 0, reading));
  return inserted.length === register.length && inserted.every((one, i) => one === register[i])
    ? kept
    : { ...kept, register: inserted };
}

/** What lies within a rise does not matter; two at each end of it tell a rise from a single odd reading. */
function thinned(register: Reading[]): Reading[] {
  const kept = [...register];
  for (let i = 2; i + 2 < kept.length;) {
    const around = kept.slice(i - 2, i + 3);
    if (around.every((one, k) => k === 0 || !isBreak(around[k - 1] as Reading, one))) kept.splice(i, 1);
    else i += 1;
  }
  const half = REGISTER_KEPT / 2;
  return kept.length <= REGISTER_KEPT ? kept : [...kept.slice(0, half), ...kept.slice(-half)];
}

function rises(register: Reading[]): boolean {
  return register.length > 1 && (register.at(-1) as Reading)[1] > (register[0] as Reading)[1];
}

/** Each instant counts once. */
function withNewest(series: Series | undefined, reading: Reading, isPower: boolean): Series {
  const { countedWh, newest } = series ?? { countedWh: 0, newest: [] };
  const [first] = newest;
  const known = newest.some(([at]) => at === reading[0]);
  if (known || (first && newest.length >= NEWEST_KEPT && reading[0] < first[0])) return series as Series;
  const place = newest.findIndex(([at]) => at > reading[0]);
  const all = newest.toSpliced(place === -1 ? newest.length : place, 0, reading);
  if (all.length <= NEWEST_KEPT) return { countedWh, newest: all };
  const [oldest, second] = all as [Reading, Reading];
  return { countedWh: countedWh + (isPower ? overTime([oldest, second]) : oldest[1]), newest: all.slice(1) };
}

function summed({ countedWh, newest }: Series): number {
  return rounded(newest.reduce((sum, [, wh]) => sum + wh, countedWh));
}

/** Wh, by trapezoids. */
function overTime(power: Reading[]): number {
  let wh = 0;
  for (const [index, [at, watt]] of power.entries()) {
    const before = power[index - 1];
    if (before) wh += (((before[1] + watt) / 2) * (Date.parse(at) - Date.parse(before[0]))) / HOUR_MS;
  }
  return wh;
}

/** Without the binary fraction's last digits. */
function rounded(wh: number): number {
  return Number(wh.toPrecision(14));
}
