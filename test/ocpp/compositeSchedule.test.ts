import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compositeSchedule, limitAt, stackOf } from '../../src/ocpp/compositeSchedule.ts';
import type { InstalledProfile, LimitQuestion, Schedule } from '../../src/ocpp/compositeSchedule.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const ms = (text: string) => Date.parse(text);
/** A Friday. */
const NOON = ms('2026-01-02T12:00:00Z');

let ids = 0;
/** A TxDefaultProfile for connector 1, at once and without end, unless told otherwise. */
function profile(
  schedule: Partial<Schedule>,
  rest: Partial<Omit<InstalledProfile, 'schedule'>> = {},
): InstalledProfile {
  return {
    chargingProfileId: ++ids,
    connectorId: 1,
    installedAt: NOON - DAY * 1_000,
    stackLevel: 0,
    purpose: 'TxDefaultProfile',
    kind: 'Absolute',
    recurrencyKind: null,
    ...rest,
    schedule: { start: NOON, unit: 'A', periods: [{ startPeriod: 0, limit: 16 }], ...schedule },
  };
}

const flat = (limit: number, rest: Partial<Schedule> = {}): Partial<Schedule> => ({
  ...rest,
  periods: [{ startPeriod: 0, limit }],
});
const most = { connectorId: 0, purpose: 'ChargePointMaxProfile' };
const daily = { kind: 'Recurring', recurrencyKind: 'Daily' };

/** `[s from noon on, limit]` of each period of a day. */
function limits(profiles: InstalledProfile[], rest: Partial<LimitQuestion> = {}, seconds = DAY, from = NOON) {
  const question: LimitQuestion = { connectorId: 1, unit: 'A', ...rest };
  return compositeSchedule(profiles, question, { from, seconds }).map(({ startPeriod, limit }) => [startPeriod, limit]);
}

describe('a schedule', () => {
  it('limits nothing where there is none', () => {
    expect(limits([])).toEqual([[0, null]]);
    expect(limits([], {}, 0)).toEqual([[0, null]]);
  });

  it('has its periods exactly where they begin, the last one without end', () => {
    const periods = [
      { startPeriod: 0, limit: 16 },
      { startPeriod: 1, limit: 10 },
      { startPeriod: 3_601, limit: 6.5 },
    ];
    expect(limits([profile({ periods })])).toEqual([
      [0, 16],
      [1, 10],
      [3_601, 6.5],
    ]);
    expect(limits([profile({ periods })], {}, 3_601)).toEqual([
      [0, 16],
      [1, 10],
    ]);
    // Asked for later: the same instants, counted from then on.
    expect(limits([profile({ periods })], {}, DAY, NOON + 600_000)).toEqual([
      [0, 10],
      [3_001, 6.5],
    ]);
  });

  it('ends with its duration, whatever periods are left', () => {
    const periods = [
      { startPeriod: 0, limit: 16 },
      { startPeriod: 2 * HOUR, limit: 10 },
    ];
    expect(limits([profile({ duration: HOUR, periods })])).toEqual([
      [0, 16],
      [HOUR, null],
    ]);
  });

  it('counts from validFrom to validTo only', () => {
    const valid = { validFrom: NOON + 90_000, validTo: NOON + 100_000 };
    expect(limits([profile({}, valid)])).toEqual([
      [0, null],
      [90, 16],
      [100, null],
    ]);
  });

  it('that is relative, or has no start, counts from the start of charging (§7.13)', () => {
    const periods = [
      { startPeriod: 0, limit: 16 },
      { startPeriod: HOUR, limit: 8 },
    ];
    const relative = profile({ periods }, { kind: 'Relative' });
    const transactionStart = NOON - 600_000;
    const after50minutes = [
      [0, 16],
      [3_000, 8],
    ];
    expect(limits([relative], { transactionStart })).toEqual(after50minutes);
    expect(limits([profile({ periods, start: undefined })], { transactionStart })).toEqual(after50minutes);
    // Nobody charges: as for somebody who begins now.
    expect(limits([relative])).toEqual([
      [0, 16],
      [HOUR, 8],
    ]);
    // Of no transaction: from when it came.
    expect(limits([{ ...relative, ...most, installedAt: NOON - 600_000 }])).toEqual(after50minutes);
  });
});

