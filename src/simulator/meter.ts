import type { Connector } from './connector.ts';
import { VOLTAGE, type Model } from './models.ts';
import type { Payload } from './payload.ts';
import type { Random } from './random.ts';

/** OCPP 1.6 §7.35 */
export type ReadingContext = 'Sample.Clock' | 'Sample.Periodic' | 'Transaction.Begin' | 'Transaction.End' | 'Trigger';

interface Reading {
  connector: Connector;
  model: Model;
  random: Random;
}

/** One sample list (§7.33) of the wanted measurands, as far as the charge point has them. */
export function sampledValues(measurands: readonly string[], context: ReadingContext, reading: Reading): Payload[] {
  const known = measurands.filter((measurand) => measurand in READERS);
  const wanted = known.length > 0 ? known : ['Energy.Active.Import.Register'];
  return wanted.flatMap((measurand) =>
    READERS[measurand]!(reading).map((sample) => ({ ...sample, measurand, context, format: 'Raw' })),
  );
}

const READERS: Record<string, (reading: Reading) => Payload[]> = {
  'Energy.Active.Import.Register': ({ connector }) => [
    { value: String(connector.meterWh), unit: 'Wh', location: 'Outlet' },
  ],
  'Power.Active.Import': ({ connector }) => [{ value: String(Math.round(connector.power)), unit: 'W' }],
  'Power.Offered': ({ model }) => [{ value: String(model.maxPower), unit: 'W' }],
  'Current.Import': ({ connector, model }) =>
    phasesOf(model, 'L').map((phase) => ({ value: amperes(connector, model).toFixed(1), unit: 'A', ...phase })),
  'Current.Offered': ({ model }) => [{ value: (model.maxPower / model.phases / VOLTAGE).toFixed(1), unit: 'A' }],
  Voltage: ({ model, random }) =>
    phasesOf(model, 'N').map((phase) => ({ value: (VOLTAGE + random.between(-3, 3)).toFixed(1), unit: 'V', ...phase })),
  SoC: ({ connector, model }) =>
    model.direct && connector.vehicle
      ? [{ value: String(Math.round(connector.vehicle.stateOfCharge)), unit: 'Percent', location: 'EV' }]
      : [],
  Frequency: ({ random }) => [{ value: random.between(49.97, 50.03).toFixed(2) }],
  Temperature: ({ connector, random }) => [
    { value: (18 + connector.power / 4_000 + random.between(-1, 1)).toFixed(1), unit: 'Celsius', location: 'Body' },
  ],
};

function amperes({ power }: Connector, { phases }: Model): number {
  return power / phases / VOLTAGE;
}

/** Direct current has no phases. */
function phasesOf({ direct, phases }: Model, kind: 'L' | 'N'): Payload[] {
  if (direct) return [{}];
  return ['L1', 'L2', 'L3'].slice(0, phases).map((phase) => ({ phase: kind === 'L' ? phase : `${phase}-N` }));
}
