/**
 * The RPC framing of OCPP-J 1.6 §4: `[2, id, action, payload]`, `[3, id, payload]`, `[4, id, code, description, details]`.
 */
import { OcppError, type OcppErrorCode } from './errors.ts';
import type { Note } from './notes.ts';
import { cutText, isStorable } from './text.ts';

export type Frame =
  | { type: 'call'; messageId: string; action: string; payload: unknown; notes: Note[] }
  | { type: 'result'; messageId: string; payload: unknown }
  | { type: 'error'; messageId: string; code: string; description: string; details: unknown }
  /** A CALL with an id and nothing that could be handled: answered with `error`. */
  | { type: 'bad-call'; messageId: string; error: OcppError }
  /** Nothing to answer and nothing to keep. */
  | { type: 'ignored'; reason: string }
  /** Not answered: 1.6 has no id for an error without a message. Worth keeping for whoever looks into the station. */
  | { type: 'malformed'; reason: string };

/** §4.1.4 says 36; some stations send more, and an answer costs nothing. */
const MAX_MESSAGE_ID = 255;

/** Reads one text frame. Never throws, whatever the text. */
export function parseFrame(text: string): Frame {
  // "for compatibility with some particular charge point vendors" (ocpp-rpc's client.js): empty frames as keep-alive.
  if (text.trim() === '') return { type: 'ignored', reason: 'empty frame' };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    return malformed(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(message)) return malformed('not a JSON array');
  const [messageType, messageId] = message as unknown[];
  if (typeof messageType !== 'number') return malformed('the MessageTypeId is no number');
  // §4.1.3: "When a server receives a message with a Message Type Number not in this list, it SHALL ignore the payload."
  if (messageType !== 2 && messageType !== 3 && messageType !== 4) {
    return { type: 'ignored', reason: `unknown MessageTypeId ${messageType}` };
  }
  // An answer has to carry the very id; a number's digits may be gone already (1e3, 9223372036854775807).
  if (typeof messageId !== 'string') return malformed('the UniqueId is no text');
  if (messageId === '') return malformed('the UniqueId is empty');
  if (messageId.length > MAX_MESSAGE_ID) return malformed(`the UniqueId has more than ${MAX_MESSAGE_ID} characters`);
  if (!isStorable(messageId)) return malformed('the UniqueId holds characters that are no text');
  if (messageType === 2) return callFrom(messageId, message);
  return messageType === 3 ? resultFrom(messageId, message) : errorFrom(messageId, message);
}

export function callFrame(messageId: string, action: string, payload: unknown): string {
  return JSON.stringify([2, messageId, action, payload]);
}

export function callResultFrame(messageId: string, payload: unknown): string {
  return JSON.stringify([3, messageId, payload]);
}

/** §4.2.3: five elements, the details an object. */
export function callErrorFrame(messageId: string, code: OcppErrorCode, description: string): string {
  return JSON.stringify([4, messageId, code, cutText(description, 255), {}]);
}

function callFrom(messageId: string, message: unknown[]): Frame {
  const [, , action, payload] = message;
  if (typeof action !== 'string' || action === '') {
    const error = new OcppError('FormationViolation', 'expected [2, "<UniqueId>", "<Action>", {<Payload>}]');
    return { type: 'bad-call', messageId, error };
  }
  if (action.length > 50 || !isStorable(action)) {
    return { type: 'bad-call', messageId, error: new OcppError('NotImplemented', 'no action of OCPP 1.6') };
  }
  const notes: Note[] = [];
  if (messageId.length > 36) notes.push(`overlongMessageId: ${messageId.length} characters of at most 36`);
  if (message.length > 4) notes.push(`extraElements: ${message.length - 4} after the payload left out`);
  if (message.length < 4) notes.push('missingPayload: taken as {}');
  // §4.2.1 allows null for a payload without fields; stations send it (https://github.com/steve-community/steve/issues/1109).
  else if (payload === null) notes.push('nullPayload: taken as {}');
  return { type: 'call', messageId, action, payload: payload ?? {}, notes };
}

function resultFrom(messageId: string, message: unknown[]): Frame {
  return { type: 'result', messageId, payload: message[2] ?? {} };
}

function errorFrom(messageId: string, message: unknown[]): Frame {
  const [, , code, description, details] = message;
  return {
    type: 'error',
    messageId,
    code: typeof code === 'string' && code !== '' ? errorCode(code) : 'GenericError',
    description: typeof description === 'string' ? cutText(description, 255) : '',
    details: details ?? {},
  };
}

/** Spellings in use besides table 7's: ocpp-rpc and OCPP 2.0.1 "Occurrence…", mobilityhouse "FormatViolation". */
function errorCode(code: string): string {
  if (code === 'OccurrenceConstraintViolation') return 'OccurenceConstraintViolation';
  if (code === 'FormatViolation') return 'FormationViolation';
  return cutText(code, 100);
}

function malformed(reason: string): Frame {
  return { type: 'malformed', reason: cutText(reason, 255) };
}
