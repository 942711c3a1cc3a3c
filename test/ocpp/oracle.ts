import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { createValidator } from 'ocpp-rpc';

/** The part of JSON schema that the messages of OCPP-J 1.6 are written in. */
export interface Schema {
  type: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  format?: string;
  maxLength?: number;
  minItems?: number;
  $ref?: string;
  definitions?: Record<string, Schema>;
}

/** The JSON schemas of OCPP-J 1.6 as another implementation ships them; ids are `urn:<action>.req` and `.conf`. */
const shipped: (Schema & { $id: string })[] = createRequire(import.meta.url)('ocpp-rpc/lib/schemas/ocpp1_6.json');

/** The same with every `$ref` replaced by what it refers to. */
export const schemas = shipped.map((schema) => resolved(schema, schema.definitions ?? {}));

const validator = createValidator('ocpp1.6', shipped);

export function isValid(schemaId: string, payload: unknown): boolean {
  try {
    return validator.validate(schemaId, payload) === true;
  } catch {
    return false;
  }
}

/** Everything in a payload, itself excepted, each with the schema that describes it. */
export interface Part {
  /** Of the property; an element of an array has its array's. */
  name: string;
  value: unknown;
  schema: Schema;
}

export function partsOf(schemaId: string, payload: unknown): Part[] {
  return partsIn(schemaOf(schemaId), payload, '');
}

/**
 * Payloads of the specification's schema: mostly such as occur, now and then with times of other zones, negative
 * numbers, numbers beyond 32 bits, text that cannot be stored.
 */
export function payloads(schemaId: string): fc.Arbitrary<Record<string, unknown>> {
  return objectOf(schemaOf(schemaId));
}

function schemaOf(schemaId: string): Schema {
  const schema = schemas.find(({ $id }) => $id === schemaId);
  if (!schema) throw new Error(`the oracle has no ${schemaId}`);
  return schema;
}

function partsIn({ properties = {}, items }: Schema, value: unknown, name: string): Part[] {
  const inner: Part[] = [];
  if (Array.isArray(value) && items) {
    inner.push(...value.map((each: unknown) => ({ name, value: each, schema: items })));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      const schema = properties[key];
      if (schema) inner.push({ name: key, value: each, schema });
    }
  }
  return inner.flatMap((part) => [part, ...partsIn(part.schema, part.value, part.name)]);
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(properties).map(([name, inner]) => [name, propertyOf(name, inner)] as const);
  return fc.record(Object.fromEntries(values), { requiredKeys: required, noNullPrototype: true });
}

/** The schemas of the security extension do not say that its locations are URIs. */
function propertyOf(name: string, schema: Schema): fc.Arbitrary<unknown> {
  if (!/location$/i.test(name) || schema.enum || schema.format) return valueOf(schema);
  const odd = fc.constantFrom('', 'here', 'ftp://h/a b', 'x'.repeat(schema.maxLength ?? 60));
  return fc.oneof({ weight: 20, arbitrary: uri }, { weight: 1, arbitrary: odd });
}

function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.format === 'date-time') return time;
  if (schema.format === 'uri') return uri;
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items ?? { type: 'string' }), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integer;
    case 'number':
      return integer.map((tenths) => tenths / 10);
    case 'string':
      return text(schema.maxLength ?? 60);
    default:
      throw new Error(`the oracle's schema has a ${schema.type}, unknown here`);
  }
}

const integer = fc.oneof(
  { weight: 10, arbitrary: fc.constant(0) },
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 4, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(-(2 ** 31) - 1, 2 ** 31, Number.MAX_SAFE_INTEGER) },
);

function text(maxLength: number): fc.Arbitrary<string> {
  const character = fc.constantFrom(...Array.from('abcXYZ019 -_.:/"\\\'<é漢\n'));
  return fc.oneof(
    { weight: 40, arbitrary: fc.string({ unit: character, maxLength: Math.min(maxLength, 60) }) },
    { weight: 4, arbitrary: fc.constant('x'.repeat(maxLength)) },
    { weight: 1, arbitrary: fc.constantFrom('\0', 'half a pair: \ud83d', '🔌'.repeat(Math.min(maxLength, 60))) },
  );
}

const time = fc
  .tuple(
    fc.date({ min: new Date('2015-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
    fc.oneof({ weight: 20, arbitrary: fc.constant('Z') }, { weight: 1, arbitrary: fc.constantFrom('+02:00', 'z') }),
    fc.constantFrom(19, 21, 23),
  )
  .map(([date, zone, length]) => date.toISOString().slice(0, length) + zone);

const uri = fc
  .tuple(
    fc.constantFrom('https', 'http', 'ftp', 'sftp'),
    fc.constantFrom('', 'user@', 'user:pass%20word@'),
    fc.oneof({ weight: 20, arbitrary: fc.constantFrom('127.0.0.1', 'h', 'h.example:8080', '[::1]') }, fc.constant('')),
    fc.constantFrom('', '/', '/a/b%20c', '/a?b=c&d', '/a#b'),
  )
  .map(([scheme, user, host, path]) => `${scheme}://${user}${host}${path}`);

function resolved<S extends Schema>(schema: S, definitions: Record<string, Schema>): S {
  const target = schema.$ref && definitions[schema.$ref.replace('#/definitions/', '')];
  if (target) return { ...schema, ...resolved(target, definitions) };
  const { properties, items } = schema;
  const inner = Object.entries(properties ?? {}).map(([name, each]) => [name, resolved(each, definitions)]);
  return {
    ...schema,
    ...(properties ? { properties: Object.fromEntries(inner) as Record<string, Schema> } : {}),
    ...(items ? { items: resolved(items, definitions) } : {}),
  };
}
