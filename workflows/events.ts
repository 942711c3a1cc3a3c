/**
 * What an edge tells a charge point's actor: the station's ordered event log, as it stands in the edge's journal.
 *
 * An event is written once, by the edge, and never changed. Whatever has to be the same when an event is delivered or
 * stored a second time (times, ids, the answer the station got) is fixed in it.
 */

/** A moment in UTC, ISO 8601 with milliseconds and `Z`: sorts as text. */
export type Instant = string;

/**
 * Payload of signal `events`: a gapless run of one station's events from one journal.
 * `after` is the sequence number the run follows; `events[0].seq === after + 1`.
 */
export interface EventBatch {
  /** Id of the journal (one per edge boot); a safe integer that grows with time. */
  journal: number;
  after: number;
  events: StationEvent[];
  /** Sent again because the database's cursor stayed behind what had been delivered. */
  redelivered?: true;
  /** Sent along where events of the station stay behind for later batches: presence is known before they come. */
  ahead?: Ahead;
}

/** Where a station stands at its edge now, though older events of it are still on their way. */
export interface Ahead {
  /** Sequence number up to which this looks ahead, per journal id of this edge (as text: a JSON key). */
  upTo: Record<string, number>;
  /** The connections of the station that are open at this edge, oldest first. */
  open: { connection: string; journal: number; taskQueue: string; openedAt: Instant }[];
}

export type StationEvent = Connected | Disconnected | Message | Malformed | CallSent | CallResult;

interface EventBase {
  /** Dense from 1 within (journal, charge point). */
  seq: number;
  receivedAt: Instant;
  /** Id of the WebSocket connection: `<journal>-<counter>`. */
  connection: string;
}

export interface Connected extends EventBase {
  kind: 'connected';
  /** Task queue of the edge that holds the socket: CALLs to the station go there. */
  taskQueue: string;
  remoteAddress: string;
  /** Negotiated WebSocket subprotocol. */
  protocol: string;
  /** What the edge took the charge point for; absent in events of edges that did not say. */
  registration?: Registration;
}

/** Whether a charge point may work here (OCPP 1.6 §4.2), and `retired`: it did once. */
export type Registration = 'accepted' | 'pending' | 'rejected' | 'retired';

export interface Disconnected extends EventBase {
  kind: 'disconnected';
  /** WebSocket close code; 1006 when the socket was cut, or its edge ended without closing it. */
  code: number;
  reason: string;
  /**
   * Where a later boot of its edge says so: the last number the charge point was given in the connection's own journal, as
   * far as that boot knows. Who has seen a later one knows that the edge's data folder is an older copy.
   */
  lastKnown?: number;
}

/** A CALL of the station and the answer it was given. */
export interface Message extends EventBase {
  kind: 'message';
  /** OCPP-J unique id of the CALL, as text. */
  messageId: string;
  action: string;
  /** Effective time: the station's own where it is plausible, else `receivedAt`. */
  at: Instant;
  /** Normalised payload (`src/ocpp/messages`). What could not be understood stays as it came. */
  payload: Record<string, unknown>;
  /** The frame as it came, where the payload differs from it. */
  raw?: string;
  /** What was odd about the message, in words that start with the name of the normalisation. */
  notes?: string[];
  answer: Answer;
  /** Hash of action and content, for recognising what a station sent again. Absent where a repeat cannot be told. */
  hash?: string;
}

export type Answer = { result: Record<string, unknown> } | { error: string; description: string };

/** A frame that is no OCPP-J message: kept, not answered (1.6 has no id to answer to). */
export interface Malformed extends EventBase {
  kind: 'malformed';
  /** The frame, cut to 4,096 characters. */
  raw: string;
  reason: string;
}

/** Journalled and flushed before the CALL is written to the socket. */
export interface CallSent extends EventBase {
  kind: 'callSent';
  commandId: string;
  messageId: string;
  action: string;
  payload: Record<string, unknown>;
}

/** How a CALL ended: the station's CALLRESULT or CALLERROR, no answer in time, or the end of the connection. */
export interface CallResult extends EventBase {
  kind: 'callResult';
  commandId: string;
  messageId: string;
  action: string;
  outcome:
    | { result: Record<string, unknown> }
    | { error: string; description: string }
    | { timeout: true }
    | { connectionLost: true };
}
