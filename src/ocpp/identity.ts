import { isStorable } from './text.ts';

/** §3.1.1 leaves the length open; 48 is what OCPP 2.0.1 allows a charge point's identity. */
const MAX_LENGTH = 48;

/**
 * The charge point's identity from the raw path of its WebSocket URL: `/{id}` or `/ocpp/{id}`, percent-encoded
 * (OCPP-J 1.6 §3.1.1). The raw path is split, so that `%2F` stays inside the id; a charge point called "ocpp" at `/ocpp`
 * is just that.
 *
 * @returns the id, or what is wrong with the path, in words for a log line and the HTTP answer.
 */
export function chargePointIdFrom(path: string): { id: string } | { problem: string } {
  const raw = path.startsWith('/ocpp/') ? path.slice('/ocpp/'.length) : path.slice(1);
  if (raw === '') return { problem: 'no charge point id: expected /{id} or /ocpp/{id}' };
  if (raw.includes('/'))
    return { problem: 'more than one path segment: expected /{id} or /ocpp/{id}, a / in an id as %2F' };
  const id = decoded(raw);
  if (id === undefined) return { problem: 'the charge point id is not percent-encoded UTF-8' };
  if (id.trim() === '') return { problem: 'the charge point id is blank' };
  if (id.length > MAX_LENGTH) return { problem: `the charge point id has more than ${MAX_LENGTH} characters` };
  if (CONTROL.test(id) || !isStorable(id)) return { problem: 'the charge point id holds control characters' };
  return { id };
}

const CONTROL = /\p{Cc}|\p{Zl}|\p{Zp}/u;

function decoded(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}
