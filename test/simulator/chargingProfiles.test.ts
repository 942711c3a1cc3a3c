import { describe, expect, it } from 'vitest';
import { ChargingProfiles, type ChargingProfile } from '../../src/simulator/chargingProfiles.ts';

const NOON = Date.parse('2026-01-02T12:00:00Z');
/** 32 A */
const charging = { connectorId: 1, at: NOON, phases: 3, maxPower: 22_080 };

function profile(chargingProfileId: number, rest: Partial<ChargingProfile> = {}): ChargingProfile {
  return {
    chargingProfileId,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: {
      startSchedule: '2026-01-02T11:00:00Z',
      duration: 7_201,
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [
        { startPeriod: 0, limit: 16 },
        { startPeriod: 3_617, limit: 8.5, numberPhases: 3 },
      ],
    },
    ...rest,
  };
}

describe('the charging profiles of a simulated charge point', () => {
  it('have a composite schedule to the second, within what it can give', () => {
    const profiles = new ChargingProfiles(Date.parse);
    profiles.install(1, profile(1), NOON);
    expect(profiles.composite(charging, 86_400, 'A')).toEqual({
      duration: 86_400,
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [
        { startPeriod: 0, limit: 16 },
        { startPeriod: 17, limit: 8.5, numberPhases: 3 },
        { startPeriod: 3_601, limit: 32 },
      ],
    });
    expect(profiles.limit(charging)).toBe(11_040);
    expect(profiles.limit({ ...charging, at: NOON + 17_000 })).toBe(5_865);
    expect(profiles.limit({ ...charging, connectorId: 2 })).toBe(22_080);
  });

  it('begin by its own clock, which may run faster than that of the central system', () => {
    const profiles = new ChargingProfiles((text) => NOON - (NOON - Date.parse(text)) * 600.07);
    const { chargingSchedule } = profile(1);
    const startSchedule = '2026-01-02T11:59:59Z';
    profiles.install(1, profile(1, { chargingSchedule: { ...chargingSchedule, startSchedule } }), NOON);
    const { chargingSchedulePeriod } = profiles.composite({ ...charging, at: NOON - 700_070.4 }, 3_600, 'A');
    expect(chargingSchedulePeriod).toEqual([
      { startPeriod: 0, limit: 32 },
      { startPeriod: 100, limit: 16 },
    ]);
  });

  it('tell of a week at most', () => {
    expect(new ChargingProfiles(Date.parse).composite(charging, 2 ** 31 - 1, 'W')).toEqual({
      duration: 7 * 86_400,
      chargingRateUnit: 'W',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 22_080 }],
    });
  });

  it('are as many as it was given, without those that others replaced', () => {
    const profiles = new ChargingProfiles(Date.parse);
    profiles.install(1, profile(1), NOON);
    profiles.install(1, profile(2, { stackLevel: 1 }), NOON);
    expect(profiles.sizeWith(2, profile(3))).toBe(3);
    expect(profiles.sizeWith(1, profile(3))).toBe(2);
    expect(profiles.sizeWith(2, profile(2))).toBe(2);
    expect(profiles.clear({ id: 7 })).toBe(false);
    expect(profiles.clear({ chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 1 })).toBe(true);
    expect(profiles.sizeWith(2, profile(3))).toBe(2);
  });
});
