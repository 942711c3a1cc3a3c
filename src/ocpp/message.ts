/**
 * What the table of messages holds for each message a station sends, and how a message file defines it.
 */
import type { z } from 'zod';
import type { Instant } from '../../workflows/events.ts';
import { OcppError } from './errors.ts';
import { contentHash } from './contentHash.ts';
import type { Node } from './node.ts';
import type { Note } from './notes.ts';
import { tolerate } from './tolerance.ts';

/** OCPP 1.6 §7.27 */
export interface IdTagInfo {
  status: 'Accepted' | 'Blocked' | 'Expired' | 'Invalid' | 'ConcurrentTx';
  expiryDate?: string;
  parentIdTag?: string;
}

/** A start as the station sent it (normalised): the same one again is the same transaction. */
export interface StartKey {
  connectorId: number;
  idTag: string;
  /** The station's own text; '' where it sent none. */
  timestamp: string;
  /** Wh; 0 where the station sent none. */
  meterStart: number;
}

/** What an answer may depend on: given by the edge. */
export interface AnswerContext {
  chargePointId: string;
  messageId: string;
  now: Instant;
  /** `interval` in seconds */
  registration: { status: 'Accepted' | 'Pending' | 'Rejected'; interval: number };
  judgeIdTag(idTag: string): IdTagInfo | Promise<IdTagInfo>;
  /**
   * The transaction id for this start: the earlier one if the station repeats itself; undefined when none is left (the
   * CALL then stays unanswered and the station repeats it).
   */
  transactionIdFor(start: StartKey): number | undefined | Promise<number | undefined>;
  /** Whether the tag may charge at one place only and does so elsewhere; never for a start that is repeated. */
  chargesElsewhere(idTag: string, connectorId: number, transactionId: number): boolean | Promise<boolean>;
  /** Tells the edge that the station ended a transaction. */
  transactionStopped(transactionId: number): void;
  note(note: Note): void;
}

export interface Received {
  /** Normalised: what could not be understood is left out or kept as it came, and noted. */
  payload: Record<string, unknown>;
  /** Effective time: the station's own where it is plausible, else the time of receipt. */
  at: Instant;
  notes: Note[];
  /** Recognises the same content sent again. Only where the station's own time tells one fact from the next. */
  hash?: string;
}

/** A message that stations send, as the table lists it. */
export interface StationMessage {
  action: string;
  /** Feature profile, OCPP 1.6 §3.2 */
  profile: string;
  /**
   * Answered only after the journal has flushed it (everything but Heartbeat and Authorize, which change nothing that
   * must last).
   */
  durable: boolean;
  /** Exact: without tolerance, without unknown properties. */
  request: z.ZodType<Node>;
  response: z.ZodType<Node>;
  /** @throws OcppError if nothing can be made of the payload */
  receive: (payload: unknown, receivedAt: Instant) => Received;
  /** For a payload that `receive` returned. undefined: no answer now, the station will repeat the message. */
  answer: (
    payload: Record<string, unknown>,
    context: AnswerContext,
  ) => undefined | Record<string, unknown> | Promise<undefined | Record<string, unknown>>;
}

/** What every message file gives. `answer` may rely on its payload being what `receive` made of it. */
interface Definition<Request extends z.ZodObject, Response extends z.ZodObject, Payload extends Node> {
  action: string;
  profile: string;
  durable: boolean;
  request: Request;
  response: Response;
  answer: (
    payload: Payload,
    context: AnswerContext,
  ) => undefined | z.infer<Response> | Promise<undefined | z.infer<Response>>;
}

/** Defines a message that happens when it is received, and whose payload needs no more than its schema. */
export function defineMessage<Request extends z.ZodObject, Response extends z.ZodObject>(
  definition: Definition<Request, Response, z.infer<Request>>,
): StationMessage {
  const { request, answer, ...rest } = definition;
  return {
    ...rest,
    request,
    receive: (payload, receivedAt) => ({ ...tolerate(request, payload), at: receivedAt }),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what `receive` returned
    answer: (payload, context) => answer(payload as z.infer<Request>, context),
  };
}

/** A request with what it says of its own time. */
export interface Timed<Payload extends Node> {
  payload: Payload;
  at: Instant;
  /** The station's own time was plausible: content and time together are one fact, the same again is a repeat. */
  plausible: boolean;
  notes: Note[];
}

/** The essential properties are there; the others may be absent, and enumerations hold unknown text. */
type Tolerated<Request, Essential extends keyof Request> = Pick<Request, Essential> & Partial<Omit<Request, Essential>>;

/**
 * Defines a message about something that happened at a time of the station's own: `normalise` finds that time.
 *
 * @param definition.essential for messages that are always answered with a CALLRESULT: see `tolerate`. Without it, all that
 *   the schema requires is there.
 */
export function defineTimedMessage<
  Request extends z.ZodObject,
  Response extends z.ZodObject,
  Payload extends Node,
  Essential extends keyof z.infer<Request> & string = keyof z.infer<Request> & string,
>(
  definition: Definition<Request, Response, Payload> & {
    essential?: readonly Essential[];
    normalise: (request: Tolerated<z.infer<Request>, Essential>, receivedAt: Instant) => Timed<Payload>;
  },
): StationMessage {
  const { action, request, essential, normalise, answer, ...rest } = definition;
  return {
    ...rest,
    action,
    request,
    receive(sent, receivedAt) {
      const tolerated = tolerate(request, sent, essential);
      const { payload, at, plausible, notes } = normalise(tolerated.payload, receivedAt);
      const received: Received = { payload, at, notes: [...tolerated.notes, ...notes] };
      if (plausible) received.hash = contentHash(action, payload);
      return received;
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what `receive` returned
    answer: (payload, context) => answer(payload as Payload, context),
  };
}

/**
 * The answer as it may leave: exactly the specification's properties, none of them null (OCPP-J errata 3.1).
 * @throws OcppError InternalError: the answer was made wrongly.
 */
export function exactAnswer(
  message: Pick<StationMessage, 'action' | 'response'>,
  payload: Record<string, unknown>,
): Record<string, unknown> {
  const exact = message.response.safeParse(payload);
  if (exact.success) return exact.data;
  const faults = exact.error.issues.map(({ path, message: what }) => `${path.join('.')}: ${what}`);
  throw new OcppError('InternalError', `no valid ${message.action}.conf: ${faults.join('; ')}`);
}
