import type { StationEvent } from '../../workflows/events.ts';
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
  /** No further delivery before: the slower Temporal is, the longer events gather for one signal. */
  nextAt: number;
  /** In order of `seq`. */
  acceptedWaiters: { seq: number; resolve: () => void }[];
  /** When the oldest pending event came, ms since 1970; 0 with none pending. */
  pendingSince: number;
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
  unpersistedBatches: { upTo: number; bytes: number }[];
}

/** An `EventBatch` on its way. */
export interface Batch {
  text: string;
  bytes: number;
  upTo: number;
  tookAll: boolean;
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
    nextAt: 0,
    acceptedWaiters: [],
  };
}

export function newStream(journal: number, delivered: number, last: number): Stream {
  return { journal, delivered, highest: delivered, persisted: delivered, last, urgent: last, unpersistedBatches: [] };
}

export function isHeartbeat(event: StationEvent): boolean {
  return event.kind === 'message' && event.action === 'Heartbeat';
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
  const redelivered = after < stream.highest ? ',"redelivered":true' : '';
  const text = `{"journal":${stream.journal},"after":${after},"events":[${texts.join(',')}]${redelivered}}`;
  const others = station.streams.filter((other) => other !== stream);
  const tookAll = last === stream.last && others.every((other) => other.delivered === other.last);
  return { text, bytes: read.bytes, upTo: last, tookAll };
}