describe('a recurring schedule', () => {
  /** §3.13.7: 6 kW between 08:00 and 20:00, 11 kW otherwise. */
  const example = profile(
    {
      start: ms('2013-01-01T00:00Z'),
      duration: DAY,
      unit: 'W',
      periods: [
        { startPeriod: 0, limit: 11_000, numberPhases: 3 },
        { startPeriod: 28_800, limit: 6_000, numberPhases: 3 },
        { startPeriod: 72_000, limit: 11_000, numberPhases: 3 },
      ],
    },
    daily,
  );

  it('is the same every day, as in the example of §3.13.7', () => {
    expect(limits([example], { unit: 'W' }, 2 * DAY)).toEqual([
      [0, 6_000],
      [8 * HOUR, 11_000],
      [20 * HOUR, 6_000],
      [32 * HOUR, 11_000],
      [44 * HOUR, 6_000],
    ]);
  });

  it('says nothing before its first start, nor between its duration and the next start (§5.16.4)', () => {
    const schedule = flat(6, { start: NOON + HOUR * 1_000, duration: 2 * HOUR });
    expect(limits([profile(schedule, daily)], {}, 2 * DAY)).toEqual([
      [0, null],
      [HOUR, 6],
      [3 * HOUR, null],
      [25 * HOUR, 6],
      [27 * HOUR, null],
    ]);
  });

  it('does not execute what is left of it when the next one begins (§5.16.4)', () => {
    const periods = [
      { startPeriod: 0, limit: 6 },
      { startPeriod: 23 * HOUR, limit: 8 },
      { startPeriod: 25 * HOUR, limit: 32 },
    ];
    expect(limits([profile({ duration: 3 * DAY, periods }, daily)], {}, 2 * DAY)).toEqual([
      [0, 6],
      [23 * HOUR, 8],
      [24 * HOUR, 6],
      [47 * HOUR, 8],
    ]);
  });

  it('may be one of weeks, from the day of its start on', () => {
    const weekly = { kind: 'Recurring', recurrencyKind: 'Weekly' };
    const schedule = flat(6, { start: NOON - 6 * DAY * 1_000, duration: HOUR });
    expect(limits([profile(schedule, weekly)], {}, 9 * DAY)).toEqual([
      [0, null],
      [DAY, 6],
      [DAY + HOUR, null],
      [8 * DAY, 6],
      [8 * DAY + HOUR, null],
    ]);
  });
});

describe('stacking (§3.13.2)', () => {
  it('lets the highest level go first while it is valid, and the next one when its schedule is over', () => {
    const holiday = { stackLevel: 3, validFrom: NOON + HOUR * 1_000, validTo: NOON + 5 * HOUR * 1_000 };
    const profiles = [
      profile(flat(6)),
      profile(flat(32, { start: NOON, duration: 2 * HOUR }), holiday),
      profile(flat(10, { start: NOON, duration: 3 * HOUR }), { stackLevel: 1 }),
    ];
    expect(limits(profiles)).toEqual([
      [0, 10],
      [HOUR, 32],
      [2 * HOUR, 10],
      [3 * HOUR, 6],
    ]);
    expect(limits(profiles.toReversed())).toEqual(limits(profiles));
  });

  it('without a duration on the highest level never falls back (errata 3.7)', () => {
    expect(limits([profile(flat(6)), profile(flat(32), { stackLevel: 1 })])).toEqual([[0, 32]]);
  });

  it('the TxDefaultProfile of a connector goes before those of all connectors, and is for no other (§3.13.1)', () => {
    const profiles = [
      profile(flat(6), { connectorId: 0, stackLevel: 9 }),
      profile(flat(10, { duration: HOUR }), { connectorId: 1 }),
    ];
    expect(limits(profiles)).toEqual([
      [0, 10],
      [HOUR, 6],
    ]);
    expect(limits(profiles, { connectorId: 2 })).toEqual([[0, 6]]);
    expect(stackOf(profiles, 'TxDefaultProfile', 1).map(({ stackLevel }) => stackLevel)).toEqual([0, 9]);
  });

  it('a TxProfile overrules the TxDefaultProfile, at its connector (§3.13.1)', () => {
    const profiles = [
      profile(flat(6), { stackLevel: 9 }),
      profile(flat(20, { duration: HOUR }), { purpose: 'TxProfile' }),
    ];
    expect(limits(profiles)).toEqual([
      [0, 20],
      [HOUR, 6],
    ]);
    expect(limits(profiles, { connectorId: 2 })).toEqual([[0, null]]);
  });
});

describe('combining purposes (§3.13.3)', () => {
  /** Intervals of different lengths. */
  const transaction = profile(
    {
      periods: [
        { startPeriod: 0, limit: 32 },
        { startPeriod: HOUR, limit: 8 },
        { startPeriod: 3 * HOUR, limit: 20 },
      ],
    },
    { purpose: 'TxProfile' },
  );
  const cap = profile(
    {
      periods: [
        { startPeriod: 0, limit: 25 },
        { startPeriod: 2 * HOUR, limit: 16 },
        { startPeriod: 4 * HOUR, limit: 40 },
      ],
    },
    most,
  );

  it('takes the lowest of them at each time', () => {
    expect(limits([transaction, cap])).toEqual([
      [0, 25],
      [HOUR, 8],
      [3 * HOUR, 16],
      [4 * HOUR, 20],
    ]);
  });

  it('of the charge point as a whole is its ChargePointMaxProfile', () => {
    expect(limits([transaction, cap, profile(flat(1), { connectorId: 0 })], { connectorId: 0 })).toEqual([
      [0, 25],
      [2 * HOUR, 16],
      [4 * HOUR, 40],
    ]);
  });

  it('is never above what the charge point can give by itself', () => {
    const supply = { voltage: 230, phases: 3 };
    expect(limits([cap], { localLimit: 22_080, supply })).toEqual([
      [0, 25],
      [2 * HOUR, 16],
      [4 * HOUR, 32],
    ]);
    expect(limits([], { unit: 'W', localLimit: 22_080, supply })).toEqual([[0, 22_080]]);
  });
});

