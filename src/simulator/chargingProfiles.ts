import { VOLTAGE } from './models.ts';

export type RateUnit = 'W' | 'A';

/** OCPP 1.6 §7.13 */
export interface ChargingSchedule {
  /** s */
  duration?: number | undefined;
  startSchedule?: string | undefined;
  chargingRateUnit: RateUnit;
  chargingSchedulePeriod: { startPeriod: number; limit: number; numberPhases?: number | undefined }[];
  minChargingRate?: number | undefined;
}

/** OCPP 1.6 §7.8 */
export interface ChargingProfile {
  chargingProfileId: number;
  transactionId?: number | undefined;
  stackLevel: number;
  chargingProfilePurpose: 'ChargePointMaxProfile' | 'TxDefaultProfile' | 'TxProfile';
  chargingProfileKind: 'Absolute' | 'Recurring' | 'Relative';
  recurrencyKind?: 'Daily' | 'Weekly' | undefined;
  validFrom?: string | undefined;
  validTo?: string | undefined;
  chargingSchedule: ChargingSchedule;
}

/** Which profiles `clear` removes: all that agree with what is given. */
export interface ProfileFilter {
  id?: number | undefined;
  connectorId?: number | undefined;
  chargingProfilePurpose?: string | undefined;
  stackLevel?: number | undefined;
}

/** What limits are asked for. */
export interface LimitQuestion {
  connectorId: number;
  /** ms since 1970 */
  at: number;
  phases: number;
  /** Of the running transaction (ms since 1970). */
  transactionStart?: number | undefined;
}

interface Installed {
  connectorId: number;
  profile: ChargingProfile;
  /** ms since 1970 */
  installedAt: number;
}

/** The charging profiles a charge point keeps (OCPP 1.6 §3.13). */
export class ChargingProfiles {
  readonly #instant: (text: string) => number;
  #installed: Installed[] = [];

  /** @param instant reads a time of the central system (to ms since 1970) */
  constructor(instant: (text: string) => number) {
    this.#instant = instant;
  }

  get size(): number {
    return this.#installed.length;
  }

  /** Replaces the profile of the same id, and the one at the same stack level for the same purpose (§3.13.2). */
  install(connectorId: number, profile: ChargingProfile, installedAt: number): void {
    const { chargingProfileId: id, stackLevel, chargingProfilePurpose: purpose } = profile;
    this.#installed = this.#installed.filter(
      (other) =>
        other.profile.chargingProfileId !== id &&
        !(
          other.connectorId === connectorId &&
          other.profile.stackLevel === stackLevel &&
          other.profile.chargingProfilePurpose === purpose
        ),
    );
    this.#installed.push({ connectorId, profile, installedAt });
  }

  /** Returns whether any was removed. */
  clear({ id, connectorId, chargingProfilePurpose, stackLevel }: ProfileFilter): boolean {
    const before = this.#installed.length;
    this.#installed = this.#installed.filter(
      ({ connectorId: on, profile }) =>
        !(
          (id === undefined || profile.chargingProfileId === id) &&
          (connectorId === undefined || on === connectorId) &&
          (chargingProfilePurpose === undefined || profile.chargingProfilePurpose === chargingProfilePurpose) &&
          (stackLevel === undefined || profile.stackLevel === stackLevel)
        ),
    );
    return this.#installed.length < before;
  }

  /** A TxProfile ends with its transaction. */
  transactionEnded(connectorId: number): void {
    this.clear({ connectorId, chargingProfilePurpose: 'TxProfile' });
  }

  /** W; undefined where nothing limits. The transaction's profile goes before the default, the maximum limits both. */
  limit(question: LimitQuestion): number | undefined {
    const of = (purpose: string) => this.#highest(purpose, question);
    const limits = [of('TxProfile') ?? of('TxDefaultProfile'), of('ChargePointMaxProfile')];
    const given = limits.filter((limit) => limit !== undefined);
    return given.length > 0 ? Math.min(...given) : undefined;
  }

  /** OCPP 1.6 §5.7: what results from all profiles from `question.at` on. `maxPower` (W) where nothing limits. */
  composite(question: LimitQuestion, duration: number, unit: RateUnit, maxPower: number): ChargingSchedule {
    const limitAt = (seconds: number) => {
      const watts = this.limit({ ...question, at: question.at + seconds * 1_000 }) ?? maxPower;
      const limit = Math.min(watts, maxPower) / (unit === 'A' ? VOLTAGE * question.phases : 1);
      return Math.round(limit * 10) / 10;
    };
    // Limits change on full minutes in practice: looked at minute by minute, at most a day.
    const periods = [{ startPeriod: 0, limit: limitAt(0) }];
    for (let seconds = 60; seconds < Math.min(duration, 86_400); seconds += 60) {
      const limit = limitAt(seconds);
      if (limit !== periods.at(-1)!.limit) periods.push({ startPeriod: seconds, limit });
    }
    return { duration, chargingRateUnit: unit, chargingSchedulePeriod: periods };
  }

  /** Of the profiles for one purpose that say something now, the one with the highest stack level (§3.13.2). */
  #highest(purpose: string, question: LimitQuestion): number | undefined {
    const active = this.#installed
      .filter(({ connectorId, profile }) => {
        return (
          profile.chargingProfilePurpose === purpose && (connectorId === question.connectorId || connectorId === 0)
        );
      })
      .toSorted((a, b) => b.profile.stackLevel - a.profile.stackLevel);
    for (const installed of active) {
      const limit = limitOf(installed, question, this.#instant);
      if (limit !== undefined) return limit;
    }
    return undefined;
  }
}

function limitOf(
  { profile, installedAt }: Installed,
  question: LimitQuestion,
  instant: (text: string) => number,
): number | undefined {
  const { chargingSchedule: schedule, validFrom, validTo } = profile;
  if (validFrom && instant(validFrom) > question.at) return undefined;
  if (validTo && instant(validTo) <= question.at) return undefined;
  const start = startOf(profile, installedAt, question, instant);
  if (start === undefined || start > question.at) return undefined;
  const seconds = (question.at - start) / 1_000;
  if (schedule.duration !== undefined && seconds >= schedule.duration) return undefined;
  const period = schedule.chargingSchedulePeriod.findLast(({ startPeriod }) => startPeriod <= seconds);
  if (!period) return undefined;
  return schedule.chargingRateUnit === 'W'
    ? period.limit
    : period.limit * VOLTAGE * (period.numberPhases ?? question.phases);
}

function startOf(
  profile: ChargingProfile,
  installedAt: number,
  question: LimitQuestion,
  instant: (text: string) => number,
): number | undefined {
  const { startSchedule } = profile.chargingSchedule;
  if (profile.chargingProfileKind === 'Relative') return question.transactionStart;
  const start = startSchedule ? instant(startSchedule) : installedAt;
  if (profile.chargingProfileKind === 'Absolute' || question.at < start) return start;
  const every = (profile.recurrencyKind === 'Weekly' ? 7 : 1) * 86_400_000;
  return question.at - ((question.at - start) % every);
}
