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
}

/** The JSON schemas of OCPP-J 1.6 as another implementation ships them; ids are `urn:<action>.req` and `.conf`. */
export const schemas: (Schema & { $id: string })[] = createRequire(import.meta.url)(
  'ocpp-rpc/lib/schemas/ocpp1_6.json',
);

const validator = createValidator('ocpp1.6', schemas);

export function isValid(schemaId: string, payload: unknown): boolean {
  try {
    return validator.validate(schemaId, payload) === true;
  } catch {
    return false;
  }
}
