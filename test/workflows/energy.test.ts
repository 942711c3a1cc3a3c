import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SampledValue } from '../../src/ocpp/meterValues.ts';
import { tick } from '../../workflows/state/actor.ts';
import type { Transaction } from '../../workflows/state/model.ts';
import { Station } from './station.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const at = (minute: number) => new Date(T0 + minute * MINUTE).toISOString();
const entry = (minute: number, sampledValue: SampledValue[]) => ({
  timestamp: at(minute),
  at: at(minute),
  sampledValue,
});

/** What a station says of transaction 7, to be said in any order. */
type Said = (station: Station) => Station;
const start =
  (meterStart?: number): Said =>
  (station) =>
    station.say(
      station.message(
        'StartTransaction',
        { connectorId: 1, idTag: 'TAG', timestamp: at(0), ...(meterStart === undefined ? {} : { meterStart }) },
        { at: at(0), answer: { result: { transactionId: 7, idTagInfo: { status: 'Accepted' } } } },
      ),
    );
const stop =
  (minute: number, meterStop?: number, transactionData?: unknown[]): Said =>
  (station) =>
    station.say(
      station.message(
        'StopTransaction',
        { transactionId: 7, ...(meterStop === undefined ? {} : { meterStop }), transactionData },
        { at: at(minute) },
      ),
    );
const sampled =
  (minute: number, ...sampledValue: SampledValue[]): Said =>
  (station) =>
    station.say(
      station.message(
        'MeterValues',
        { connectorId: 1, transactionId: 7, meterValue: [entry(minute, sampledValue)] },
        { at: at(minute) },
      ),
    );
const register = (...readings: [minute: number, wh: number][]): Said[] =>
  readings.map(([minute, wh]) => sampled(minute, { value: String(wh) }));
const power = (minute: number, watts: number): Said =>
  sampled(minute, { value: String(watts), measurand: 'Power.Active.Import', unit: 'W' });
const interval = (minute: number, wh: number, more: Partial<SampledValue> = {}): Said =>
  sampled(minute, { value: String(wh), measurand: 'Energy.Active.Import.Interval', ...more });

function after(...said: (Said | Said[])[]): Transaction {
  const station = new Station().connects('1-1').boots();
  for (const say of said.flat()) say(station);
  return station.state.transactions[7]!;
}

const doubts = ({ notes }: Transaction) => notes.filter((note) => note.startsWith('energy: '));

