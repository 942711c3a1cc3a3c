import type { Ahead, StationEvent } from '../../workflows/events.ts';
import type { Journal } from './journal.ts';

/** A charge point, as the outbox sees it. */
export interface Station {
  chargePointId: string;
  /** This boot's. */
  own: Stream;
  /** Oldest first; the own one is the last. */
  streams: Stream[];
  state:
    | 'idle'
    | 'lazy' // heartbeats alone
    | 'ready' // in the queue
    | 'delivering'
    | 'waiting' // after a failed delivery
    | 'blocked'; // without credit
  /** The next delivery need not start the actor. */
  started: boolean;
  failures: number;
  /** No further delivery before: events gather for one signal until the last one is confirmed, or for long enough. */
  nextAt: number;
  /** Sequence number of the own stream's last event that somebody waits for. */
  pressing: number;
  /** In order of `seq`. */
  acceptedWaiters: { seq: number; resolve: () => void }[];
  /** When the oldest pending event came, ms since 1970; 0 with none pending. */
  pendingSince: number;
  /** The last batch could not take everything. */
  behind: boolean;
  /** Its connections that are open as the own stream's flushed events have it, oldest first. */
  open: Ahead['open'];
  /** A command has asked for its next Heartbeat. */
  heartbeatAsked: boolean;
  timer?: NodeJS.Timeout;
}

/** What the outbox knows of one charge point in one journal, as sequence numbers. */
export interface Stream {
  journal: number;
  delivered: number;
  /** Highest ever delivered in this boot: what goes out below it is redelivered. */
  highest: number;
  persisted: number;
  last: number;
  /** Last one that is no heartbeat. */
  urgent: number;
  /** Last one that may change which connections are open. */
  presence: number;
  /** Up to where the actor was told ahead which connections are open. */
  told: number;
  unpersistedBatches: UnpersistedBatch[];
}

export interface UnpersistedBatch {
  upTo: number;
  bytes: number;
  /** Events of it that count as backlog; 0 for a live charge point's. */
  backlog: number;
}

/** An `EventBatch` on its way. */
export interface Batch {
  text: string;
  bytes: number;
  events: number;
  upTo: number;
  tookAll: boolean;
  ahead?: Ahead;
}

export function newStation(chargePointId: string, ownJournal: number): Station {
  const own = newStream(ownJournal, 0, 0);
  return {
    chargePointId,
    own,
    streams: [own],
    state: 'idle',
    started: false,
    failures: 0,
    pendingSince: 0,
    behind: false,
    open: [],
    heartbeatAsked: false,
    nextAt: 0,
    pressing: 0,
    acceptedWaiters: [],
  };
}

/** With events up to `last` it is an earlier boot's: whatever they are, its connections are over. */
export function newStream(journal: number, delivered: number, last: number): Stream {
  const upTo = { delivered, highest: delivered, persisted: delivered, last, urgent: last, presence: last, told: 0 };
  return { journal, ...upTo, unpersistedBatches: [] };
}

/** A Heartbeat may wait for others, but not one that a command asked for. */
export function mayWait(station: Station, event: StationEvent): boolean {
  if (event.kind === 'callSent') station.heartbeatAsked ||= event.payload.requestedMessage === 'Heartbeat';
  if (event.kind !== 'message' || event.action !== 'Heartbeat') return false;
  const asked = station.heartbeatAsked;
  station.heartbeatAsked = false;
  return !asked;
}

/** Takes note of a flushed event of the own stream that says which connections are open. */
export function notePresence(station: Station, event: StationEvent): void {
  if (event.kind !== 'connected' && event.kind !== 'disconnected') return;
  const { connection, receivedAt: openedAt } = event;
  const { journal } = station.own;
  station.own.presence = event.seq;
  station.open = station.open.filter((other) => other.connection !== connection);
  if (event.kind === 'connected') station.open.push({ connection, journal, taskQueue: event.taskQueue, openedAt });
}

/** Which of its connections are open is in events that are not delivered, and was not told ahead of them. */
export function isUntold(station: Station): boolean {
  return station.streams.some((stream) => stream.presence > Math.max(stream.delivered, stream.told));
}

/** The actor has accepted what stood ahead of its events; without `ahead`: it may have forgotten. */
export function noteTold(station: Station, ahead?: Ahead): void {
  for (const stream of station.streams) stream.told = ahead?.upTo[stream.journal] ?? (ahead ? stream.told : 0);
}

/**
 * The next prefix of a stream. Undefined when the charge point's credit is used up.
 *
 * @param limits.credit what a charge point may have delivered and not yet persisted
 * @param limits.batchBytes of events in one delivery; a single larger event goes alone
 */
export function nextBatch(
  journal: Pick<Journal, 'read'>,
  station: Station,
  stream: Stream,
  limits: { credit: { events: number; bytes: number }; batchBytes: number },
): Batch | undefined {
  let { events, bytes } = limits.credit;
  for (const { delivered, persisted, unpersistedBatches } of station.streams) {
    events -= Math.max(0, delivered - persisted);
    for (const batch of unpersistedBatches) bytes -= batch.bytes;
  }
  if (events <= 0 || bytes <= 0) return undefined;
  const most = { events, bytes: Math.min(bytes, limits.batchBytes) };
  const read = journal.read(stream.journal, station.chargePointId, stream.delivered, most);
  const { texts, last } = read;
  if (texts.length === 0) {
    const where = `journal ${stream.journal} has no event after ${stream.delivered}`;
    throw new Error(`${where}, though ${stream.last} was written`);
  }
  // More than `delivered` only if someone else has trimmed: the actor then asks the database.
  const after = last - texts.length;
  const others = station.streams.filter((other) => other !== stream);
  const tookAll = last === stream.last && others.every((other) => other.delivered === other.last);
  const ahead = tookAll ? undefined : aheadOf(station, stream, last);
  // Only where the journal has nothing earlier that is not persisted: there an actor may go on over a gap.
  const first = after <= stream.persisted || after > stream.delivered;
  const redelivered = first && after < stream.highest ? ',"redelivered":true' : '';
  const told = ahead ? `,"ahead":${JSON.stringify(ahead)}` : '';
  const text = `{"journal":${stream.journal},"after":${after},"events":[${texts.join(',')}]${redelivered}${told}}`;
  return { text, bytes: read.bytes, events: texts.length, upTo: last, tookAll, ...(ahead && { ahead }) };
}

/** Undefined where the events that stay behind a batch up to `upTo` change no presence, or the actor was told already. */
function aheadOf(station: Station, stream: Stream, upTo: number): Ahead | undefined {
  const behind = station.streams.filter((other) => (other === stream ? upTo : other.delivered) < other.last);
  const untold = behind.some(({ presence, told, ...other }) => {
    return presence > Math.max(told, other.journal === stream.journal ? upTo : other.delivered);
  });
  if (!untold) return undefined;
  return { upTo: Object.fromEntries(behind.map(({ journal, last }) => [journal, last])), open: station.open };
}
