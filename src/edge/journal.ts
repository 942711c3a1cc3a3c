import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'lmdb';
import type { Logger } from 'pino';
import { DiskReserve } from '../storage/diskReserve.ts';
import { Store } from '../storage/store.ts';
import { EVENT_MOST_BYTES } from './shortening.ts';
import type { StationEvent } from '../../workflows/events.ts';

type WithoutSeq<E> = E extends StationEvent ? Omit<E, 'seq'> : never;
/** An event before the journal gives it its sequence number. */
export type NewEvent = WithoutSeq<StationEvent>;

/** The journal, or the disk under it, is at its limit: the event is not stored and must stay unanswered. */
export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

/** Longer than an actor can be told: nothing is stored, no number given. */
export class EventTooLong extends Error {
  override readonly name = 'EventTooLong';
}

/** What one journal keeps of one charge point: events `first` to `last`, both included. */
export interface Leftover {
  chargePointId: string;
  /** Oldest first. */
  journals: { journal: number; first: number; last: number }[];
}

/** Ordinary events may fill this share of the limit; the rest is for transactions and CALLs. */
const ORDINARY_SHARE = 0.8;
/** Free disk space (bytes) kept for trimming and for the neighbours; a quarter of it for other than transactions. */
const DISK_RESERVE = 64 * 1024 * 1024;
const DISK_CHECK_MS = 2_000;
/** LMDB's node header, key and alignment, roughly. */
const OVERHEAD_BYTES = 64;
const STATS_INTERVAL_MS = 50;
const TRIM_CHUNK = 2_000;
const MAX_ID_LENGTH = 255;

/**
 * The edge's durable event log: per charge point a dense sequence of events, on this machine's disk before the station
 * is answered. Every boot writes a journal of its own (`id`); what earlier boots left is read under its old id.
 *
 * Tables: `events` [journal, charge point, seq] → the event's JSON; `streams` [journal, charge point] → sequence number
 * trimmed up to, so that the last one is known when all is trimmed; `connections` [journal, charge point, connection],
 * the open ones, in the same commit as their `connected` and `disconnected`.
 */
export class Journal {
  /** Id of this boot's journal: a safe integer, greater than every earlier one's. */
  readonly id: number;
  /** For what must be stored in the same commit as an event: recent starts, transaction ids. */
  readonly store: Store;

  readonly #events: Database<string, [journal: number, chargePointId: string, seq: number]>;
  readonly #streamTable: Database<number, [journal: number, chargePointId: string]>;
  readonly #connections: Database<number, [journal: number, chargePointId: string, connection: string]>;
  readonly #streams = new Map<number, Map<string, Stream>>();
  /** This boot's, by charge point. */
  readonly #own = new Map<string, Stream>();
  readonly #listeners: ((chargePointId: string, event: StationEvent) => void)[] = [];
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #log: Logger;
  readonly #diskReserve: DiskReserve;
  /** Trims that could not be written, by stream. */
  readonly #untrimmed = new Map<Stream, () => void>();
  readonly #diskTimer: NodeJS.Timeout;
  #diskRoom = Infinity;
  #diskCheck: Promise<void> | undefined;
  #queuedBytes = 0;
  /** Bytes of events stored since LMDB's statistics were read. */
  #freshBytes = 0;
  #stats = { bytes: 0, events: 0, at: -Infinity };

  static open(options: { directory: string; maxBytes: number; log: Logger }): Journal {
    mkdirSync(options.directory, { recursive: true });
    const store = Store.open({
      directory: options.directory,
      mapBytes: 2 * options.maxBytes + 256 * 1024 * 1024,
      log: options.log,
    });
    return new Journal(store, options);
  }

