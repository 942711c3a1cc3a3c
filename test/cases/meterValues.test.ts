import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SampledValue } from '../../src/ocpp/meterValues.ts';
import { startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { actorOf, factsFrom, transactionOf } from './actor.ts';
import { messages, tag } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
let stations = 0;
let id: string;
let client: Client;

beforeAll(async () => {
  test = await startTestEdge({ rows: { idTags: [tag('T')] } });
});
afterAll(() => test.close());

/** A station that nobody has heard of yet. */
async function station(): Promise<void> {
  id = `CP${++stations}`;
  client = await test.connect(`/${id}`);
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const entry = (sampledValue: unknown, timestamp: unknown = ago(0)) => ({ timestamp, sampledValue });

/** MeterValues, which are answered with an empty object whatever is in them. */
async function sends(meterValue: unknown, more: object = {}): Promise<void> {
  const [type, , answer] = await client.call('MeterValues', { connectorId: 1, meterValue, ...more });
  expect([type, answer]).toEqual([3, {}]);
}
const rows = () => factsFrom(test, id).meterValue;
const notes = () => messages(test, id).flatMap((message) => message.notes ?? []);

async function starts(): Promise<number> {
  const payload = { connectorId: 1, idTag: 'T', meterStart: 1_000, timestamp: ago(3_600) };
  const [, , answer] = await client.call('StartTransaction', payload);
  return (answer as { transactionId: number }).transactionId;
}

describe('sampled values', () => {
  rule(61, async () => {
    await station();
    await sends([entry([{ value: '1' }, { value: '2', measurand: 'Voltage' }])]);
    expect(rows()).toMatchObject([
      {
        measurand: 'Energy.Active.Import.Register',
        unit: 'Wh',
        format: 'Raw',
        location: 'Outlet',
        context: 'Sample.Periodic',
        phase: null,
        normalised: 1,
      },
      { measurand: 'Voltage', unit: null, normalised: 2 },
    ]);
    expect(notes()).toEqual([]);
  });

  const ENERGY = ['Energy.Active', 'Energy.Reactive'].flatMap((kind) =>
    ['Import', 'Export'].flatMap((way) => ['Register', 'Interval'].map((of) => `${kind}.${way}.${of}`)),
  );
  const MEASURANDS = ENERGY.concat(
    ['Current.Export', 'Current.Import', 'Current.Offered', 'Frequency', 'Power.Active.Export'],
    ['Power.Active.Import', 'Power.Factor', 'Power.Offered', 'Power.Reactive.Export', 'Power.Reactive.Import'],
    ['RPM', 'SoC', 'Temperature', 'Voltage'],
  );
  rule(62, 'measurands', async () => {
    await station();
    expect(MEASURANDS).toHaveLength(22);
    await sends([entry(MEASURANDS.map((measurand) => ({ value: '1', measurand })))]);
    expect(rows().map(({ measurand }) => measurand)).toEqual(MEASURANDS);
    expect(notes()).toEqual([]);
  });

  rule(62, 'units', async () => {
    await station();
    const units: [unit: string, normalised: number, normalisedUnit: string][] = [
      ['Wh', 300, 'Wh'],
      ['kWh', 300_000, 'Wh'],
      ['varh', 300, 'varh'],
      ['kvarh', 300_000, 'varh'],
      ['W', 300, 'W'],
      ['kW', 300_000, 'W'],
      ['VA', 300, 'VA'],
      ['kVA', 300_000, 'VA'],
      ['var', 300, 'var'],
      ['kvar', 300_000, 'var'],
      ['A', 300, 'A'],
      ['V', 300, 'V'],
      ['Celsius', 300, 'Celsius'],
      ['Celcius', 300, 'Celsius'],
      ['K', 26.85, 'Celsius'],
      ['Percent', 300, 'Percent'],
    ];
    await sends([entry([...units, ['Hertz']].map(([unit]) => ({ value: '300', unit, measurand: 'Temperature' })))]);
    const stored = rows().map(({ unit, normalised, normalisedUnit }) => [unit, normalised, normalisedUnit]);
    expect(stored).toEqual([...units, ['Hertz', 300, 'Hertz']]);
    expect(notes()).toEqual([expect.stringMatching(/^unknownValue: .*"Hertz"/)]);
  });

  rule(62, 'phases, contexts and locations', async () => {
    await station();
    const phases = ['L1', 'L2', 'L3', 'N', 'L1-N', 'L2-N', 'L3-N', 'L1-L2', 'L2-L3', 'L3-L1'];
    const contexts = ['Interruption.Begin', 'Interruption.End', 'Other', 'Sample.Clock', 'Sample.Periodic'];
    contexts.push('Transaction.Begin', 'Transaction.End', 'Trigger');
    const locations = ['Body', 'Cable', 'EV', 'Inlet', 'Outlet'];
    const samples: object[] = phases.map((phase) => ({ value: '230', measurand: 'Voltage', phase }));
    for (const context of contexts) for (const location of locations) samples.push({ value: '1', context, location });
    await sends([entry(samples)]);
    expect(rows()).toHaveLength(10 + 8 * 5);
    expect(new Set(rows().map(({ context }) => context))).toEqual(new Set(contexts));
    expect(new Set(rows().map(({ location }) => location))).toEqual(new Set(locations));
    expect(rows().slice(0, 10).map(({ phase }) => phase)).toEqual(phases); // prettier-ignore
    expect(notes()).toEqual([]);
  });

  rule(63, async () => {
    await station();
    const transactionId = await starts();
    const values = ['0123456789abcdef'.repeat(2_000), '12345', 'OCMF|{"FV":"1.0"}|{"SD":"3045"}'];
    await sends([entry(values.map((value) => ({ value, format: 'SignedData' })))], { transactionId });
    expect(rows().map(({ value, number, normalised }) => [value, number, normalised])).toEqual(
      values.map((value) => [value, null, null]),
    );
    expect(transactionOf(test, id, transactionId)?.lastReadingWh).toBeNull();
    expect(notes()).toEqual([]);
  });

  rule(64, async () => {
    await station();
    const transactionId = await starts();
    const reading = [entry([{ value: '5000' }])];
    await sends(reading, { connectorId: 0 });
    await sends(reading, { connectorId: 2, transactionId: 0 });
    await sends(reading, { transactionId: 424_242 });
    const huge = '[2,"huge","MeterValues",{"connectorId":1,"transactionId":9223372036854775807,"meterValue":[]}]';
    client.send(huge);
    expect(await client.reply('huge')).toEqual([3, 'huge', {}]);
    expect(notes()).toContainEqual(expect.stringMatching(/^noTransaction: transactionId/));
    expect(rows().map(({ connectorId, transactionId: of }) => [connectorId, of])).toEqual([
      [0, null],
      [2, null],
      [1, 424_242],
    ]);
    expect(Object.keys(actorOf(test, id).state.transactions)).toEqual([String(transactionId)]);
    expect(transactionOf(test, id, transactionId)?.lastReadingWh).toBeNull();
  });

  rule(65, async () => {
    await station();
    const samples = [
      { value: 1.25 },
      { value: '' },
      { value: 'NaN' },
      { value: '1,5' },
      { value: '1.5e3' },
      { value: '7', measurand: 'Request.Energy' },
      { value: true },
      { unit: 'Wh' },
      { value: '42' },
    ];
    await sends([entry(samples)]);
    expect(rows().map(({ value, normalised }) => [value, normalised])).toEqual([
      ['1.25', 1.25],
      ['', null],
      ['NaN', null],
      ['1,5', 1.5],
      ['1.5e3', 1_500],
      ['7', 7],
      ['true', null],
      ['42', 42],
    ]);
    expect(rows()[5]?.measurand).toBe('Request.Energy');
    expect(notes().length).toBeGreaterThan(0);
  });

  rule(66, async () => {
    await station();
    await sends([]);
    await sends(undefined);
    await sends([entry([])]);
    await sends(entry({ value: '3' }));
    await sends([entry([{ value: '4' }, null, 'five'])]);
    await sends('nothing');
    expect(rows().map(({ value }) => value)).toEqual(['3', '4']);
    for (const { notes: odd } of messages(test, id)) expect(odd).toBeDefined();
  });

  rule(67, 'two hundred samples', async () => {
    await station();
    const samples = Array.from({ length: 200 }, (_, i) => ({ value: String(i), measurand: 'Voltage', unit: 'V' }));
    await sends([entry(samples)]);
    expect(rows().map(({ index, normalised }) => [index, normalised])).toEqual(samples.map((_, i) => [i, i]));
  });

  const perPhase = (kWh: number[], more: Partial<SampledValue> = {}) =>
    kWh.map((value, i) => ({ value: String(value), unit: 'kWh', phase: `L${i + 1}-N`, ...more }));
  for (const [what, samples, wh] of [
    ['phases beside a total are not added', [...perPhase([1, 1, 1]), { value: '4000', unit: 'Wh' }], 4_000],
    ['phases without a total are summed', perPhase([1, 1.5, 2]), 4_500],
    ['one phase alone', perPhase([3.25]), 3_250],
  ] as const) {
    rule(67, what, async () => {
      await station();
      const transactionId = await starts();
      await sends([entry(samples)], { transactionId });
      await client.call('StopTransaction', { transactionId, timestamp: ago(0) });
      const { lastReadingWh, energyWh } = transactionOf(test, id, transactionId)!;
      expect([lastReadingWh, energyWh]).toEqual([wh, wh - 1_000]);
    });
  }

  rule(67, 'what was exported is no energy of a transaction', async () => {
    await station();
    const transactionId = await starts();
    const measurand = 'Energy.Active.Export.Register';
    await sends([entry([{ value: '9000', measurand }])], { transactionId });
    await client.call('StopTransaction', { transactionId, meterStop: 1_500, timestamp: ago(0) });
    expect(transactionOf(test, id, transactionId)).toMatchObject({ energyWh: 500, energySource: 'register' });
  });
});

describe('times', () => {
  // Of a moment that is plausible: within 30 days before its receipt.
  const moment = new Date(Date.now() - 86_400_000);
  const date = moment.toISOString().slice(0, 10);
  const at = (time: string) => `${date}T${time}Z`;

  for (const [written, instant] of [
    [`${date}T12:00:00+02:00`, at('10:00:00.000')],
    [`${date}T12:00:00-05:30`, at('17:30:00.000')],
    [`${date}T12:00:00+00:00`, at('12:00:00.000')],
    [`${date}T12:00:00Z`, at('12:00:00.000')],
    [`${date}T12:00:00.1Z`, at('12:00:00.100')],
    [`${date}T12:00:00.123456789Z`, at('12:00:00.123')],
    [`${date}t12:00:00z`, at('12:00:00.000')],
  ] as const) {
    rule(68, written.slice(10), async () => {
      await station();
      await sends([entry([{ value: '1' }], written)]);
      expect(rows()[0]?.at).toBe(instant);
      expect(notes()).toEqual([]);
    });
  }

  for (const [written, instant, note] of [
    [`${date}T12:00:00`, at('12:00:00.000'), 'noZone'],
    [`${date}T12:00:00+0200`, at('10:00:00.000'), 'timestampForm'],
    [`${date} 12:00:00Z`, at('12:00:00.000'), 'timestampForm'],
    [`${date}T12:00Z`, at('12:00:00.000'), 'timestampForm'],
  ] as const) {
    rule(68, `noted: ${written.slice(10)}`, async () => {
      await station();
      await sends([entry([{ value: '1' }], written)]);
      expect(rows()[0]?.at).toBe(instant);
      expect(notes()).toEqual([expect.stringContaining(`${note}: meterValue[0].timestamp`)]);
    });
  }

  for (const written of ['noon', '', `${date}T25:00:00Z`, 1_700_000_000, null, undefined]) {
    rule(68, `no time: ${String(written)}`, async () => {
      await station();
      await sends([{ timestamp: written, sampledValue: [{ value: '1' }] }]);
      expect(rows()[0]?.at).toBe(rows()[0]?.receivedAt);
      expect(notes()).not.toEqual([]);
    });
  }

  rule(69, async () => {
    await station();
    const same = ['12:00:00.0019+02:00', '10:00:00.001Z', '04:30:00.001999999-05:30'];
    for (const time of same) await sends([entry([{ value: '1' }], `${date}T${time}`)]);
    expect(new Set(rows().map((row) => row.at))).toEqual(new Set([at('10:00:00.001')]));
  });
});
