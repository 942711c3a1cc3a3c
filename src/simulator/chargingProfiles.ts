import {
  compositeSchedule,
  limitAt,
  SCHEDULE_MOST,
  type InstalledProfile,
  type LimitQuestion,
  type RateUnit,
} from '../ocpp/compositeSchedule.ts';
import { VOLTAGE } from './models.ts';

/** OCPP 1.6 §7.13 */
interface ChargingSchedule {
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
interface ProfileFilter {
  id?: number | undefined;
  connectorId?: number | undefined;
  chargingProfilePurpose?: string | undefined;
  stackLevel?: number | undefined;
}

/** Whose limits are asked for. */
export interface Charging {
  connectorId: number;
  /** ms since 1970 */
  at: number;
  phases: number;
  /** W that it can give */
  maxPower: number;
  /** Of the running transaction (ms since 1970). */
  transactionStart?: number | undefined;
}

/** The charging profiles a charge point keeps (OCPP 1.6 §3.13). */
export class ChargingProfiles {
  readonly #instant: (text: string) => number;
  #installed: InstalledProfile[] = [];

  /** @param instant reads a time of the central system (to ms since 1970) */
  constructor(instant: (text: string) => number) {
    this.#instant = (text) => Math.round(instant(text));
  }

  /** How many there would be with this one. */
  sizeWith(connectorId: number, profile: ChargingProfile): number {
    return this.#without(connectorId, profile).length + 1;
  }

  install(connectorId: number, profile: ChargingProfile, installedAt: number): void {
    this.#installed = [...this.#without(connectorId, profile), this.#timed(connectorId, profile, installedAt)];
  }

  /** Returns whether any was removed. */
  clear({ id, connectorId, chargingProfilePurpose, stackLevel }: ProfileFilter): boolean {
    const before = this.#installed.length;
    this.#installed = this.#installed.filter(
      (profile) =>
        !(
          (id === undefined || profile.chargingProfileId === id) &&
          (connectorId === undefined || profile.connectorId === connectorId) &&
          (chargingProfilePurpose === undefined || profile.purpose === chargingProfilePurpose) &&
          (stackLevel === undefined || profile.stackLevel === stackLevel)
        ),
    );
    return this.#installed.length < before;
  }

  /** A TxProfile ends with its transaction. */
  transactionEnded(connectorId: number): void {
    this.clear({ connectorId, chargingProfilePurpose: 'TxProfile' });
  }

  /** W */
  limit(charging: Charging): number {
    return limitAt(this.#installed, question(charging, 'W'), Math.round(charging.at)).limit ?? charging.maxPower;
  }

  /** OCPP 1.6 §5.7: what results from all profiles from `charging.at` on. */
  composite(charging: Charging, duration: number, unit: RateUnit): ChargingSchedule {
    const seconds = Math.min(duration, SCHEDULE_MOST);
    const time = { from: Math.round(charging.at), seconds };
    const periods = compositeSchedule(this.#installed, question(charging, unit), time);
    return {
      duration: seconds,
      chargingRateUnit: unit,
      // Its own limit is always there.
      chargingSchedulePeriod: periods.map((period) => ({ ...period, limit: period.limit! })),
    };
  }

  /** A profile replaces the one of the same id, and the one at the same stack level for the same purpose (§5.16.3). */
  #without(connectorId: number, profile: ChargingProfile): InstalledProfile[] {
    const { chargingProfileId: id, stackLevel, chargingProfilePurpose: purpose } = profile;
    return this.#installed.filter(
      (other) =>
        other.chargingProfileId !== id &&
        !(other.connectorId === connectorId && other.stackLevel === stackLevel && other.purpose === purpose),
    );
  }

  #timed(connectorId: number, profile: ChargingProfile, installedAt: number): InstalledProfile {
    const { chargingSchedule, validFrom, validTo } = profile;
    const { startSchedule, duration, chargingRateUnit, chargingSchedulePeriod } = chargingSchedule;
    const instant = (text: string | undefined) => (text === undefined ? undefined : this.#instant(text));
    return {
      chargingProfileId: profile.chargingProfileId,
      connectorId,
      installedAt: Math.round(installedAt),
      stackLevel: profile.stackLevel,
      purpose: profile.chargingProfilePurpose,
      kind: profile.chargingProfileKind,
      recurrencyKind: profile.recurrencyKind ?? null,
      validFrom: instant(validFrom),
      validTo: instant(validTo),
      schedule: {
        start: instant(startSchedule),
        duration,
        unit: chargingRateUnit,
        periods: chargingSchedulePeriod,
      },
    };
  }
}

function question({ connectorId, phases, maxPower, transactionStart }: Charging, unit: RateUnit): LimitQuestion {
  return {
    connectorId,
    unit,
    transactionStart: transactionStart === undefined ? undefined : Math.round(transactionStart),
    supply: { voltage: VOLTAGE, phases },
    localLimit: maxPower,
  };
}
