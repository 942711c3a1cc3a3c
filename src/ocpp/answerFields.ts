/**
 * Field types of what stations answer to commands, read as meant: a command that was carried out must not end as failed
 * because of how the station puts it. What follows the specification passes untouched.
 */
import { z } from 'zod';
import { parseDecimal } from './meterValues.ts';
import { jsonText } from './normalisations.ts';

/** An optional property. null is none: the JSON schemas of OCPP-J 1.6 don't know it (errata 3.1), stations send it. */
export const optional = <Field extends z.ZodType>(field: Field) =>
  field.nullish().transform((value) => value ?? undefined);

/** Numbers and booleans as the text they are, objects and lists as JSON text. */
export const answerText = z.preprocess(
  (value) => (typeof value === 'string' || value === null || value === undefined ? value : jsonText(value)),
  z.string(),
);

/** Numbers also as text. */
export const answerNumber = z.preprocess(
  (value) => (typeof value === 'string' ? (parseDecimal(value) ?? value) : value),
  z.number(),
);

/** Also as text in any case, and as 1 and 0. */
export const answerBoolean = z.preprocess(
  (value) => (typeof value === 'object' ? value : (BOOLEANS.get(String(value).toLowerCase()) ?? value)),
  z.boolean(),
);

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
