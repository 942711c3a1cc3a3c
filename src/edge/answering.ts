import type { Answer, Instant, Message, Registration } from '../../workflows/events.ts';
import type { ChargePointEntry } from '../directory/directory.ts';
import { commands } from '../ocpp/commands.ts';
import { OcppError } from '../ocpp/errors.ts';
import { callErrorFrame, callResultFrame } from '../ocpp/frames.ts';
import { exactAnswer, type Received, type StationMessage } from '../ocpp/message.ts';
import { stationMessages } from '../ocpp/messages.ts';
import type { Note } from '../ocpp/notes.ts';
import { EdgeAnswerContext, type AnswerParts } from './answerContext.ts';
import { registrationOf, type RegistrationMode } from './registration.ts';

/** A CALL as it was read from the socket. */
export interface Call {
  messageId: string;
  action: string;
  payload: unknown;
  /** What was odd about the frame. */
  notes: Note[];
  /** The frame. */
  text: string;
  receivedAt: Instant;
}

/** What is journalled of a CALL, the answer included. */
export interface Answered {
  event: Omit<Message, 'seq'>;
  /** The answer as it goes to the station. */
  frame: string;
  /** The answer may leave only when the event is on the disk. */
  durable: boolean;
}

/** What answering has to know of a connection. */
export interface Asking {
  readonly id: string;
  readonly chargePointId: string;
  registration: Registration;
  /** The last boot on this connection was answered Accepted. */
  bootAccepted: boolean;
  /** Actions we asked for by a trigger: answered also while the charge point is pending (OCPP 1.6 §4.2). */
  readonly triggered: Set<string>;
  /** By message id. */
  readonly recentAnswers: Map<string, { hash: string; result: Record<string, unknown> }>;
}

export interface AnsweringParts extends AnswerParts {
  settings: AnswerParts['settings'] & { registration: RegistrationMode };
}

/**
 * Messages that a station repeats until they are answered, its queue blocked meanwhile: a CALLERROR only where nothing
 * can be made of them (https://github.com/dallmann-consulting/OCPP.Core/issues/31).
 */
const TRANSACTION_MESSAGES: ReadonlySet<string> = new Set(['StartTransaction', 'StopTransaction', 'MeterValues']);
/** Answers kept per connection for what is sent again under the same message id. */
const KEPT_ANSWERS = 20;
const NOTHING_RECEIVED = { payload: {}, notes: [] as Note[] };

