/** Shape checks of what signals and updates carry: people send them too. No library: this runs in every actor's sandbox. */
import type { EventBatch } from '../events.ts';
import type { CommandOptions } from './model.ts';

/** Commands that may be asked for instead of one, or after it. */
export const FURTHER_MOST = 50;
/** Characters of JSON of one command, with what may be asked for instead. */
const SUBMISSION_LENGTH_MOST = 250_000;

/** Input of signal `command` and update `submit`. */
export interface Submission {
  action: string;
  payload?: unknown;
  /** Name of who asks. Signals carry no identity: with them it is unverified. */
  requestedBy?: string;
  /** Not sent later than this (ms after it was asked for). */
  deadlineMs?: number;
  /** Chosen by the caller so that asking twice queues once. */
  commandId?: string;
  options?: CommandOptions;
  /** Where it comes from; absent with other programs. */
  via?: 'rest' | 'cli';
}

/** Input of update `cancelCommand`. */
export interface Cancellation {
  commandId: string;
  /** Name of who asks. */
  requestedBy?: string;
}

/**
 * Whatever passes can be reduced and stored: one event that cannot would fail every workflow task of its actor, or every
 * `persist`, for ever.
 */
export function asEventBatch(input: unknown): { batch: EventBatch } | { problem: string } {
  const batch = input as Partial<EventBatch> | null | undefined;
  const well =
    typeof batch === 'object' &&
    Number.isSafeInteger(batch?.journal) &&
    Number.isSafeInteger(batch?.after) &&
    Array.isArray(batch?.events) &&
    batch.events.every((e: unknown, i) => isObject(e) && e.seq === (batch.after as number) + 1 + i && isEvent(e));
  return well
    ? { batch: isAhead(batch.ahead) ? (batch as EventBatch) : { ...(batch as EventBatch), ahead: undefined } }
    : { problem: `signal "events" takes {journal, after, events} from an edge, not ${shown(input)}` };
}

export function asSubmission(input: unknown): { submission: Submission } | { problem: string } {
  const { action, payload, requestedBy, deadlineMs, commandId, options, via } = (input ?? {}) as Record<
    string,
    unknown
  >;
  const optional = (value: unknown, type: string) => value === undefined || value === null || typeof value === type;
  if ((JSON.stringify(input)?.length ?? 0) > SUBMISSION_LENGTH_MOST) {
    return { problem: `a command has at most ${SUBMISSION_LENGTH_MOST} characters` };
  }
  const well =
    typeof action === 'string' &&
    optional(requestedBy, 'string') &&
    optional(commandId, 'string') &&
    (options === undefined || options === null || isOptions(options)) &&
    optional(deadlineMs, 'number') &&
    !(typeof deadlineMs === 'number' && !(deadlineMs > 0 && deadlineMs <= 366 * 86_400_000));
  if (!well) {
    const expected = '{"action":"Reset","payload":{"type":"Soft"},"requestedBy":"name","deadlineMs":60000}';
    return { problem: `a command looks like ${expected}, not ${shown(input)}` };
  }
  return {
    submission: {
      action,
      payload,
      ...(typeof requestedBy === 'string' ? { requestedBy: requestedBy.slice(0, 100) } : {}),
      ...(typeof deadlineMs === 'number' ? { deadlineMs } : {}),
      ...(typeof commandId === 'string' ? { commandId: commandId.slice(0, 100) } : {}),
      ...(isOptions(options) ? { options } : {}),
      ...(via === 'rest' || via === 'cli' ? { via } : {}),
    },
  };
}

export function asCancellation(input: unknown): { cancellation: Cancellation } | { problem: string } {
  const { commandId, requestedBy } = (input ?? {}) as Record<string, unknown>;
  if (!isText(commandId) || (requestedBy !== undefined && !isText(requestedBy))) {
    return { problem: `a cancellation looks like {"commandId":"…","requestedBy":"name"}, not ${shown(input)}` };
  }
  return { cancellation: { commandId, ...(isText(requestedBy) ? { requestedBy: requestedBy.slice(0, 100) } : {}) } };
}

function isOptions(options: unknown): options is CommandOptions {
  if (!isObject(options)) return false;
  const { unlessRebooted = true, grantIdTag = true, otherwise = [], next = [], expected = {}, ...others } = options;
  return (
    isEmpty(others) &&
    unlessRebooted === true &&
    grantIdTag === true &&
    areFurther(otherwise) &&
    areFurther(next) &&
    isObject(expected)
  );
}

function areFurther(list: unknown): boolean {
  return Array.isArray(list) && list.length <= FURTHER_MOST && list.every(isFurther);
}

function isFurther(c: unknown): boolean {
  if (!isObject(c)) return false;
  const { action, payload, commandId = '?', expected = {}, ...others } = c;
  const isName = (text: unknown) => isText(text) && text.length > 0 && text.length <= 100;
  return isName(action) && isObject(payload) && isName(commandId) && isObject(expected) && isEmpty(others);
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

/** What cannot be read of it is left out: the events say the same, only later. */
function isAhead(ahead: unknown): boolean {
  if (ahead === undefined) return true;
  return (
    isObject(ahead) &&
    isObject(ahead.upTo) &&
    Object.values(ahead.upTo).every(Number.isSafeInteger) &&
    Array.isArray(ahead.open) &&
    ahead.open.every(
      (c: unknown) =>
        isObject(c) &&
        isText(c.connection) &&
        Number.isSafeInteger(c.journal) &&
        isText(c.taskQueue) &&
        isInstant(c.openedAt),
    )
  );
}

function isEvent(e: Record<string, unknown>): boolean {
  if (!isInstant(e.receivedAt) || !isText(e.connection)) return false;
  switch (e.kind) {
    case 'connected':
      return isText(e.taskQueue);
    case 'disconnected':
      return Number.isSafeInteger(e.code) && (e.lastKnown === undefined || Number.isSafeInteger(e.lastKnown));
    case 'message':
      return (
        [e.messageId, e.action].every(isText) &&
        isInstant(e.at) &&
        isObject(e.payload) &&
        isObject(e.answer) &&
        (isObject(e.answer.result) || isText(e.answer.error)) &&
        (e.notes === undefined || (Array.isArray(e.notes) && e.notes.every(isText)))
      );
    case 'malformed':
      return isText(e.raw);
    case 'callSent':
      return [e.commandId, e.messageId, e.action].every(isText) && isObject(e.payload);
    case 'callResult':
      return [e.commandId, e.messageId, e.action].every(isText) && isObject(e.outcome);
    default:
      return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isInstant(value: unknown): boolean {
  return isText(value) && /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function shown(input: unknown): string {
  return (JSON.stringify(input) ?? String(input)).slice(0, 200);
}