describe('the energy of a transaction', () => {
  it('is meterStop − meterStart where its readings agree, rounded or not', () => {
    const readings = register([1, 1_000.6], [2, 1_200.4], [3, 1_600.4], [4, 2_000.9]);
    const t = after(start(1_001), readings, stop(5, 2_000));
    expect(t).toMatchObject({ energyWh: 999, energySource: 'register', notes: [] });
  });

  it('is null while it is open', () => {
    expect(after(start(0), register([1, 50], [2, 90]))).toMatchObject({ energyWh: null, energySource: null });
  });

  it('does not mind a single reading that is off, and says so', () => {
    const readings = register([1, 5_000], [2, 6_000], [3, 0], [4, 7_000], [5, 99_999_999], [6, 7_500]);
    const t = after(start(5_000), readings, stop(7, 8_000));
    expect(t).toMatchObject({ energyWh: 3_000, energySource: 'register' });
    expect(doubts(t)).toEqual([
      `energy: a single reading of 0 Wh at ${at(3)} is left out`,
      `energy: a single reading of 99999999 Wh at ${at(5)} is left out`,
    ]);
  });

  it('does not mind meters in whole kWh beside a start and a stop in Wh', () => {
    const t = after(start(5_361), register([1, 5_000], [20, 6_000], [40, 7_000], [60, 8_000]), stop(61, 7_600));
    expect(t).toMatchObject({ energyWh: 2_239, energySource: 'register', notes: [] });
  });

  it('is counted in two parts where the meter was replaced', () => {
    const readings = register([10, 5_200], [20, 5_400], [30, 12], [40, 1_000], [90, 9_000]);
    const t = after(start(5_000), readings, stop(91, 9_000));
    expect(t).toMatchObject({ energyWh: 400 + 8_988, energySource: 'readings' });
    expect(doubts(t)).toEqual([`energy: the meter went back from 5400 to 12 Wh at ${at(30)}: counted in two parts`]);
  });

  it('is counted in two parts where another meter stood higher', () => {
    const readings = register([10, 5_200], [20, 5_400], [21, 1_234_000], [30, 1_235_000]);
    const t = after(start(5_000), readings, stop(40, 1_236_000));
    expect(t).toMatchObject({ energyWh: 400 + 2_000, energySource: 'readings' });
    expect(doubts(t).join()).toContain('the meter went on from 5400 to 1234000 Wh');
  });

  it('goes on where the register rolls over', () => {
    const readings = register([10, 99_999_000], [20, 500]);
    const t = after(start(99_998_000), readings, stop(30, 1_500));
    expect(t).toMatchObject({ energyWh: 3_500, energySource: 'register' });
    expect(doubts(t).join()).toContain('rolled over from 99999000 to 500 Wh');
    expect(after(start(2 ** 31 - 1_000), stop(30, 2_000)).energyWh).toBe(3_000);
  });

  it('is of the readings where the stop says 0, or nothing', () => {
    for (const meterStop of [0, undefined]) {
      const t = after(start(5_000), register([10, 5_200], [20, 5_900]), stop(21, meterStop));
      expect(t).toMatchObject({ energyWh: 900, energySource: 'readings' });
      expect(doubts(t)).toHaveLength(1);
    }
  });

  it('is of the readings where the start says 0 and the meter stands elsewhere, or nothing', () => {
    for (const meterStart of [0, undefined]) {
      const t = after(start(meterStart), register([1, 1_234_000], [20, 1_235_000]), stop(21, 1_236_000));
      expect(t).toMatchObject({ energyWh: 2_000, energySource: 'readings' });
      expect(doubts(t)).toHaveLength(1);
    }
  });

  it('does not take a start of 0 for true where the meter stands elsewhere by less', () => {
    const t = after(start(0), register([1, 45_000], [20, 47_000]), stop(21, 48_000));
    expect(t).toMatchObject({ energyWh: 3_000, energySource: 'readings' });
    expect(after(start(0), register([20, 45_000]), stop(21, 48_000))).toMatchObject({ energyWh: 48_000 });
  });

  it('is meterStop − meterStart where meter values count the session only', () => {
    for (const begin of [5_000, 50_000, 1_000_000]) {
      const t = after(start(begin), register([1, 0], [2, 300], [30, 7_900]), stop(31, begin + 8_000));
      expect(t).toMatchObject({ energyWh: 8_000, energySource: 'register' });
      expect(doubts(t)).toEqual(['energy: meter values count from 0 Wh, meterStart and meterStop otherwise']);
    }
  });

  it('is of Transaction.Begin and Transaction.End where start and stop say 0', () => {
    const data = [
      entry(30, [
        { value: '40', unit: 'kWh', context: 'Transaction.Begin' },
        { value: '52.5', unit: 'kWh', context: 'Transaction.End' },
      ]),
    ];
    const t = after(start(0), stop(30, 0, data));
    expect(t).toMatchObject({ energyWh: 12_500, energySource: 'readings', lastReadingWh: 52_500 });
    expect(doubts(t)).toHaveLength(2);
  });

  it('takes transactionData for readings like any others', () => {
    const data = [entry(10, [{ value: '5300' }]), entry(20, [{ value: '5700' }])];
    expect(after(start(5_000), stop(30, undefined, data))).toMatchObject({ energyWh: 700, energySource: 'readings' });
  });

  it('does not depend on the order of its messages, nor on what comes again', () => {
    const readings = register([10, 5_200], [20, 5_400], [30, 12], [40, 1_000], [90, 9_000]);
    const [a, b, c, d, e] = readings as [Said, Said, Said, Said, Said];
    const first = start(5_000);
    const last = stop(91, 9_000);
    for (const order of [
      [first, a, c, d, b, e, last],
      [first, a, e, last, c, d, b],
      [last, first, e, d, c, b, a],
      [first, a, a, b, b, c, d, c, e, e, last, a, e],
    ]) {
      expect(after(...order)).toMatchObject({ energyWh: 9_388, energySource: 'readings' });
    }
  });

  it('is exact in any order of messages that agree', () => {
    const steps = fc.array(fc.nat(2_000), { minLength: 1, maxLength: 12 });
    const places = fc.array(fc.nat(), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(steps, places, (rises, order) => {
        const readings = rises.map((_, i): [number, number] => [
          i + 1,
          100 + rises.slice(0, i + 1).reduce((a, b) => a + b, 0),
        ]);
        const last = readings.at(-1)![1];
        const said = [start(100), stop(rises.length + 1, last + 7), ...register(...readings, readings[0]!)];
        const keyed = said.map((say, i) => ({ say, key: order[i] ?? i })).toSorted((a, b) => a.key - b.key);
        const startPlace = keyed.findIndex(({ say }) => say === said[0]);
        // Readings of a transaction that neither start nor stop has told of are stored, and count for nothing.
        const known = [...keyed.splice(startPlace, 1), ...keyed];
        expect(after(...known.map(({ say }) => say))).toMatchObject({
          energyWh: last + 7 - 100,
          energySource: 'register',
          notes: [],
        });
      }),
      { numRuns: 200 },
    );
  });

  it('goes on where the clock was set back', () => {
    const readings = register([10, 1_000], [20, 1_100], [-40, 1_200], [-30, 1_300]);
    const t = after(start(900), readings, stop(-20, 1_400));
    expect(t).toMatchObject({ energyWh: 500, energySource: 'register' });
    expect(doubts(t).join()).toContain('the clock was set back');
    expect(doubts(t).join()).toContain('before its start');
    expect(after(start(900), readings, stop(25))).toMatchObject({ energyWh: 400, energySource: 'readings' });
  });

  it('is the sum of its intervals, each counted once, where there is no register', () => {
    const t = after(
      start(),
      interval(15, 500),
      interval(30, 0.7, { unit: 'kWh' }),
      interval(15, 500),
      stop(40, undefined, [
        entry(30, [{ value: '700', measurand: 'Energy.Active.Import.Interval' }]),
        entry(40, [{ value: '100', measurand: 'Energy.Active.Import.Interval' }]),
      ]),
    );
    expect(t).toMatchObject({ energyWh: 1_300, energySource: 'interval' });
    expect(doubts(t)).toHaveLength(1);
  });

  it('does not add clock-aligned intervals to the others, and counts more of them than it keeps', () => {
    const minutes = Array.from({ length: 60 }, (_, i) => i + 1);
    const said = [
      ...minutes.map((minute) => interval(minute, 100)),
      ...[15, 30, 45, 60].map((minute) => interval(minute, 1_500, { context: 'Sample.Clock' })),
    ];
    const t = after(start(), said, stop(61));
    expect(t).toMatchObject({ energyWh: 6_000, energySource: 'interval' });
    expect(t.readings!.interval!.newest.length).toBeLessThan(30);
  });

  it('is power over time where there is nothing else', () => {
    const said = Array.from({ length: 61 }, (_, minute) => power(minute, minute < 30 ? 6_000 : 12_000));
    const t = after(start(), said, stop(61));
    expect(t.energySource).toBe('power');
    expect(t.energyWh).toBeCloseTo(9_050, -2);
    expect(after(start(), said.toReversed(), stop(61)).energySource).toBe('power');
  });

  it('prefers the register to power, and forgets power once the register rises', () => {
    const t = after(start(100), power(1, 11_000), power(2, 11_000), register([3, 100], [4, 300]), stop(5, 900));
    expect(t).toMatchObject({ energyWh: 800, energySource: 'register' });
    expect(t.readings!.power).toBeUndefined();
  });

  it('is doubted where power flowed and the register stood still', () => {
    const said = Array.from({ length: 20 }, (_, minute) => power(minute, 11_000));
    const t = after(start(0), said, stop(20, 0));
    expect(t).toMatchObject({ energyWh: 0, energySource: 'register' });
    expect(doubts(t).join()).toContain('the register stood still while power came to 3483 Wh');
  });

  it('never counts what was exported', () => {
    const exported = (minute: number, wh: number) =>
      sampled(minute, { value: String(wh), measurand: 'Energy.Active.Export.Register' });
    const t = after(start(), exported(1, 100), exported(5, 900), stop(6));
    expect(t).toMatchObject({ energyWh: null, energySource: null });
  });

  it('of an estimated end is that of its readings, and 0 without any', () => {
    const station = new Station().connects('1-1').boots();
    start(1_000)(station);
    station.wait(MINUTE).status('Available');
    const ended = tick(station.state, station.now + 900_000).transactions[7]!;
    expect(ended).toMatchObject({ end: 'estimated', energyWh: 0, energySource: 'readings' });
    expect(doubts(ended)).toEqual(['energy: nothing was read since its start']);
    station.state = tick(station.state, station.now + 900_000);
    sampled(20, { value: '1700' })(station);
    expect(station.state.transactions[7]).toMatchObject({ end: 'estimated', energyWh: 700, energySource: 'readings' });
    expect(doubts(station.state.transactions[7]!)).toEqual([]);
  });

  it('goes on from the last reading that was kept before there were more', () => {
    const station = new Station().connects('1-1').boots();
    start(1_000)(station);
    const carried = { ...station.state.transactions[7]!, lastReadingAt: at(5), lastReadingWh: 1_500, readings: null };
    station.state = { ...station.state, transactions: { 7: carried } };
    sampled(10, { value: '1900' })(station);
    stop(11)(station);
    expect(station.state.transactions[7]).toMatchObject({ energyWh: 900, energySource: 'readings' });
  });

  it('is kept small, however many readings there are and however the meter jumps', () => {
    const many = Array.from({ length: 2_000 }, (_, i) => [i, i * 10] as [number, number]);
    const t = after(start(0), register(...many), stop(2_001, 20_000));
    expect(t).toMatchObject({ energyWh: 20_000, energySource: 'register' });
    expect(JSON.stringify(t.readings).length).toBeLessThan(300);
    const wild = many.map(([minute]) => [minute, (minute * 7_919) % 50_000] as [number, number]);
    expect(JSON.stringify(after(start(0), register(...wild)).readings).length).toBeLessThan(3_000);
  });
});
