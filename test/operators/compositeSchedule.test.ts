import { describe, expect, it } from 'vitest';
import { USUAL_SUPPLY } from '../../src/ocpp/compositeSchedule.ts';
import {
  differencesOf,
  expectedSchedule,
  sideBySide,
  type ExpectedSchedule,
  type ScheduleQuestion,
} from '../../src/operators/compositeSchedule.ts';
import type { LearntProfile, ProfiledTransaction } from '../../src/operators/learnt/chargingProfiles.ts';
import { foldCompositeSchedule, type ReportedSchedule } from '../../src/operators/learnt/compositeSchedule.ts';

const NOW = Date.parse('2026-01-02T12:00:00.000Z');
/** Seconds from now. */
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const source = { learntAt: at(-60), commandId: 'c1' };

const periods = (...limits: [number, number][]) => limits.map(([startPeriod, limit]) => ({ startPeriod, limit }));

function profile(rest: Partial<LearntProfile> = {}): LearntProfile {
  return {
    chargingProfileId: 1,
    connectorId: 1,
    purpose: 'TxDefaultProfile',
    stackLevel: 0,
    kind: 'Relative',
    recurrencyKind: null,
    transactionId: null,
    validFrom: null,
    validTo: null,
    chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: periods([0, 16], [1_800, 8]) },
    ...source,
    ...rest,
  };
}

function transaction(transactionId: number, rest: Partial<ProfiledTransaction> = {}): ProfiledTransaction {
  const open = { idTag: 'TAG', startedAt: at(-600), stoppedAt: null, end: null };
  return { transactionId, aliases: [], connectorId: 1, ...open, ...rest };
}

describe('the expected schedule', () => {
  const expected = (profiles: LearntProfile[], transactions: ProfiledTransaction[] = [], rest = {}) => {
    const question: ScheduleQuestion = { connectorId: 1, seconds: 3_600, supply: USUAL_SUPPLY, ...rest };
    return expectedSchedule(profiles, transactions, question, NOW + 999);
  };

  it('is of the profiles in force from this second on', () => {
    expect(expected([profile()])).toEqual({
      scheduleStart: at(0),
      duration: 3_600,
      chargingRateUnit: 'A',
      periods: periods([0, 16], [1_800, 8]),
      transactionId: null,
      supply: { voltage: 230, phases: 3 },
    });
  });

  it('is that of the newest transaction there that has not ended', () => {
    const ended = transaction(7, { end: 'station', startedAt: at(-10) });
    const elsewhere = transaction(8, { connectorId: 2, startedAt: at(-5) });
    const forgotten = transaction(41, { startedAt: at(-90_000) });
    const ofForgotten = profile({ purpose: 'TxProfile', stackLevel: 9, transactionId: 41 });
    expect(expected([profile(), ofForgotten], [forgotten, transaction(42), ended, elsewhere])).toMatchObject({
      transactionId: 42,
      periods: periods([0, 16], [1_200, 8]),
    });
  });

  it('has begun where the transaction has, which started within this second or by a clock that is ahead', () => {
    for (const startedAt of [at(0.5), at(30)]) {
      expect(expected([profile()], [transaction(42, { startedAt })])).toMatchObject({
        periods: periods([0, 16], [1_800, 8]),
      });
    }
  });

  it('is in the unit that is asked for, else in that of the profiles that count there', () => {
    const watts = { chargingRateUnit: 'W', chargingSchedulePeriod: periods([0, 6_900]) };
    const most = profile({ connectorId: 0, purpose: 'ChargePointMaxProfile', chargingSchedule: watts });
    expect(expected([most, profile()], [], { connectorId: 0 })).toMatchObject({ chargingRateUnit: 'W' });
    expect(expected([profile({ connectorId: 2 }), most])).toMatchObject({ chargingRateUnit: 'W' });
    expect(expected([most, profile()], [], { unit: 'A' })).toMatchObject({ periods: periods([0, 10], [1_800, 8]) });
    expect(expected([])).toMatchObject({ chargingRateUnit: 'W', periods: [{ startPeriod: 0, limit: null }] });
  });
});

