/**
 * Field types of OCPP 1.6 §7 as exact schemas. What they refuse goes to `tolerance.ts`, which knows what may still be
 * made of it.
 */
import { z } from 'zod';
import { isStorable } from './text.ts';

const storableText = z.string().refine(isStorable, 'unstorable characters');

/** CiString of §7: at most `max` characters. */
export const text = (max: number) => storableText.max(max);
/** A string without a limit: data of a DataTransfer, a sampled value. */
export const longText = storableText;
export const idToken = text(20);
/** One that we send. Stations may say none, and are answered. */
export const exactIdToken = idToken.min(1, 'empty: an id tag identifies somebody (OCPP 1.6 §7.28)');
/** Only text here: `time.ts` reads it, and no form of it is a reason to refuse a message. */
export const timestamp = text(64);
export const connectorId = z.int32().min(0);
export const integer = z.int32();

/** A dateTime that we send: UTC, with `Z`. */
export const exactTimestamp = z.iso.datetime('expected a time in UTC like 2026-01-31T12:00:00Z (OCPP 1.6 §3.15)');

/** §7.43 SampledValue */
const sampledValue = z.strictObject({
  value: longText,
  /** §7.35 ReadingContext */
  context: z
    .enum([
      'Interruption.Begin',
      'Interruption.End',
      'Other',
      'Sample.Clock',
      'Sample.Periodic',
      'Transaction.Begin',
      'Transaction.End',
      'Trigger',
    ])
    .optional(),
  /** §7.49 ValueFormat */
  format: z.enum(['Raw', 'SignedData']).optional(),
  /** §7.31 Measurand */
  measurand: z
    .enum([
      'Current.Export',
      'Current.Import',
      'Current.Offered',
      'Energy.Active.Export.Register',
      'Energy.Active.Import.Register',
      'Energy.Reactive.Export.Register',
      'Energy.Reactive.Import.Register',
      'Energy.Active.Export.Interval',
      'Energy.Active.Import.Interval',
      'Energy.Reactive.Export.Interval',
      'Energy.Reactive.Import.Interval',
      'Frequency',
      'Power.Active.Export',
      'Power.Active.Import',
      'Power.Factor',
      'Power.Offered',
      'Power.Reactive.Export',
      'Power.Reactive.Import',
      'RPM',
      'SoC',
      'Temperature',
      'Voltage',
    ])
    .optional(),
  /** §7.34 Phase */
  phase: z.enum(['L1', 'L2', 'L3', 'N', 'L1-N', 'L2-N', 'L3-N', 'L1-L2', 'L2-L3', 'L3-L1']).optional(),
  /** §7.30 Location */
  location: z.enum(['Body', 'Cable', 'EV', 'Inlet', 'Outlet']).optional(),
  /** §7.45 UnitOfMeasure; both spellings of Celsius are allowed (OCPP-J errata 2.1) */
  unit: z
    .enum([
      'Wh',
      'kWh',
      'varh',
      'kvarh',
      'W',
      'kW',
      'VA',
      'kVA',
      'var',
      'kvar',
      'A',
      'V',
      'Celsius',
      'Celcius',
      'Fahrenheit',
      'K',
      'Percent',
    ])
    .optional(),
});

/** §7.33 MeterValue */
export const meterValue = z.strictObject({ timestamp, sampledValue: z.array(sampledValue).min(1) });
