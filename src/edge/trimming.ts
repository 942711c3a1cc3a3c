import type { Logger } from 'pino';
import type { Journal } from './journal.ts';
import type { Outbox, Unpersisted } from './outbox.ts';

/** Up to which event of (journal, charge point) the database has committed everything. */
export interface Cursor {
  journal: number;
  chargePointId: string;
  seq: number;
}

export interface TrimmingOptions {
  journal: Journal;
  outbox: Outbox;
  /** Cursors of these charge points in these journals; none for a pair the database does not know. */
  readCursors: (chargePointIds: string[], journals: number[]) => Promise<Cursor[]>;
  /**
   * The actor takes what it is given and stores none of it, while others store theirs: it goes on from its history.
   * `again`: that has not helped, and it is born again from the database.
   */
  restartActor: (chargePointId: string, again: boolean) => Promise<void>;
  /** The journal is closed: no event of it will come again. */
  dropCursors: (journal: number) => Promise<void>;
  log: Logger;
  /** How often the cursors are read, in ms; `soon` when a charge point waits for credit. */
  interval?: { normal: number; soon: number };
  /** A cursor that stands still this long (ms) has its events delivered again; doubled each time up to `most`. */
  patience?: { first: number; most: number };
  /** A drained journal of an earlier boot is closed after this time (ms): its last deliveries have ended by then. */
  closeAfterMs: number;
  /** At the start the cursors are waited for this long (ms). */
  startTimeoutMs?: number;
}

/** After so many deliveries in vain an actor is taken for stuck; after twice as many as that time once more. */
const REDELIVERIES_MOST = 4;
/** In so long (ms) what was usual counts half, where none has taken longer since. */
const USUAL_HALVED_MS = 20_000;
/** At a time: others have their turn with the next reading. */
const RESTARTS_MOST = 3;
/** Charge points per query. */
const CHUNK = 1_000;

/**
 * The acknowledgement that counts: what the database has committed leaves the journal and gives credit back; what
 * stays behind is delivered again. So an actor that was terminated, or a Temporal whose store was lost, gets its events
 * once more.
 */
export class Trimming {
  readonly #options: TrimmingOptions;
  readonly #interval: { normal: number; soon: number };
  readonly #patience: { first: number; most: number };
  /** Cursors that stood still at the last reading, by charge point and journal. */
  #still = new Map<string, Still>();
  /** When a cursor was last seen to have moved: workers and database do their work. ms since 1970. */
  #movedAt = 0;
  /** How long those that moved by themselves of late had stood still (ms): in a boot storm all wait for their turn. */
  #usual = 0;
  readonly #drainedSince = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #lastPollAt = 0;
  #running = false;
  #failing = false;

