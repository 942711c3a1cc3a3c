import { describe, expect, it } from 'vitest';
import { energyReadings, parseDecimal, samples, timedEntries, type SampledValue } from '../../src/ocpp/meterValues.ts';

const at = '2024-06-01T12:00:00.000Z';
const entry = (sampledValue: SampledValue[], when = at) => ({ timestamp: when, at: when, sampledValue });
const only = (sampled: SampledValue) => samples([entry([sampled])])[0]!;

describe('samples', () => {
  it('fills in the defaults of a value alone', () => {
    expect(only({ value: '1' })).toEqual({
      index: 0,
      at,
      measurand: 'Energy.Active.Import.Register',
      phase: null,
      location: 'Outlet',
      context: 'Sample.Periodic',
      format: 'Raw',
      unit: 'Wh',
      value: '1',
      number: 1,
      normalised: 1,
      normalisedUnit: 'Wh',
    });
  });

  it('gives Wh by default to energy only', () => {
    expect(only({ value: '1', measurand: 'Energy.Active.Export.Interval' })).toMatchObject({ unit: 'Wh' });
    expect(only({ value: '1', measurand: 'Voltage' })).toMatchObject({
      unit: null,
      normalised: 1,
      normalisedUnit: null,
    });
  });

  it('normalises the units of the specification', () => {
    const units: [value: string, unit: string, normalised: number, normalisedUnit: string][] = [
      ['18.123', 'kWh', 18123, 'Wh'],
      ['7', 'Wh', 7, 'Wh'],
      ['1.1', 'kvarh', 1100, 'varh'],
      ['11.04', 'kW', 11040, 'W'],
      ['2', 'kVA', 2000, 'VA'],
      ['2', 'kvar', 2000, 'var'],
      ['16', 'A', 16, 'A'],
      ['21.5', 'Celcius', 21.5, 'Celsius'],
      ['21.5', 'Celsius', 21.5, 'Celsius'],
      ['212', 'Fahrenheit', 100, 'Celsius'],
      ['300.15', 'K', 27, 'Celsius'],
      ['55', 'Percent', 55, 'Percent'],
      ['50', 'Hertz', 50, 'Hertz'],
    ];
    for (const [value, unit, normalised, normalisedUnit] of units) {
      expect(only({ value, unit, measurand: 'X' })).toMatchObject({ unit, normalised, normalisedUnit });
    }
  });

  it('numbers the samples of a whole message', () => {
    const all = samples([entry([{ value: '1' }, { value: '2' }]), entry([{ value: '3' }], '2024-06-01T12:01:00.000Z')]);
    expect(all.map(({ index, value }) => [index, value])).toEqual([
      [0, '1'],
      [1, '2'],
      [2, '3'],
    ]);
    expect(all[2]?.at).toBe('2024-06-01T12:01:00.000Z');
  });

  it('never reads signed data as a number', () => {
    expect(only({ value: '1234', format: 'SignedData' })).toMatchObject({ number: null, normalised: null });
    expect(only({ value: 'OCMF|{"FV":"1.0"}|{"SD":"30"}' })).toMatchObject({ number: null, normalised: null });
  });
});

describe('parseDecimal', () => {
  it('reads decimal numbers as stations write them', () => {
    const texts: [text: string, number: number][] = [
      ['0', 0],
      ['-12.50', -12.5],
      ['+3', 3],
      ['1,5', 1.5],
      ['1.5e3', 1500],
      ['.5', 0.5],
      ['5.', 5],
      [' 7 ', 7],
    ];
    for (const [text, number] of texts) expect([text, parseDecimal(text)]).toEqual([text, number]);
  });

  it('reads nothing else', () => {
    for (const text of ['', ' ', 'NaN', 'Infinity', '0x10', '1.234,5', '1 000', '12 kWh', '1e999', '.', '-', 'abc']) {
      expect([text, parseDecimal(text)]).toEqual([text, null]);
    }
  });
});

