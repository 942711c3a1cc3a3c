/**
 * What charging is limited to, and when, by the charging profiles that a charge point keeps (OCPP 1.6 §3.13, §5.7).
 *
 * - Of the profiles for a purpose, the one with the highest stack level goes first (§3.13.2). Where that says nothing, because
 *   it is not valid yet or any more, or its schedule is over, the next one does (§5.16.4; errata 3.43).
 * - A TxProfile goes before a TxDefaultProfile, and one of the connector before those for all connectors (§3.13.1).
 * - A ChargePointMaxProfile caps them (§3.13.3).
 *
 * Instants are whole ms since 1970, lengths of time are s, limits are W, or A per phase (§7.12).
 */

/** The longest schedule that is asked for or worked out (s): what recurs does so within a week. */
export const SCHEDULE_MOST = 7 * 86_400;

export type RateUnit = 'W' | 'A';

/** A charging profile that a charge point keeps, and for which connector (§7.8). */
export interface InstalledProfile {
  chargingProfileId: number;
  /** 0: the charge point; a TxDefaultProfile there is for every connector. */
  connectorId: number;
  installedAt: number;
  stackLevel: number;
  purpose: string;
  /** Absolute, Recurring or Relative */
  kind: string | null;
  /** Daily or Weekly */
  recurrencyKind: string | null;
  validFrom?: number | undefined;
  validTo?: number | undefined;
  schedule: Schedule;
}

/** §7.13 */
export interface Schedule {
  start?: number | undefined;
  /** Without it the last period has no end. */
  duration?: number | undefined;
  unit: RateUnit;
  /** Ascending. */
  periods: readonly SchedulePeriod[];
}

/** §7.14 */
export interface SchedulePeriod {
  /** From the start of the schedule on (s). */
  startPeriod: number;
  limit: number;
  numberPhases?: number | undefined;
}

/** "If a number of phases is needed, numberPhases=3 will be assumed" (§7.14), and 230 V where nobody says otherwise (§7.12). */
export const USUAL_SUPPLY: Supply = { voltage: 230, phases: 3 };

/** What turns W into A: "the set voltage for the area", of a phase (V), and the phases of the charge point (§7.12). */
export interface Supply {
  voltage: number;
  phases: number;
}

export interface LimitQuestion {
  /** 0: the charge point as a whole, which only a ChargePointMaxProfile limits. */
  connectorId: number;
  /** Of the limits wanted. */
  unit: RateUnit;
  /** Of the transaction at the connector; undefined: one that would begin when the question begins. */
  transactionStart?: number | undefined;
  supply?: Supply | undefined;
  /** W that the charge point gives at most, whatever its profiles say (§5.7). */
  localLimit?: number | undefined;
}

export interface Limit {
  /** null: nothing limits. */
  limit: number | null;
  /** Where a profile says so: the fewest. */
  numberPhases?: number;
}

export type CompositePeriod = Limit & { startPeriod: number };

/** What limits at one instant. */
export function limitAt(profiles: readonly InstalledProfile[], question: LimitQuestion, at: number): Limit {
  return lowest(stacksAt(profiles, question.connectorId), askedFrom(question, at), at);
}

/**
 * What limits from an instant on, for so many seconds: periods that differ, the first one at 0. They begin exactly where a
 * profile makes them begin, to the second.
 */
export function compositeSchedule(
  profiles: readonly InstalledProfile[],
  question: LimitQuestion,
  { from, seconds }: { from: number; seconds: number },
): CompositePeriod[] {
  const asked = askedFrom(question, from);
  const stacks = stacksAt(profiles, question.connectorId);
  const until = from + seconds * 1_000;
  const instants = new Set([from]);
  for (const profile of stacks.flat()) {
    for (const at of changesOf(profile, asked.transactionStart, from, until)) {
      if (at > from && at < until) instants.add(at);
    }
  }
  const periods: CompositePeriod[] = [];
  for (const at of [...instants].toSorted((a, b) => a - b)) {
    const startPeriod = Math.round((at - from) / 1_000);
    if (startPeriod > 0 && startPeriod >= seconds) break;
    if (periods.at(-1)?.startPeriod === startPeriod) periods.pop();
    const limit = lowest(stacks, asked, at);
    if (!isSame(periods.at(-1), limit)) periods.push({ startPeriod, ...limit });
  }
  return periods;
}

/** Profiles of a purpose that count at a connector, the one that goes first first. */
export function stackOf<Profile extends { connectorId: number | null; purpose: string; stackLevel: number }>(
  profiles: readonly Profile[],
  purpose: string,
  connectorId: number,
): Profile[] {
  return profiles
    .filter((profile) => profile.purpose === purpose)
    .filter((profile) => profile.connectorId === connectorId || (purpose === TX_DEFAULT && profile.connectorId === 0))
    .toSorted((a, b) => (b.connectorId ?? 0) - (a.connectorId ?? 0) || b.stackLevel - a.stackLevel);
}

