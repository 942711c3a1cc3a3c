import { isStorable } from '../src/ocpp/text.ts';
import type { CallResult, Instant, Message, StationEvent } from '../workflows/events.ts';
import type { message } from './schema.ts';

export type MessageRow = typeof message.$inferInsert;

/** An event as a row of `message`; those of connections are none. */
export function messageRow(chargePointId: string, journal: number, event: StationEvent): MessageRow {
  const { seq, receivedAt, connection: of } = event;
  const row = { chargePointId, journal, seq, receivedAt, at: receivedAt, connection: of };
  switch (event.kind) {
    case 'message':
      return { ...row, direction: 'in', kind: 'call', ...callOf(event) };
    case 'callSent': {
      const { messageId, action, payload, commandId } = event;
      return { ...row, direction: 'out', kind: 'call', messageId, action, payload, commandId };
    }
    case 'callResult': {
      const { messageId, action, commandId } = event;
      return { ...row, direction: 'in', messageId, action, commandId, ...outcomeOf(event) };
    }
    case 'malformed':
      return { ...row, direction: 'in', kind: 'malformed', raw: event.raw, notes: [event.reason] };
    default:
      throw new TypeError(`${event.kind} is no message`);
  }
}

function callOf({ at, messageId, action, payload, raw, notes, answer, hash }: Message): Partial<MessageRow> {
  const answered =
    'error' in answer ? { errorCode: answer.error, errorDescription: answer.description } : { answer: answer.result };
  return { at, messageId, action, payload, raw, notes, hash, ...answered };
}

function outcomeOf({ outcome }: CallResult): Pick<MessageRow, 'kind' | 'payload' | 'errorCode' | 'errorDescription'> {
  if ('result' in outcome) return { kind: 'result', payload: outcome.result };
  if ('error' in outcome) return { kind: 'error', errorCode: outcome.error, errorDescription: outcome.description };
  return { kind: 'error', errorCode: 'timeout' in outcome ? 'timeout' : 'connectionLost' };
}

/** The event that a row was made of, where `isKeptBy` holds. */
export function eventOf(row: MessageRow): StationEvent {
  const { seq, receivedAt, connection, raw, notes, hash } = row;
  const base = { seq, receivedAt, connection };
  const named = { messageId: row.messageId ?? '', action: row.action ?? '' };
  const payload = (row.payload ?? {}) as Record<string, unknown>;
  if (row.kind === 'malformed') {
    return { ...base, kind: 'malformed', raw: raw ?? '', reason: notes?.[0] ?? '' };
  }
  if (row.kind === 'call' && row.direction === 'in') {
    return {
      ...base,
      kind: 'message',
      ...named,
      at: row.at,
      payload,
      ...(typeof raw === 'string' ? { raw } : {}),
      ...(Array.isArray(notes) ? { notes } : {}),
      answer: typeof row.errorCode === 'string' ? errorOf(row) : { result: row.answer as Record<string, unknown> },
      ...(typeof hash === 'string' ? { hash } : {}),
    };
  }
  const call = { ...base, commandId: row.commandId ?? '', ...named };
  if (row.kind === 'call') return { ...call, kind: 'callSent', payload };
  if (row.kind === 'result') return { ...call, kind: 'callResult', outcome: { result: payload } };
  if (typeof row.errorDescription === 'string') return { ...call, kind: 'callResult', outcome: errorOf(row) };
  return {
    ...call,
    kind: 'callResult',
    outcome: row.errorCode === 'timeout' ? { timeout: true } : { connectionLost: true },
  };
}

function errorOf({ errorCode, errorDescription }: MessageRow) {
  return { error: errorCode ?? '', description: errorDescription ?? '' };
}

/** Whether the event's row holds all of it, letter by letter: people send events, too. */
export function isKeptBy(event: StationEvent): boolean {
  if (!isKeptText(event.connection) || !isKeptInstant(event.receivedAt)) return false;
  switch (event.kind) {
    case 'connected':
    case 'disconnected':
      return false;
    case 'malformed':
      return isKeptText(event.raw) && isKeptText(event.reason);
    case 'callSent':
      return areNamesKept(event) && isKeptText(event.commandId);
    case 'callResult':
      return areNamesKept(event) && isKeptText(event.commandId) && isAnswerKept(event.outcome);
    case 'message': {
      const { raw, notes, hash } = event;
      return (
        areNamesKept(event) &&
        isKeptInstant(event.at) &&
        isAnswerKept(event.answer) &&
        (raw === undefined || isKeptText(raw)) &&
        (hash === undefined || isKeptText(hash)) &&
        (notes === undefined || notes.every(isKeptText))
      );
    }
  }
}

function areNamesKept({ messageId, action }: { messageId: string; action: string }): boolean {
  return isKeptText(messageId) && isKeptText(action);
}

function isAnswerKept(answer: Message['answer'] | CallResult['outcome']): boolean {
  if ('result' in answer) return typeof answer.result === 'object' && answer.result !== null;
  return !('error' in answer) || (isKeptText(answer.error) && isKeptText(answer.description));
}

function isKeptText(text: unknown): boolean {
  return typeof text === 'string' && isStorable(text);
}

/** PostgreSQL takes 24:00 for the next day's 00:00. */
function isKeptInstant(instant: Instant): boolean {
  return !instant.startsWith('T24', 10);
}