  constructor(options: TrimmingOptions) {
    this.#options = options;
    this.#interval = options.interval ?? { normal: 2_000, soon: 50 };
    this.#patience = options.patience ?? { first: 10_000, most: 120_000 };
    options.outbox.onBlocked(() => this.#schedule(this.#interval.soon));
  }

  /**
   * Asks the database first what of earlier boots' events it has already. To be awaited before the outbox starts; never
   * rejects: without the database the outbox begins at the first event kept, and the actors drop what they have seen.
   */
  async start(): Promise<void> {
    this.#running = true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.startTimeoutMs ?? 5_000);
    });
    await Promise.race([this.#trimLeftovers(), timeout]);
    clearTimeout(timer);
    this.#schedule(this.#interval.normal);
  }

  /** Resolves when a reading under way has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  #schedule(delay: number): void {
    if (!this.#running || this.#polling !== undefined) return;
    clearTimeout(this.#timer);
    const due = Math.max(0, this.#lastPollAt + delay - Date.now());
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll().finally(() => {
        this.#polling = undefined;
        this.#lastPollAt = Date.now();
        this.#schedule(this.#options.outbox.hasBlocked() ? this.#interval.soon : this.#interval.normal);
      });
    }, due).unref();
  }

  async #poll(): Promise<void> {
    const unpersisted = [...this.#options.outbox.unpersisted()];
    try {
      const cursors = await this.#read(unpersisted);
      this.#heard(cursors);
      this.#redeliver(unpersisted, cursors);
      await this.#closeDrained();
      if (this.#failing) this.#options.log.info('cursors can be read again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#options.log.warn({ err: error }, 'cursors cannot be read: the journal keeps what is not confirmed');
      }
      this.#failing = true;
      // Actors cannot persist without the database either: their time to do so begins when it is back.
      for (const still of this.#still.values()) still.since = Date.now();
    }
  }

  async #trimLeftovers(): Promise<void> {
    const leftovers = this.#options.journal.streams();
    const pairs = leftovers.flatMap(({ chargePointId, journals }) =>
      journals.map(({ journal }) => ({ chargePointId, journal })),
    );
    try {
      this.#heard(await this.#read(pairs));
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'cursors cannot be read: earlier events are delivered from the first kept',
      );
    }
  }

  async #read(pairs: { chargePointId: string; journal: number }[]): Promise<Cursor[]> {
    const chargePointIds = [...new Set(pairs.map((pair) => pair.chargePointId))];
    const journals = [...new Set(pairs.map((pair) => pair.journal))];
    const cursors: Cursor[] = [];
    for (let start = 0; start < chargePointIds.length; start += CHUNK) {
      cursors.push(...(await this.#options.readCursors(chargePointIds.slice(start, start + CHUNK), journals)));
    }
    return cursors;
  }

  #heard(cursors: Cursor[]): void {
    for (const { journal, chargePointId, seq } of cursors) {
      this.#options.journal.trim(journal, chargePointId, seq);
      this.#options.outbox.persisted(chargePointId, journal, seq);
    }
  }

  #redeliver(unpersisted: Unpersisted[], cursors: Cursor[]): void {
    const seqs = new Map(cursors.map((cursor) => [keyOf(cursor), cursor.seq]));
    const now = Date.now();
    // One that is being delivered again is not among the unpersisted for a moment: its patience is kept.
    const still = new Map([...this.#still].filter(([, { since, patience }]) => now - since < patience));
    const stuck: { chargePointId: string; again: boolean }[] = [];
    const moved = unpersisted.flatMap((stream) => {
      const before = this.#still.get(keyOf(stream));
      return before && (seqs.get(keyOf(stream)) ?? 0) > before.seq ? [before] : [];
    });
    if (moved.length > 0) this.#movedAt = now;
    const took = moved.filter(({ redeliveries }) => redeliveries === 0).map(({ since }) => now - since);
    this.#usual = Math.max(median(took), this.#usual * 0.5 ** ((now - this.#lastPollAt) / USUAL_HALVED_MS));
    const patienceLeast = Math.min(this.#patience.most, 2 * this.#usual);
    for (const stream of unpersisted) {
      const key = keyOf(stream);
      const seq = seqs.get(key) ?? 0;
      still.delete(key);
      const before = this.#still.get(key);
      if (seq >= stream.delivered) {
        this.#movedAt = now;
        continue;
      }
      const current =
        before !== undefined && before.seq === seq
          ? before
          : { seq, since: now, patience: this.#patience.first, redeliveries: 0, restartAt: REDELIVERIES_MOST };
      still.set(key, current);
      if (now - current.since < Math.max(current.patience, patienceLeast)) continue;
      if (!this.#options.outbox.redeliver(stream.chargePointId, stream.journal, seq)) continue;
      this.#options.log.warn(
        { chargePointId: stream.chargePointId, journal: stream.journal, cursor: seq, delivered: stream.delivered },
        'the cursor stands still behind what was delivered: delivering again',
      );
      const redeliveries = current.redeliveries + 1;
      const isStuck =
        redeliveries >= current.restartAt && this.#movedAt > current.since && stuck.length < RESTARTS_MOST;
      if (isStuck) stuck.push({ chargePointId: stream.chargePointId, again: current.restartAt > REDELIVERIES_MOST });
      still.set(key, {
        ...current,
        since: now,
        patience: Math.min(this.#patience.most, current.patience * 2),
        redeliveries,
        restartAt: isStuck ? redeliveries * 2 : current.restartAt,
      });
    }
    this.#still = still;
    for (const one of stuck) void this.#restart(one);
  }

  async #restart({ chargePointId, again }: { chargePointId: string; again: boolean }): Promise<void> {
    const what = again ? 'it is ended, and born again' : 'it is restarted';
    this.#options.log.error({ chargePointId }, `the actor stores nothing of what it is given: ${what}`);
    try {
      await this.#options.restartActor(chargePointId, again);
    } catch (error) {
      this.#options.log.error({ err: error, chargePointId }, 'the actor could not be restarted: tried again later');
    }
  }

  async #closeDrained(): Promise<void> {
    for (const journal of this.#options.journal.oldJournals()) {
      if (!this.#options.journal.isDrained(journal)) continue;
      const since = this.#drainedSince.get(journal) ?? Date.now();
      this.#drainedSince.set(journal, since);
      if (Date.now() - since < this.#options.closeAfterMs) continue;
      if (!(await this.#wentOnElsewhere(journal))) await this.#options.dropCursors(journal);
      this.#options.journal.forget(journal);
      this.#drainedSince.delete(journal);
    }
  }

  /**
   * The database has more of an earlier journal than this folder: the folder was copied, or restored from an older copy.
   * The edge that goes on with the journal, if there is one, needs its cursors.
   */
  async #wentOnElsewhere(journal: number): Promise<boolean> {
    const { journal: log } = this.#options;
    const cursors = await this.#read(log.chargePointsOf(journal).map((chargePointId) => ({ chargePointId, journal })));
    return cursors.some(({ chargePointId, seq }) => seq > log.lastOf(journal, chargePointId));
  }
}

interface Still {
  seq: number;
  /** When it was first seen there, or its events were last delivered again: ms since 1970. */
  since: number;
  patience: number;
  redeliveries: number;
  /** After so many of them its actor is restarted, if others move. */
  restartAt: number;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function keyOf(pair: { chargePointId: string; journal: number }): string {
  return `${pair.journal} ${pair.chargePointId}`;
}