describe('the reported schedule', () => {
  const chargingSchedule = { chargingRateUnit: 'W', duration: 600, chargingSchedulePeriod: periods([0, 11_000]) };
  const payload = { connectorId: 1, duration: 3_600, chargingRateUnit: 'A' };
  const answered = (second: number, answer: unknown, rest = {}) => ({
    commandId: `c${second}`,
    action: 'GetCompositeSchedule',
    payload: { ...payload, ...rest },
    answer,
    answeredAt: at(second),
    state: 'completed',
    endedAt: at(second),
  });
  const accepted = { status: 'Accepted', connectorId: 1, scheduleStart: '2026-01-02T13:00:00+01:00', chargingSchedule };

  it('is the newest of the connector', () => {
    const commands = [
      answered(3, { ...accepted, chargingSchedule: { ...chargingSchedule, duration: 700 } }),
      answered(1, accepted),
      answered(4, accepted, { connectorId: 2 }),
      answered(5, { status: 'Rejected' }),
    ];
    expect(foldCompositeSchedule(commands, 1)).toEqual({
      scheduleStart: at(0),
      duration: 700,
      chargingRateUnit: 'W',
      periods: periods([0, 11_000]),
      learntAt: at(3),
      commandId: 'c3',
    });
    expect(foldCompositeSchedule(commands, 0)).toBeNull();
  });

  it('is read as it is meant', () => {
    const odd = {
      chargingRateUnit: 'w',
      startSchedule: at(-5),
      chargingSchedulePeriod: [
        { startPeriod: '60', limit: '7400,5', numberPhases: '3' },
        { startPeriod: 0, limit: 11_000 },
        { startPeriod: 90, limit: null },
      ],
    };
    expect(foldCompositeSchedule([answered(1, { status: 'Accepted', chargingSchedule: odd })], 1)).toMatchObject({
      scheduleStart: at(-5),
      duration: 3_600,
      chargingRateUnit: 'W',
      periods: [
        { startPeriod: 0, limit: 11_000 },
        { startPeriod: 60, limit: 7_400.5, numberPhases: 3 },
      ],
    });
    const unitless = { chargingSchedulePeriod: periods([0, 16]) };
    expect(foldCompositeSchedule([answered(1, { chargingSchedule: unitless })], 1)).toMatchObject({
      scheduleStart: at(1),
      chargingRateUnit: 'A',
    });
    for (const schedule of [null, 7, [], {}, { chargingRateUnit: 'V', chargingSchedulePeriod: periods([0, 1]) }]) {
      expect(foldCompositeSchedule([answered(1, { ...accepted, chargingSchedule: schedule })], 1)).toBeNull();
    }
  });
});

describe('differences', () => {
  const expected = (...limits: [number, number | null][]): ExpectedSchedule => ({
    scheduleStart: at(0),
    duration: 3_600,
    chargingRateUnit: 'A',
    periods: limits.map(([startPeriod, limit]) => ({ startPeriod, limit })),
    transactionId: null,
    supply: USUAL_SUPPLY,
  });
  const reported = (start: number, duration: number, ...limits: [number, number][]): ReportedSchedule => ({
    scheduleStart: at(start),
    duration,
    chargingRateUnit: 'A',
    periods: periods(...limits),
    ...source,
  });

  it('are told with their time, where both say something', () => {
    const [should, is] = [expected([0, 16], [1_800, 8]), reported(-600, 3_600, [0, 16], [1_800, 10])];
    expect(differencesOf(should, is)).toEqual([
      `${at(1_200)} to ${at(1_800)}: 16 A expected, 10 A reported`,
      `${at(1_800)} to ${at(3_000)}: 8 A expected, 10 A reported`,
    ]);
    expect(sideBySide(should, is)).toEqual([
      { from: at(0), until: at(1_200), expected: 16, reported: 16, differs: false },
      { from: at(1_200), until: at(1_800), expected: 16, reported: 10, differs: true },
      { from: at(1_800), until: at(3_000), expected: 8, reported: 10, differs: true },
      { from: at(3_000), until: at(3_600), expected: 8, reported: null, differs: false },
    ]);
  });

  it('are none within 1 %, within what clocks differ by, or where only the station limits', () => {
    expect(differencesOf(expected([0, 16]), reported(0, 3_600, [0, 16.1]))).toEqual([]);
    expect(differencesOf(expected([0, 16]), reported(0, 3_600, [0, 16.2]))).toHaveLength(1);
    expect(differencesOf(expected([0, 16], [600, 8]), reported(0, 3_600, [0, 16], [610, 8]))).toEqual([]);
    expect(differencesOf(expected([0, 16], [600, 8]), reported(0, 3_600, [0, 16], [611, 8]))).toHaveLength(1);
    expect(differencesOf(expected([0, null]), reported(0, 3_600, [0, 32]))).toEqual([]);
    expect(differencesOf(expected([0, 0]), reported(0, 3_600, [0, 0]))).toEqual([]);
  });

  it('are not known where nothing can be compared', () => {
    expect(differencesOf(expected([0, 16]), null)).toBeNull();
    expect(differencesOf(expected([0, 16]), reported(-3_600, 3_600, [0, 16]))).toBeNull();
    expect(differencesOf(expected([0, 16]), { ...reported(0, 60, [0, 16]), chargingRateUnit: 'W' })).toBeNull();
    expect(sideBySide(expected([0, 16]), null)).toEqual([
      { from: at(0), until: at(3_600), expected: 16, reported: null, differs: false },
    ]);
  });
});