describe('energyReadings', () => {
  const later = '2024-06-01T12:15:00.000Z';
  const register = (...entries: ReturnType<typeof entry>[]) => energyReadings(entries).register;

  it('are in Wh and by time, wherever they stand', () => {
    const entries = [entry([{ value: '2.5', unit: 'kWh' }], later), entry([{ value: '1000' }])];
    expect(register(...entries)).toEqual([
      [at, 1000],
      [later, 2500],
    ]);
  });

  it('are the overall value, not the phases beside it', () => {
    const phases = ['L1', 'L2', 'L3'].map((phase) => ({ value: '1', phase }));
    expect(register(entry([...phases, { value: '10' }]))).toEqual([[at, 10]]);
  });

  it('are the sum of the phases of one instant where there is no overall value', () => {
    const old = entry([{ value: '1' }]);
    const phases = [
      { value: '1', phase: 'L1-N', unit: 'kWh' },
      { value: '2', phase: 'L2-N', unit: 'kWh' },
      { value: '3.5', phase: 'L3-N', unit: 'kWh' },
      { value: '900', phase: 'N', unit: 'kWh' },
    ];
    expect(register(old, entry(phases, later))).toEqual([
      [at, 1],
      [later, 6500],
    ]);
  });

  it('are of the outlet rather than of other locations at the same instant', () => {
    expect(register(entry([{ value: '5' }, { value: '99', location: 'Inlet' }]))).toEqual([[at, 5]]);
    expect(register(entry([{ value: '99', location: 'Inlet' }]))).toEqual([[at, 99]]);
  });

  it('are told apart by what they say: begin, end, intervals by the clock or not, power', () => {
    const all = entry([
      { value: '10', context: 'Transaction.Begin' },
      { value: '20', context: 'Transaction.End' },
      { value: '0.1', unit: 'kWh', measurand: 'Energy.Active.Import.Interval' },
      { value: '300', measurand: 'Energy.Active.Import.Interval', context: 'Sample.Clock' },
      ...['L1', 'L2', 'L3'].map((phase) => ({ value: '2', unit: 'kW', phase, measurand: 'Power.Active.Import' })),
    ]);
    expect(energyReadings([all])).toEqual({
      register: [],
      begin: [[at, 10]],
      end: [[at, 20]],
      interval: [[at, 100]],
      clockInterval: [[at, 300]],
      power: [[at, 6000]],
    });
  });

  it('are no other measurands, no other units and nothing that is no number', () => {
    const others = [
      { value: '1', measurand: 'Energy.Active.Export.Register' },
      { value: '1', measurand: 'Energy.Active.Export.Interval' },
      { value: '1', measurand: 'Energy.Reactive.Import.Register' },
      { value: '2', measurand: 'Power.Active.Import', unit: 'hp' },
      { value: '2', measurand: 'Power.Active.Export', unit: 'W' },
      { value: '3', unit: 'furlong' },
      { value: 'NaN' },
      { value: '4', phase: 'L1-L2' },
      { value: '5', format: 'SignedData' },
    ];
    expect(Object.values(energyReadings([entry(others)])).flat()).toEqual([]);
    expect(Object.values(energyReadings([])).flat()).toEqual([]);
  });
});

describe('timedEntries', () => {
  it('fixes each time and drops what has no value', () => {
    const meterValue = [
      { timestamp: '2024-06-01T13:59:00+02:00', sampledValue: [{ value: '1' }, { unit: 'Wh' }] },
      { timestamp: '1970-01-01T00:00:00Z', sampledValue: [] },
      {},
    ];
    const timed = timedEntries(meterValue, at, 'meterValue');
    expect(timed.entries).toEqual([
      { timestamp: '2024-06-01T13:59:00+02:00', at: '2024-06-01T11:59:00.000Z', sampledValue: [{ value: '1' }] },
      { timestamp: '1970-01-01T00:00:00Z', at, sampledValue: [] },
      { timestamp: '', at, sampledValue: [] },
    ]);
    expect(timed).toMatchObject({ newest: at, plausible: false });
    expect(timed.notes).toEqual([expect.stringContaining('implausibleTime: meterValue[1].timestamp')]);
  });
});
