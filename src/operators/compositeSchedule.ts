/** What a connector should be limited to by the charging profiles in force, beside what its station says of it. */
import { readProfileAnswers, readRecentTransactions } from '../../drizzle/queries/learnt.ts';
import type { Database } from '../../drizzle/client.ts';
import type { Instant } from '../../workflows/events.ts';
import {
  compositeSchedule,
  type CompositePeriod,
  type InstalledProfile,
  type RateUnit,
  type Supply,
} from '../ocpp/compositeSchedule.ts';
import type { AnsweredCommand } from './learnt/answered.ts';
import { foldChargingProfiles, type LearntProfile, type ProfiledTransaction } from './learnt/chargingProfiles.ts';
import { scheduleIn, type ReportedSchedule } from './learnt/compositeSchedule.ts';
import { doubtsOf, type Doubted } from './learnt/doubts.ts';
import { readCompositeSchedule, readUnansweredProfiles } from './learnt/read.ts';

export interface ExpectedSchedule {
  scheduleStart: Instant;
  /** s */
  duration: number;
  chargingRateUnit: RateUnit;
  /** limit null: nothing limits. */
  periods: CompositePeriod[];
  /** That relative profiles count from; null: none runs there, and they count from `scheduleStart`. */
  transactionId: number | null;
  /** What W and A were converted with. */
  supply: Supply;
}

export interface ScheduleQuestion {
  /** 0: the charge point as a whole. */
  connectorId: number;
  seconds: number;
  /** By default as the station reported it, else as its profiles have it. */
  unit?: RateUnit | undefined;
  supply: Supply;
}

/** `doubts`: what would make `expected` another one. */
export interface ComparedSchedules extends Doubted {
  expected: ExpectedSchedule;
  reported: ReportedSchedule | null;
  /** null: they have no time in common, or not the same unit. */
  differences: string[] | null;
}

/** A stretch of time within which neither limit changes. */
export interface Stretch {
  from: Instant;
  until: Instant;
  expected: number | null;
  /** null: not reported, or not for that time. */
  reported: number | null;
  differs: boolean;
}

/** Clocks differ by so much (ms): nothing that is shorter is told as a difference. */
const CLOCKS_DIFFER_MS = 10_000;
/** Of the expected limit. */
const LIMITS_DIFFER = 0.01;

/** From now on, for `seconds`. */
export async function compareSchedules(
  database: Database,
  chargePointId: string,
  { connectorId, seconds, unit, supply }: ScheduleQuestion,
): Promise<ComparedSchedules> {
  const [commands, unanswered, transactions, reported] = await Promise.all([
    readProfileAnswers(database, chargePointId),
    readUnansweredProfiles(database, chargePointId),
    readRecentTransactions(database, chargePointId),
    readCompositeSchedule(database, chargePointId, connectorId),
  ]);
  const asked = { connectorId, seconds, supply, unit: unit ?? reported?.chargingRateUnit };
  const now = Date.now();
  const expectedBy = (known: readonly AnsweredCommand[]) => {
    const profiles = foldChargingProfiles(known, transactions, new Date(now).toISOString());
    return expectedSchedule(profiles, transactions, asked, now);
  };
  const expected = expectedBy(commands);
  const doubts = doubtsOf(commands, unanswered, expectedBy);
  return { expected, reported, differences: differencesOf(expected, reported), doubts };
}

/** @param now ms since 1970; the schedule begins with its second */
export function expectedSchedule(
  profiles: readonly LearntProfile[],
  transactions: readonly ProfiledTransaction[],
  { connectorId, seconds, unit, supply }: ScheduleQuestion,
  now: number,
): ExpectedSchedule {
  const from = Math.floor(now / 1_000) * 1_000;
  const running = runningAt(connectorId, transactions);
  const installed = profiles
    .filter(({ purpose, transactionId }) => purpose !== 'TxProfile' || transactionId === running?.transactionId)
    .flatMap((profile) => installedOf(profile) ?? []);
  const chargingRateUnit = unit ?? installed.find((profile) => countsAt(profile, connectorId))?.schedule.unit ?? 'W';
  // It runs: where it started within this second, or by a clock that is ahead, it has begun all the same.
  const transactionStart = running?.startedAt ? Math.min(Date.parse(running.startedAt), from) : undefined;
  const question = { connectorId, unit: chargingRateUnit, transactionStart, supply };
  return {
    scheduleStart: new Date(from).toISOString(),
    duration: seconds,
    chargingRateUnit,
    periods: compositeSchedule(installed, question, { from, seconds }),
    transactionId: running?.transactionId ?? null,
    supply,
  };
}