/** Decides what a station is answered. Writes nothing and sends nothing. */
export class Answering {
  readonly #parts: AnsweringParts;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** Undefined: no answer now, the station will send the CALL again. Never throws, never rejects. */
  answer(station: Asking, call: Call): Answered | undefined | Promise<Answered | undefined> {
    const message = stationMessages.get(call.action);
    if (message === undefined) return refused(station, call, NOTHING_RECEIVED, unknownAction(call.action));
    let received: Received;
    try {
      received = message.receive(call.payload, call.receivedAt);
    } catch (error) {
      return this.#failed(station, call, NOTHING_RECEIVED, error);
    }
    const repeated = received.hash === undefined ? undefined : station.recentAnswers.get(call.messageId);
    if (repeated !== undefined && repeated.hash === received.hash) {
      return confirmed(station, call, message, received, repeated.result);
    }
    if (call.action !== 'BootNotification') return this.#answer(station, call, message, received);
    // Whether it may work here is looked up anew at every boot: it may have been approved meanwhile, just now even.
    const { directory } = this.#parts;
    const row =
      station.registration === 'accepted'
        ? directory.chargePoint(station.chargePointId)
        : directory.newestChargePoint(station.chargePointId);
    if (!(row instanceof Promise)) return this.#answerBoot(station, call, message, received, row);
    return row.then((found) => this.#answerBoot(station, call, message, received, found));
  }

  #answerBoot(
    station: Asking,
    call: Call,
    message: StationMessage,
    received: Received,
    row: ChargePointEntry | 'unavailable' | undefined,
  ): ReturnType<Answering['answer']> {
    const registration = registrationOf(row, this.#parts.settings.registration);
    // What the directory cannot tell now stays as it was at the handshake.
    if (row !== 'unavailable' && registration !== 'unavailable') {
      station.registration = registration === 'unknown' ? 'rejected' : registration;
    }
    station.bootAccepted = station.registration === 'accepted';
    const heartbeatInterval = row === 'unavailable' ? undefined : row?.heartbeatInterval;
    return this.#answer(station, call, message, received, heartbeatInterval ?? undefined);
  }

  #answer(
    station: Asking,
    call: Call,
    message: StationMessage,
    received: Received,
    heartbeatInterval = this.#parts.settings.heartbeatInterval,
  ): ReturnType<Answering['answer']> {
    if (!mayBeServed(station, call.action)) {
      const description = `the charge point is ${station.registration}: only BootNotification is answered`;
      return refused(station, call, received, new OcppError('SecurityError', description));
    }
    const context = new EdgeAnswerContext(this.#parts, station, call, heartbeatInterval);
    const conclude = (payload: Record<string, unknown> | undefined): Answered | undefined => {
      if (payload === undefined) {
        this.#parts.log.warn(fields(station, call), 'no answer possible now: the station will repeat the message');
        return undefined;
      }
      const result = exactAnswer(message, payload);
      if (received.hash !== undefined && TRANSACTION_MESSAGES.has(call.action)) {
        remember(station, call.messageId, received.hash, result);
      }
      return confirmed(station, call, message, received, result, context.notes);
    };
    try {
      const payload = message.answer(received.payload, context);
      if (!(payload instanceof Promise)) return conclude(payload);
      return payload.then(conclude).catch((error: unknown) => this.#failed(station, call, received, error));
    } catch (error) {
      return this.#failed(station, call, received, error);
    }
  }

  #failed(
    station: Asking,
    call: Call,
    received: Pick<Received, 'payload' | 'notes'>,
    error: unknown,
  ): Answered | undefined {
    if (error instanceof OcppError && error.code !== 'InternalError') return refused(station, call, received, error);
    this.#parts.log.error({ ...fields(station, call), err: error }, 'a message could not be answered');
    if (TRANSACTION_MESSAGES.has(call.action)) return undefined;
    return refused(station, call, received, new OcppError('InternalError', 'the message could not be processed'));
  }
}

/** OCPP-J errata 3.8: SecurityError for what a charge point says before it is accepted. */
function mayBeServed(station: Asking, action: string): boolean {
  if (station.registration === 'accepted' || action === 'BootNotification') return true;
  return TRANSACTION_MESSAGES.has(action) || station.triggered.delete(action);
}

function unknownAction(action: string): OcppError {
  return commands.has(action)
    ? new OcppError('NotSupported', `${action} is sent by the Central System`)
    : new OcppError('NotImplemented', `${action} is not known here`);
}

function confirmed(
  station: Asking,
  call: Call,
  message: StationMessage,
  received: Received,
  result: Record<string, unknown>,
  judgementNotes: readonly Note[] = [],
): Answered {
  const event = eventOf(station, call, received, { result }, judgementNotes);
  return { event, frame: callResultFrame(call.messageId, result), durable: message.durable };
}

function refused(
  station: Asking,
  call: Call,
  received: Pick<Received, 'payload' | 'notes'>,
  { code, message }: OcppError,
): Answered {
  const event = eventOf(station, call, received, { error: code, description: message });
  // What was refused is kept as it came, not as it might have been understood.
  event.raw = call.text;
  return { event, frame: callErrorFrame(call.messageId, code, message), durable: false };
}

function eventOf(
  station: Asking,
  call: Call,
  received: Pick<Received, 'payload' | 'notes'> & Partial<Received>,
  answer: Answer,
  judgementNotes: readonly Note[] = [],
): Omit<Message, 'seq'> {
  const event: Omit<Message, 'seq'> = {
    kind: 'message',
    receivedAt: call.receivedAt,
    connection: station.id,
    messageId: call.messageId,
    action: call.action,
    at: received.at ?? call.receivedAt,
    payload: received.payload,
    answer,
  };
  const differs = call.notes.length + received.notes.length > 0;
  if (differs) event.raw = call.text;
  if (differs || judgementNotes.length > 0) event.notes = [...call.notes, ...received.notes, ...judgementNotes];
  if (received.hash !== undefined) event.hash = received.hash;
  return event;
}

function remember({ recentAnswers }: Asking, messageId: string, hash: string, result: Record<string, unknown>): void {
  recentAnswers.delete(messageId);
  recentAnswers.set(messageId, { hash, result });
  if (recentAnswers.size <= KEPT_ANSWERS) return;
  for (const oldest of recentAnswers.keys()) {
    recentAnswers.delete(oldest);
    return;
  }
}

function fields(station: Asking, { action, messageId }: Call): Record<string, string> {
  return { chargePoint: station.chargePointId, connection: station.id, action, messageId };
}
