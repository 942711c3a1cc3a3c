/**
 * What an actor knows of its charge point. Everything here is plain JSON: it is carried through continue-as-new,
 * read back from the database when an actor is born again, and written to the database as rows.
 *
 * `version` on a row is given at its last change: the time (ms), or one more than the last one. It only grows, over all
 * runs and rebirths, and guards the upsert: an older writer never overwrites a newer row.
 */
import type { Instant, Registration, StationEvent } from '../events.ts';
import type { ActorState } from './actor.ts';
import type { EnergySource, Readings } from './energy.ts';
import type { Input } from './inputs.ts';
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
  /** The station was told there that it has to wait, and has not heard yet that an operator has accepted it since. */
  unaccepted?: true;
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
  /** Group of `idTag`, as the station was answered at the start. */
  parentIdTag?: string | null;
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
  /** Wh; null while it is open, and where nothing tells. The doubts about it are among the notes. */
  energyWh: number | null;
  /** What `energyWh` was reckoned from. */
  energySource?: EnergySource | null;
  /** What its energy will be reckoned from. */
  readings?: Readings | null;
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

/** What was asked for with a command beside its payload. */
export interface CommandOptions {
  /** A Reset that is no longer wanted once the station has booted by itself. */
  unlessRebooted?: true;
  /** The id tag of a RemoteStartTransaction may charge this once, whatever the register says of it. */
  grantIdTag?: true;
  /** What is asked for instead where the station will not do it: one after the other, each when the one before is done. */
  otherwise?: FurtherCommand[];
  /** What is asked for when it is done, likewise. With the last of them `otherwise` is still what is asked for instead. */
  next?: FurtherCommand[];
  /** What its answer has to say for it to count as done. */
  expected?: Record<string, unknown>;
  /** Not asked for: how long (ms) after sending its effect may take at this station, by what that has told of itself. */
  effectWithinMs?: number;
}

/** What is asked for after a command, depending on how that went. */
export interface FurtherCommand {
  action: string;
  payload: Record<string, unknown>;
  /** By default that of the first command, `/` or `+`, and its number. */
  commandId?: string;
  expected?: Record<string, unknown>;
}

export interface Command {
  commandId: string;
  action: string;
  payload: Record<string, unknown>;
  state: CommandState;
  /** Why it is in this state, in words. */
  reason: string | null;
  /** As whoever asked says: the REST API and the command line give their names, other programs send the update. */
  via: 'signal' | 'update' | 'rest' | 'cli';
  options?: CommandOptions | null;
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

/**
 * What activity `persist` found. `behind`: the database has seen more of the charge point than the actor, which was reset
 * to an earlier point, or whose worker died after it had stored more. Rows that were there are left as they were.
 * `lacking`: the database does not have events that it had; it was restored from an older copy.
 */
export type Persisted = 'behind' | 'lacking' | undefined;

/** Input of activity `persist`: one SQL transaction. */
export interface PersistInput {
  chargePointId: string;
  /** Gapless runs; `upTo` becomes the cursor of (chargePointId, journal). */
  runs: { journal: number; upTo: number; events: JudgedEvent[] }[];
  /** Where the actor stands after it, per journal id: one that is behind the database changes none of its rows. */
  cursors: Record<string, number>;
  chargePoint?: ChargePoint;
  connectors: Connector[];
  transactions: Transaction[];
  commands: Command[];
  /** Absent where it is no actor that stores. */
  step?: Step;
}

/** What an actor took in since it last stored something: enough to do it again. */
export interface Step {
  /** Its time (ms since 1970), or one more than the step before. */
  step: number;
  /** The step it follows; null: the actor began with it. */
  previous: number | null;
  /** What the actor's clock said when it made the rows (ms since 1970). */
  now: number;
  inputs: RecordedInput[];
  /** With the first step: the state before it. */
  born?: ActorState;
  /** Now and then: the state after it. */
  snapshot?: ActorState;
}

/** An input as it is kept: events by their place in their journal, where rows are made of them. */
export type RecordedInput =
  Exclude<Input, { kind: 'events' }> | { kind: 'events'; journal: number; after: number; upTo: number };

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
