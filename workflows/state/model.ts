/**
 * What an actor knows of its charge point. Everything here is plain JSON: it is carried through continue-as-new,
 * read back from the database when an actor is born again, and written to the database as rows.
 *
 * `version` on a row is given at its last change: the time (ms), or one more than the last one. It only grows, over all
 * runs and rebirths, and guards the upsert: an older writer never overwrites a newer row.
 */
import type { Instant, Registration, StationEvent } from '../events.ts';
import type { Heard } from './repeats.ts';

export interface ChargePoint {
  chargePointId: string;
  vendor: string | null;
  model: string | null;
  serialNumber: string | null;
  firmwareVersion: string | null;
  iccid: string | null;
  imsi: string | null;
  meterType: string | null;
  meterSerialNumber: string | null;
  registration: Registration | null;
  lastBootAt: Instant | null;
  online: boolean;
  onlineSince: Instant | null;
  offlineSince: Instant | null;
  lastSeenAt: Instant | null;
  version: number;
}

/** One open WebSocket connection. The newest by arrival gets the CALLs. */
export interface Connection {
  connection: string;
  journal: number;
  taskQueue: string;
  openedAt: Instant;
  /** A BootNotification, or 10 s, has passed: CALLs may go out (Wallbox and EN+ drop the socket otherwise). */
  booted: boolean;
}

export interface Connector {
  connectorId: number;
  status: string;
  errorCode: string;
  info: string | null;
  vendorId: string | null;
  vendorErrorCode: string | null;
  at: Instant;
  version: number;
}

export interface Transaction {
  transactionId: number;
  /** Other ids the same transaction was given by another edge. */
  aliases: number[];
  connectorId: number | null;
  idTag: string | null;
  /** AuthorizationStatus the station was answered at the start. */
  idTagStatus: string | null;
  reservationId: number | null;
  startedAt: Instant | null;
  /** The station's own text, to recognise the same start. */
  startTimestamp: string | null;
  /** Wh */
  meterStart: number | null;
  stoppedAt: Instant | null;
  /** Wh */
  meterStop: number | null;
  stopIdTag: string | null;
  stopReason: string | null;
  /** Who says it ended: the station's StopTransaction, or our estimate until one comes. */
  end: 'station' | 'estimated' | null;
  /** Wh, register difference; null while open, unknown, or negative. */
  energyWh: number | null;
  /** Last reading of the energy register seen in its meter values. */
  lastReadingAt: Instant | null;
  /** Wh */
  lastReadingWh: number | null;
  /** Why it is thought to have ended, and how much online time (ms) is left before it is ended as estimated. */
  grace: { reason: string; since: Instant; remainingMs: number } | null;
  notes: string[];
  version: number;
}

export type CommandState =
  | 'queued'
  | 'dispatching' // handed to the edge; the journal has not said yet whether it was written
  | 'sent'
  | 'answered' // the station's own word is in `answer`; its effect is being waited for
  | 'completed'
  | 'notObserved'
  | 'rejected' // the station's own word, not Accepted
  | 'failed' // CALLERROR
  | 'timedOut'
  | 'connectionLost'
  | 'refused'
  | 'expired'
  | 'cancelled';

export interface Command {
  commandId: string;
  action: string;
  payload: Record<string, unknown>;
  state: CommandState;
  /** Why it is in this state, in words. */
  reason: string | null;
  via: 'signal' | 'update';
  requestedBy: string | null;
  requestedAt: Instant;
  /** Not sent after this. */
  deadline: Instant;
  sentAt: Instant | null;
  connection: string | null;
  answer: Record<string, unknown> | null;
  answeredAt: Instant | null;
  outcome: string | null;
  endedAt: Instant | null;
  version: number;
}

/** One event as `persist` stores it, with what only the actor could know of it. */
export interface JudgedEvent {
  event: StationEvent;
  /** `<journal>:<seq>` of the event this one repeats: a message row, no second fact. */
  repeatOf?: string;
  /** The transaction its facts belong to, after aliases and ids like -1 are resolved; null for none. */
  transactionId?: number | null;
  /** The reducer threw: stored as dead event with this text. */
  dead?: string;
}

/** Input of activity `persist`: one SQL transaction. */
export interface PersistInput {
  chargePointId: string;
  /** Gapless runs; `upTo` becomes the cursor of (chargePointId, journal). */
  runs: { journal: number; upTo: number; events: JudgedEvent[] }[];
  chargePoint?: ChargePoint;
  connectors: Connector[];
  transactions: Transaction[];
  commands: Command[];
}

/** What the database knows of a charge point: an actor without carried state starts from this. */
export interface Birth {
  chargePoint: ChargePoint | null;
  /** Sequence number persisted per journal id (as text: JSON keys). */
  cursors: Record<string, number>;
  openConnections: Connection[];
  connectors: Connector[];
  /** Open ones, estimated ends of the last 7 days, and the 20 newest others. */
  transactions: Transaction[];
  /** Unfinished ones and the 20 newest others. */
  commands: Command[];
  /** What the station said lately and may say again, as far as it is stored; oldest first. */
  heard: Heard[];
  /** Highest version of any row of this charge point. */
  version: number;
}