const MAX = 'ChargePointMaxProfile';
const TX_DEFAULT = 'TxDefaultProfile';
const TX = 'TxProfile';

/** Of each stack the first profile that says something counts, and of those the lowest limit. */
function stacksAt(profiles: readonly InstalledProfile[], connectorId: number): InstalledProfile[][] {
  const most = stackOf(profiles, MAX, 0);
  if (connectorId === 0) return [most];
  return [[...stackOf(profiles, TX, connectorId), ...stackOf(profiles, TX_DEFAULT, connectorId)], most];
}

type Asked = LimitQuestion & { transactionStart: number };

function askedFrom(question: LimitQuestion, at: number): Asked {
  return { ...question, transactionStart: question.transactionStart ?? at };
}

/**
 * Of a profile for more phases than there are, the limit counts for those there are (errata 3.34): all limits count for the
 * fewest phases that anything allows.
 */
function lowest(stacks: InstalledProfile[][], asked: Asked, at: number): Limit {
  const { unit, supply: { voltage, phases } = USUAL_SUPPLY, localLimit } = asked;
  const prevailing = stacks.flatMap((stack) => firstOf(stack, asked.transactionStart, at) ?? []);
  const said = prevailing.flatMap(({ numberPhases }) => numberPhases ?? []);
  const voltageOfAll = voltage * Math.min(phases, ...said);
  const limits = prevailing.map((period) => converted(period.limit, period.unit, unit, voltageOfAll));
  if (localLimit !== undefined) limits.push(converted(localLimit, 'W', unit, voltage * phases));
  const limit = limits.length === 0 ? null : Math.min(...limits);
  return said.length === 0 ? { limit } : { limit, numberPhases: Math.min(...said) };
}

function firstOf(
  stack: readonly InstalledProfile[],
  transactionStart: number,
  at: number,
): (SchedulePeriod & { unit: RateUnit }) | undefined {
  for (const profile of stack) {
    const period = periodAt(profile, transactionStart, at);
    if (period) return { ...period, unit: profile.schedule.unit };
  }
  return undefined;
}

function periodAt(profile: InstalledProfile, transactionStart: number, at: number): SchedulePeriod | undefined {
  const { validFrom = -Infinity, validTo = Infinity } = profile;
  const { duration = Infinity, periods } = profile.schedule;
  if (at < validFrom || at >= validTo) return undefined;
  const seconds = (at - startBefore(profile, transactionStart, at)) / 1_000;
  return seconds < duration ? periods.findLast(({ startPeriod }) => startPeriod <= seconds) : undefined;
}

/** Instants between which the profile says the same, among others. */
function* changesOf(
  profile: InstalledProfile,
  transactionStart: number,
  from: number,
  until: number,
): Generator<number> {
  const { validFrom = from, validTo = from, schedule } = profile;
  yield* [validFrom, validTo];
  const every = recurrence(profile);
  for (let start = startBefore(profile, transactionStart, from); start < until; start += every) {
    yield start;
    for (const { startPeriod } of schedule.periods) yield start + startPeriod * 1_000;
    if (schedule.duration !== undefined) yield start + schedule.duration * 1_000;
  }
}

/** When the schedule began last; before its first start that one. */
function startBefore(profile: InstalledProfile, transactionStart: number, at: number): number {
  const start = firstStart(profile, transactionStart);
  const every = recurrence(profile);
  return at < start || every === Infinity ? start : at - ((at - start) % every);
}

/**
 * "If startSchedule is absent the schedule will be relative to start of charging" (§7.13). A ChargePointMaxProfile is for no
 * single transaction: it counts from when it came.
 */
function firstStart({ kind, purpose, schedule, installedAt }: InstalledProfile, transactionStart: number): number {
  if (kind !== 'Relative' && schedule.start !== undefined) return schedule.start;
  return purpose === MAX ? installedAt : transactionStart;
}

/** "The schedule restarts every 24 hours", or "every 7 days" (§7.37; errata 3.78), which ends what is left of it (§5.16.4). */
function recurrence({ kind, recurrencyKind }: InstalledProfile): number {
  if (kind !== 'Recurring') return Infinity;
  return (recurrencyKind === 'Weekly' ? 7 : 1) * 86_400_000;
}

/** To one digit after the point, as §7.14 has it, and down: it "SHALL be less than or equal to" any limit (§3.13.3). */
function converted(limit: number, from: RateUnit, to: RateUnit, voltage: number): number {
  if (from === to) return limit;
  const exact = to === 'W' ? limit * voltage : limit / voltage;
  return Math.floor(exact * 10 + 1e-6) / 10;
}

function isSame(a: Limit | undefined, b: Limit): boolean {
  return a?.limit === b.limit && a.numberPhases === b.numberPhases;
}