/**
 * At which times the limits differ, in words; null where nothing can be compared. Where nothing limits by the profiles in
 * force, what the station reports is a limit of its own (§5.7), and no difference.
 */
export function differencesOf(expected: ExpectedSchedule, reported: ReportedSchedule | null): string[] | null {
  if (reported?.chargingRateUnit !== expected.chargingRateUnit) return null;
  const stretches = sideBySide(expected, reported);
  if (stretches.every((each) => each.reported === null)) return null;
  const unit = expected.chargingRateUnit;
  return stretches
    .filter(({ differs }) => differs)
    .map(
      (each) => `${each.from} to ${each.until}: ${each.expected} ${unit} expected, ${each.reported} ${unit} reported`,
    );
}

/** Both schedules, as long as the expected one is. */
export function sideBySide(expected: ExpectedSchedule, reported: ReportedSchedule | null): Stretch[] {
  const begin = Date.parse(expected.scheduleStart);
  const end = begin + expected.duration * 1_000;
  const changes = [...changesOf(expected), ...(reported ? changesOf(reported) : [])];
  const instants = [...new Set([begin, ...changes.filter((at) => at > begin && at < end)])].toSorted((a, b) => a - b);
  const stretches = instants.map((at, i) => ({
    at,
    until: instants[i + 1] ?? end,
    expected: limitAt(expected, at),
    reported: reported ? limitAt(reported, at) : null,
  }));
  const merged: typeof stretches = [];
  for (const stretch of stretches) {
    const last = merged.at(-1);
    if (last?.expected === stretch.expected && last.reported === stretch.reported) last.until = stretch.until;
    else merged.push({ ...stretch });
  }
  const sameUnit = reported?.chargingRateUnit === expected.chargingRateUnit;
  return merged.map(({ at, until, ...limits }) => ({
    from: new Date(at).toISOString(),
    until: new Date(until).toISOString(),
    ...limits,
    differs: sameUnit && until - at > CLOCKS_DIFFER_MS && isOther(limits.expected, limits.reported),
  }));
}

interface AnySchedule {
  scheduleStart: Instant;
  duration: number;
  periods: readonly CompositePeriod[];
}

function changesOf({ scheduleStart, duration, periods }: AnySchedule): number[] {
  return [...periods.map(({ startPeriod }) => startPeriod), duration].map(
    (seconds) => Date.parse(scheduleStart) + seconds * 1_000,
  );
}

function limitAt({ scheduleStart, duration, periods }: AnySchedule, at: number): number | null {
  const seconds = (at - Date.parse(scheduleStart)) / 1_000;
  if (seconds >= duration) return null;
  return periods.findLast(({ startPeriod }) => startPeriod <= seconds)?.limit ?? null;
}

function isOther(expected: number | null, reported: number | null): boolean {
  if (expected === null || reported === null) return false;
  return Math.abs(reported - expected) > expected * LIMITS_DIFFER;
}

/** Of those that have not ended the newest: the others have lost their end. */
function runningAt(connectorId: number, transactions: readonly ProfiledTransaction[]): ProfiledTransaction | undefined {
  return transactions
    .filter((each) => each.end === null && each.connectorId === connectorId && each.startedAt !== null)
    .reduce<ProfiledTransaction | undefined>((a, b) => (a && a.startedAt! >= b.startedAt! ? a : b), undefined);
}

function countsAt({ connectorId, purpose }: InstalledProfile, at: number): boolean {
  return connectorId === at || (connectorId === 0 && (at > 0 || purpose === 'ChargePointMaxProfile'));
}

function installedOf(profile: LearntProfile): InstalledProfile | undefined {
  const { connectorId, chargingProfileId, stackLevel, purpose, kind, recurrencyKind } = profile;
  const schedule = scheduleIn(profile.chargingSchedule);
  if (connectorId === null || !schedule) return undefined;
  const ms = (instant: Instant | null) => (instant === null ? undefined : Date.parse(instant));
  return {
    chargingProfileId,
    connectorId,
    installedAt: Date.parse(profile.learntAt),
    stackLevel,
    purpose,
    kind,
    recurrencyKind,
    validFrom: ms(profile.validFrom),
    validTo: ms(profile.validTo),
    schedule,
  };
}