describe('units', () => {
  const asked = (schedule: Partial<Schedule>, question: Partial<LimitQuestion>) =>
    limitAt([profile(schedule)], { connectorId: 1, unit: 'A', ...question }, NOON);

  it('are converted with 230 V and three phases, rounded down to one digit', () => {
    expect(asked(flat(16), { unit: 'W' })).toEqual({ limit: 11_040 });
    expect(asked(flat(11_000, { unit: 'W' }), {})).toEqual({ limit: 15.9 });
    expect(asked(flat(16.1), {})).toEqual({ limit: 16.1 });
  });

  it('or with what the charge point has', () => {
    const supply = { voltage: 110, phases: 1 };
    expect(asked(flat(16), { unit: 'W', supply })).toEqual({ limit: 1_760 });
    expect(asked(flat(1_100, { unit: 'W' }), { supply })).toEqual({ limit: 10 });
  });

  it('count for the phases that the period names, never for more than there are (errata 3.34)', () => {
    const single = { periods: [{ startPeriod: 0, limit: 16, numberPhases: 1 }] };
    expect(asked(single, { unit: 'W' })).toEqual({ limit: 3_680, numberPhases: 1 });
    const three = { periods: [{ startPeriod: 0, limit: 16, numberPhases: 3 }] };
    expect(asked(three, { unit: 'W', supply: { voltage: 230, phases: 1 } })).toEqual({ limit: 3_680, numberPhases: 3 });
    const both = [profile(single), profile({ ...flat(10), unit: 'A' }, most)];
    expect(limitAt(both, { connectorId: 1, unit: 'W' }, NOON)).toEqual({ limit: 2_300, numberPhases: 1 });
  });
});

describe('any profiles', () => {
  const schedule = fc.record({
    start: fc.option(fc.integer({ min: -3 * DAY, max: 2 * DAY }), { nil: undefined }),
    duration: fc.option(fc.integer({ min: 0, max: 2 * DAY }), { nil: undefined }),
    unit: fc.constantFrom('A' as const, 'W' as const),
    periods: fc.uniqueArray(fc.integer({ min: 1, max: 2 * DAY }), { maxLength: 4 }).chain((starts) =>
      fc.tuple(
        ...[0, ...starts.toSorted((a, b) => a - b)].map((startPeriod) =>
          fc.record({
            startPeriod: fc.constant(startPeriod),
            limit: fc.integer({ min: 0, max: 20_000 }),
            numberPhases: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
          }),
        ),
      ),
    ),
  });
  const instant = fc.option(fc.integer({ min: -DAY, max: 2 * DAY }), { nil: undefined });
  const at = (seconds: number | undefined) => (seconds === undefined ? undefined : NOON + seconds * 1_000);
  const installed = fc
    .record({
      schedule,
      connectorId: fc.integer({ min: 0, max: 2 }),
      stackLevel: fc.integer({ min: 0, max: 3 }),
      purpose: fc.constantFrom('ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile'),
      kind: fc.constantFrom('Absolute', 'Recurring', 'Relative'),
      recurrencyKind: fc.constantFrom('Daily', 'Weekly'),
      validFrom: instant,
      validTo: instant,
    })
    .map(({ schedule: { start, ...rest }, validFrom, validTo, ...given }) =>
      profile({ ...rest, start: at(start) }, { ...given, validFrom: at(validFrom), validTo: at(validTo) }),
    );

  it('have a composite schedule that says of every second what limits at it, in as few periods as that takes', () => {
    fc.assert(
      fc.property(
        fc.array(installed, { maxLength: 5 }),
        fc.integer({ min: 0, max: 1 }),
        fc.constantFrom('A' as const, 'W' as const),
        fc.array(fc.integer({ min: 0, max: 2 * DAY - 1 }), { minLength: 20, maxLength: 20 }),
        (profiles, connectorId, unit, seconds) => {
          const question: LimitQuestion = { connectorId, unit, transactionStart: NOON - 1_800_000 };
          const periods = compositeSchedule(profiles, question, { from: NOON, seconds: 2 * DAY });
          expect(periods[0]?.startPeriod).toBe(0);
          const boundaries = periods.flatMap(({ startPeriod }) => [startPeriod, Math.max(0, startPeriod - 1)]);
          for (const second of [...seconds, ...boundaries]) {
            const { startPeriod: _, ...said } = periods.findLast(({ startPeriod }) => startPeriod <= second)!;
            expect(said).toEqual(limitAt(profiles, question, NOON + second * 1_000));
          }
          periods.slice(1).forEach((period, i) => {
            expect(period.startPeriod).toBeGreaterThan(periods[i]!.startPeriod);
            expect([period.limit, period.numberPhases]).not.toEqual([periods[i]!.limit, periods[i]!.numberPhases]);
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