  private constructor(store: Store, options: { directory: string; maxBytes: number; log: Logger }) {
    this.store = store;
    this.#directory = options.directory;
    this.#maxBytes = options.maxBytes;
    this.#log = options.log;
    this.#diskReserve = new DiskReserve(join(options.directory, 'reserve'), this.#kept(DISK_RESERVE) / 2);
    this.#events = store.table('events', 'string');
    this.#streamTable = store.table('streams', 'json');
    this.#connections = store.table('connections', 'json');
    this.#loadStreams();
    this.id = Math.max(Date.now() * 4096 + randomInt(4096), Math.max(0, ...this.#streams.keys()) + 1);
    this.#streams.set(this.id, this.#own);
    this.#diskTimer = setInterval(() => this.#checkDisk(), DISK_CHECK_MS).unref();
    this.#checkDisk();
  }

  /**
   * Gives the event its number and queues it. `flushed` resolves when it is on the disk; when it rejects, the event does
   * not exist, nor does any later one of that moment, and their numbers are given again.
   * Throws JournalFull; EventTooLong; RangeError for a charge point id that is empty or longer than 255 characters.
   */
  append(chargePointId: string, event: NewEvent): { seq: number; flushed: Promise<void> } {
    if (chargePointId.length === 0 || chargePointId.length > MAX_ID_LENGTH) {
      throw new RangeError(`a charge point id has 1 to ${MAX_ID_LENGTH} characters, got ${chargePointId.length}`);
    }
    const stream = this.#ownStream(chargePointId);
    const seq = stream.last + 1;
    const numbered: StationEvent = { seq, ...event };
    const text = JSON.stringify(numbered);
    // A character of JSON text has at most three bytes.
    const bytes = text.length > EVENT_MOST_BYTES / 3 ? Buffer.byteLength(text) : 0;
    if (bytes > EVENT_MOST_BYTES) throw new EventTooLong(`an event of ${bytes} bytes, of at most ${EVENT_MOST_BYTES}`);
    this.#admit(numbered, text.length);
    const flushed = this.#write(chargePointId, stream, numbered, text);
    return { seq, flushed };
  }

  /** Called for each appended event once it is on the disk, in order, before the promise of `append` resolves. */
  onFlushed(listener: (chargePointId: string, event: StationEvent) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * JSON texts of the flushed events that follow `after`, as many as fit into the limit, at least one if there is one.
   * `last` is the sequence number of the last text; `after` if there is none.
   */
  read(
    journal: number,
    chargePointId: string,
    after: number,
    limit: { bytes: number; events: number },
  ): { texts: string[]; bytes: number; last: number } {
    const stream = this.#streams.get(journal)?.get(chargePointId);
    const texts: string[] = [];
    let last = after;
    let bytes = 0;
    if (stream === undefined || stream.flushed <= after) return { texts, bytes, last };
    const range = this.#events.getRange({
      start: [journal, chargePointId, after + 1],
      end: [journal, chargePointId, stream.flushed + 1],
      limit: Math.max(1, limit.events),
    });
    for (const { key, value } of range) {
      const size = Buffer.byteLength(value) + 1;
      if (texts.length > 0 && bytes + size > limit.bytes) break;
      texts.push(value);
      bytes += size;
      last = key[2];
    }
    return { texts, bytes, last };
  }

  /** What earlier boots left and nobody has confirmed yet. */
  streams(): Leftover[] {
    const leftovers = new Map<string, Leftover>();
    for (const journal of this.oldJournals()) {
      for (const [chargePointId, stream] of this.#streams.get(journal) ?? []) {
        if (stream.last <= stream.trimmed) continue;
        const leftover = leftovers.get(chargePointId) ?? { chargePointId, journals: [] };
        leftover.journals.push({ journal, first: stream.trimmed + 1, last: stream.last });
        leftovers.set(chargePointId, leftover);
      }
    }
    return [...leftovers.values()];
  }

  /** Ids of earlier boots' journals that are not forgotten, oldest first. */
  oldJournals(): number[] {
    return [...this.#streams.keys()].filter((journal) => journal !== this.id).sort((a, b) => a - b);
  }

  /** Removes the events up to `upTo`, included: they are persisted. */
  trim(journal: number, chargePointId: string, upTo: number): void {
    const stream = this.#streams.get(journal)?.get(chargePointId);
    if (stream === undefined) return;
    const end = Math.min(upTo, stream.flushed);
    while (stream.trimmed < end) this.#trimChunk(journal, chargePointId, stream, end);
  }

  /** The highest number a charge point was given in a journal, as far as this folder knows; 0 without any. */
  lastOf(journal: number, chargePointId: string): number {
    return this.#streams.get(journal)?.get(chargePointId)?.last ?? 0;
  }

  chargePointsOf(journal: number): string[] {
    return [...(this.#streams.get(journal)?.keys() ?? [])];
  }

  /** Nothing of this earlier boot's journal is left: every event of it is persisted. */
  isDrained(journal: number): boolean {
    if (journal === this.id) return false;
    for (const stream of this.#streams.get(journal)?.values() ?? []) {
      if (stream.trimmed < stream.last) return false;
    }
    return true;
  }

  /** Removes the last traces of a drained journal. */
  forget(journal: number): void {
    if (!this.isDrained(journal)) throw new Error(`journal ${journal} still has events: it cannot be forgotten`);
    const chargePointIds = this.chargePointsOf(journal);
    this.#streams.delete(journal);
    void this.store.write({
      apply: () => {
        for (const chargePointId of chargePointIds) void this.#streamTable.remove([journal, chargePointId]);
      },
    });
  }

  /**
   * Ends the connections that earlier boots opened and never reported as closed: each gets a `disconnected`, once. To be
   * awaited at boot, before stations are let in and the outbox starts. Resolves to their number.
   *
   * It is told in this boot's journal, after everything of the earlier ones. Theirs may have gone on elsewhere: a data
   * folder that was restored from an older copy, or copied beside a running edge, must not give their numbers again.
   */
  async closeOpenConnections(): Promise<number> {
    const receivedAt = new Date().toISOString();
    const writes: Promise<void>[] = [];
    const open = [...this.#connections.getKeys()];
    for (const [openedIn, chargePointId, connection] of open) {
      if (openedIn === this.id) continue;
      const stream = this.#ownStream(chargePointId);
      const seq = stream.last + 1;
      const lastKnown = this.lastOf(openedIn, chargePointId);
      const how = { code: 1006, reason: 'edge ended', lastKnown };
      const closed = { seq, kind: 'disconnected', receivedAt, connection, ...how } as const;
      writes.push(this.#write(chargePointId, stream, closed, JSON.stringify(closed), openedIn));
    }
    await Promise.all(writes);
    return writes.length;
  }

  /** `bytes` of pages in use; ordinary events are refused at `limitBytes`. */
  size(): { bytes: number; limitBytes: number; events: number } {
    this.#readStats();
    const bytes = this.#stats.bytes + this.#freshBytes + this.#queuedBytes;
    return { bytes, limitBytes: this.#limit(DISK_RESERVE, ORDINARY_SHARE), events: this.#stats.events };
  }

  async close(): Promise<void> {
    clearInterval(this.#diskTimer);
    await this.#diskCheck;
    await this.store.close();
  }

  #loadStreams(): void {
    for (const { key, value: trimmed } of this.#streamTable.getRange()) {
      const [journal, chargePointId] = key;
      const last = Math.max(trimmed, this.#lastStored(journal, chargePointId));
      let streams = this.#streams.get(journal);
      if (streams === undefined) this.#streams.set(journal, (streams = new Map<string, Stream>()));
      streams.set(chargePointId, { trimmed, last, flushed: last });
    }
  }

  #lastStored(journal: number, chargePointId: string): number {
    const range = { start: [journal, chargePointId, Number.MAX_SAFE_INTEGER], end: [journal, chargePointId, 0] };
    for (const key of this.#events.getKeys({ ...range, reverse: true, limit: 1 })) {
      return key[2];
    }
    return 0;
  }

  #ownStream(chargePointId: string): Stream {
    let stream = this.#own.get(chargePointId);
    if (stream === undefined) this.#own.set(chargePointId, (stream = { trimmed: 0, last: 0, flushed: 0 }));
    return stream;
  }

  /** @param openedIn the journal in which the connection of a `disconnected` was opened */
  #write(chargePointId: string, stream: Stream, event: StationEvent, text: string, openedIn = this.id): Promise<void> {
    const journal = this.id;
    const { seq } = event;
    const bytes = text.length + OVERHEAD_BYTES;
    stream.last = seq;
    this.#queuedBytes += bytes;
    return this.store.write({
      apply: () => {
        void this.#events.put([journal, chargePointId, seq], text);
        if (seq === 1) void this.#streamTable.put([journal, chargePointId], 0);
        if (event.kind === 'connected') void this.#connections.put([journal, chargePointId, event.connection], 1);
        if (event.kind === 'disconnected') void this.#connections.remove([openedIn, chargePointId, event.connection]);
      },
      committed: () => {
        stream.flushed = seq;
        this.#queuedBytes -= bytes;
        this.#freshBytes += bytes;
        for (const listener of this.#listeners) listener(chargePointId, event);
      },
      failed: () => {
        stream.last = stream.flushed;
        this.#queuedBytes -= bytes;
      },
    });
  }

  #trimChunk(journal: number, chargePointId: string, stream: Stream, end: number): void {
    const from = stream.trimmed;
    const upTo = Math.min(end, from + TRIM_CHUNK);
    stream.trimmed = upTo;
    void this.store.write({
      apply: () => {
        for (let seq = from + 1; seq <= upTo; seq++) void this.#events.remove([journal, chargePointId, seq]);
        void this.#streamTable.put([journal, chargePointId], upTo);
      },
      failed: () => {
        stream.trimmed = Math.min(stream.trimmed, from);
        this.#untrimmed.set(stream, () => this.trim(journal, chargePointId, end));
        this.#makeRoom();
      },
    });
  }

  #admit(event: StationEvent, length: number): void {
    const last = isRefusedLast(event);
    if (this.#freshBytes > this.#maxBytes / 64) this.#readStats();
    if (this.#fits(last, length)) return;
    this.#readStats();
    if (this.#fits(last, length)) return;
    const { bytes, limitBytes } = this.size();
    throw new JournalFull(
      `the journal holds ${bytes} bytes, its limit${last ? '' : ' for other than transactions'} is ${Math.max(0, Math.floor(limitBytes))}: ` +
        'it empties as the database takes the events; otherwise free the disk or raise the limit',
    );
  }

  #fits(last: boolean, length: number): boolean {
    const limit = last ? this.#limit(DISK_RESERVE / 4, 1) : this.#limit(DISK_RESERVE, ORDINARY_SHARE);
    return this.#stats.bytes + this.#freshBytes + this.#queuedBytes + length + OVERHEAD_BYTES <= limit;
  }

  /** Bytes the journal may hold, given what the disk has left. */
  #limit(reserve: number, share: number): number {
    return Math.min(this.#maxBytes * share, this.#diskRoom - this.#kept(reserve));
  }

  #kept(reserve: number): number {
    return Math.min(reserve, this.#maxBytes / 8);
  }

  /** A trim could not be written: now the space kept for it is needed. */
  #makeRoom(): void {
    if (!this.#diskReserve.release()) return;
    this.#log.error('the disk under the journal is full: its reserve is used for trimming');
    setImmediate(() => this.#checkDisk());
  }

  #readStats(): void {
    const now = performance.now();
    if (now - this.#stats.at < STATS_INTERVAL_MS) return;
    const stats = this.#events.getStats() as TableStats;
    const pages = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
    this.#stats = { bytes: pages * stats.pageSize, events: stats.entryCount, at: now };
    this.#freshBytes = 0;
  }

  #checkDisk(): void {
    this.#diskCheck ??= this.#examineDisk().finally(() => {
      this.#diskCheck = undefined;
    });
  }

  async #examineDisk(): Promise<void> {
    const retries = [...this.#untrimmed.values()];
    this.#untrimmed.clear();
    for (const trim of retries) trim();
    try {
      // As long as something waits to be trimmed, the space is needed for that.
      if (retries.length === 0) await this.#diskReserve.ensure();
      const [{ bavail, bsize }, { size }] = await Promise.all([
        statfs(this.#directory),
        stat(join(this.#directory, 'data.mdb')),
      ]);
      // The file never shrinks: what was trimmed in it is room too.
      this.#diskRoom = size + bavail * bsize;
    } catch (error) {
      this.#log.warn({ err: error }, 'the disk under the journal cannot be examined');
    }
  }
}

/** One charge point in one journal. */
interface Stream {
  trimmed: number;
  /** Given to an event that may still fail. */
  last: number;
  flushed: number;
}

interface TableStats {
  pageSize: number;
  treeBranchPageCount: number;
  treeLeafPageCount: number;
  overflowPages: number;
  entryCount: number;
}

const LAST_REFUSED = new Set(['StartTransaction', 'StopTransaction', 'MeterValues']);

/** What is worth money, and what a CALL's safety rests on, may use the last of the space. */
function isRefusedLast(event: StationEvent): boolean {
  if (event.kind === 'callSent' || event.kind === 'callResult' || event.kind === 'disconnected') return true;
  return event.kind === 'message' && LAST_REFUSED.has(event.action);
}
