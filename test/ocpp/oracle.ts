import { createRequire } from 'node:module';
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
