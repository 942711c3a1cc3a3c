import type { Database } from 'lmdb';
import type { Logger } from 'pino';
import type { Store } from '../storage/store.ts';

/** How a replica reads its table in the database. */
export interface ReplicaReads<Row> {
  /** Rows in the order of their keys, those after `after` (null: from the first one), deleted ones included. */
  page: (after: string | null, limit: number) => Promise<Row[]>;
  /**
   * Rows changed since the mark, deleted ones included, and the mark to go on from: a decimal number as text, which only
   * grows in one database. With null no rows, only the present mark.
   */
  changes: (mark: string | null) => Promise<{ rows: Row[]; mark: string }>;
  /** Deleted ones may be included. */
  find: (keys: string[]) => Promise<Row[]>;
}

export interface ReplicaOptions<Row> {
  name: string;
  store: Store;
  keyOf: (row: Row) => string;
  reads: ReplicaReads<Row>;
  log: Logger;
  times: ReplicaTimes;
}

/** All in ms. */
export interface ReplicaTimes {
  /** Between two readings of the changes. */
  changes: number;
  /** Between two readings of everything. */
  everything: number;
  /** How long a key that the database does not know is not asked for again. */
  missing: number;
  /** How long the database is waited for when a key is asked for. */
  find: number;
}

const PAGE = 1_000;
const FIND_BATCH = 500;
const MISSING_KEPT = 10_000;
const TOO_OFTEN = 3;

/**
 * A copy of one table of the database on the edge's disk: looked up without waiting, kept in step by the database's
 * changes, and good for the time when the database is away.
 */
export class Replica<Row extends { deleted: boolean }> {
  readonly #options: ReplicaOptions<Row>;
  readonly #rows: Database<string>;
  readonly #marks: Database<string>;
  /** Written and not yet committed: the table does not show it. */
  readonly #unflushed = new Map<string, string>();
  /** Keys the database does not have, and when it said so (ms since 1970): in order of time. */
  readonly #missing = new Map<string, number>();
  readonly #wanted = new Map<string, Wanted<Row>>();
  readonly #listeners: ((rows: Row[]) => void)[] = [];
  /** Keys heard of since a reading of everything began. */
  #seen: Set<string> | undefined;
  #mark: string | undefined;
  #everythingAt = -Infinity;
  /** Readings that failed in a row. */
  #failures = 0;
  /** Keys heard of from the changes while others are being looked for: what was found may be older. */
  #heardMeanwhile: Set<string> | undefined;
  #finding = false;
  #following: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  /** What the database did last: undefined before it was asked. */
  #answers: boolean | undefined;
  #away: { since: Date; reason: string } | undefined;

  constructor(options: ReplicaOptions<Row>) {
    this.#options = options;
    this.#rows = options.store.table(options.name, 'string');
    this.#marks = options.store.table('marks', 'string');
    this.#mark = this.#marks.get(options.name);
  }

  /** Everything was read once, in this run or an earlier one; or the database answers. */
  get ready(): boolean {
    return this.#mark !== undefined || this.#answers === true;
  }

  /** Since when and why the database does not answer; undefined while it does. */
  get away(): { since: Date; reason: string } | undefined {
    return this.#away;
  }

  /**
   * The row; undefined for one that does not exist or is deleted; 'unavailable' for one never seen while the database is
   * away. A promise only where the database has to be asked.
   */
  get(key: string): Row | undefined | 'unavailable' | Promise<Row | undefined | 'unavailable'> {
    const row = this.#stored(key);
    if (row !== undefined) return row.deleted ? undefined : row;
    const missingSince = this.#missing.get(key);
    if (missingSince !== undefined && Date.now() - missingSince < this.#options.times.missing) return undefined;
    // Following the changes finds out when the database is back: nobody else need wait for it.
    if (this.#answers === false) return 'unavailable';
    return this.#find(key);
  }

  /** As the database has it now; what is known here while it is away. */
  async newest(key: string): Promise<Row | undefined | 'unavailable'> {
    if (this.#answers === false) return this.get(key);
    const found = await this.#find(key);
    return found === 'unavailable' ? this.get(key) : found;
  }

  /** Called with rows that are not as they were known, deleted ones included. */
  onChanged(listener: (rows: Row[]) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#running = true;
    this.#schedule(0);
  }

  /** Resolves when a reading under way has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#following;
  }

  #schedule(delay: number): void {
    if (!this.#running) return;
    this.#timer = setTimeout(() => {
      this.#following = this.#follow().finally(() => {
        this.#following = undefined;
        this.#schedule(this.#options.times.changes);
      });
    }, delay).unref();
  }

  async #follow(): Promise<void> {
    try {
      const everythingIsDue = performance.now() - this.#everythingAt >= this.#options.times.everything;
      if (this.#mark === undefined || everythingIsDue) await this.#readEverything();
      else await this.#readChanges(this.#mark);
      this.#failures = 0;
      this.#heard(true);
    } catch (error) {
      // The changes may have become too many for one reading: everything is read in pages.
      this.#failures += 1;
      if (this.#failures >= TOO_OFTEN) this.#everythingAt = -Infinity;
      this.#heard(false, error);
    }
  }

  async #readChanges(since: string): Promise<void> {
    const { rows, mark } = await this.#options.reads.changes(since);
    if (BigInt(mark) < BigInt(since)) {
      this.#options.log.warn(
        { replica: this.#options.name, since, mark },
        'the database was restored: reading everything',
      );
      return this.#readEverything();
    }
    this.#put(rows, mark === since ? undefined : mark);
  }

  /** The mark first: what changes during the pages is read again from it. */
  async #readEverything(): Promise<void> {
    const { mark } = await this.#options.reads.changes(null);
    const seen = new Set<string>();
    this.#seen = seen;
    try {
      let after: string | null = null;
      for (;;) {
        const rows: Row[] = await this.#options.reads.page(after, PAGE);
        this.#put(rows);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE || !this.#running) break;
        after = this.#options.keyOf(last);
        this.#heard(true);
      }
      if (!this.#running) return;
      this.#removeAllBut(seen);
      this.#put([], mark);
      this.#everythingAt = performance.now();
    } finally {
      this.#seen = undefined;
    }
  }

  /** Waiting keys go out together, one query at a time. */
  #find(key: string): Promise<Row | undefined | 'unavailable'> {
    const wanted = this.#wanted.get(key) ?? newWanted<Row>();
    this.#wanted.set(key, wanted);
    if (!this.#finding) {
      this.#finding = true;
      void this.#findWanted();
    }
    return wanted.promise;
  }

  async #findWanted(): Promise<void> {
    await Promise.resolve(); // all keys wanted in this turn
    while (this.#wanted.size > 0) {
      const batch = [...this.#wanted].slice(0, FIND_BATCH);
      for (const [key] of batch) this.#wanted.delete(key);
      const keys = batch.map(([key]) => key);
      let found: boolean;
      const heard = new Set<string>();
      this.#heardMeanwhile = heard;
      try {
        const rows = await withDeadline(this.#options.reads.find(keys), this.#options.times.find);
        this.#heardMeanwhile = undefined;
        this.#put(rows.filter((row) => !heard.has(this.#options.keyOf(row))));
        found = true;
      } catch (error) {
        this.#heardMeanwhile = undefined;
        this.#heard(false, error);
        found = false;
      }
      for (const [key, wanted] of batch) wanted.resolve(found ? this.#found(key) : 'unavailable');
    }
    this.#finding = false;
  }

  #found(key: string): Row | undefined {
    const row = this.#stored(key);
    if (row !== undefined) return row.deleted ? undefined : row;
    this.#missing.delete(key);
    this.#missing.set(key, Date.now());
    if (this.#missing.size > MISSING_KEPT) {
      for (const oldest of this.#missing.keys()) {
        this.#missing.delete(oldest);
        break;
      }
    }
    return undefined;
  }

  #stored(key: string): Row | undefined {
    if (key === '' || key.length > 255) return undefined;
    const text = this.#unflushed.get(key) ?? this.#rows.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Row);
  }

  #put(rows: Row[], mark?: string): void {
    const changed: [key: string, text: string][] = [];
    const changedRows: Row[] = [];
    for (const row of rows) {
      const key = this.#options.keyOf(row);
      if (key === '' || key.length > 255) continue;
      const text = JSON.stringify(row);
      this.#seen?.add(key);
      this.#heardMeanwhile?.add(key);
      this.#missing.delete(key);
      if ((this.#unflushed.get(key) ?? this.#rows.get(key)) === text) continue;
      changed.push([key, text]);
      changedRows.push(row);
      this.#unflushed.set(key, text);
    }
    if (mark !== undefined) this.#mark = mark;
    if (changed.length === 0 && mark === undefined) return;
    if (changedRows.length > 0) for (const listener of this.#listeners) listener(changedRows);
    const forget = (): void => {
      for (const [key, text] of changed) if (this.#unflushed.get(key) === text) this.#unflushed.delete(key);
    };
    void this.#options.store.write({
      apply: () => {
        for (const [key, text] of changed) void this.#rows.put(key, text);
        if (mark !== undefined) void this.#marks.put(this.#options.name, mark);
      },
      committed: forget,
      // The disk is full: what could not be kept is read with everything, once there is room.
      failed: () => {
        forget();
        this.#everythingAt = -Infinity;
      },
    });
  }

  /** The database does not have them any more, not even as deleted: it was restored. */
  #removeAllBut(seen: ReadonlySet<string>): void {
    const gone = [...this.#rows.getKeys()].filter((key) => !seen.has(String(key)));
    if (gone.length === 0) return;
    void this.#options.store.write({
      apply: () => {
        for (const key of gone) void this.#rows.remove(key);
      },
    });
  }

  #heard(answers: boolean, error?: unknown): void {
    if (answers !== this.#answers) {
      const fields = { replica: this.#options.name };
      if (!answers)
        this.#options.log.warn({ ...fields, err: error }, 'the database does not answer: using what is known');
      else if (this.#answers === false) this.#options.log.info(fields, 'the database answers again');
    }
    this.#answers = answers;
    if (answers) this.#away = undefined;
    else this.#away ??= { since: new Date(), reason: rootMessage(error) };
  }
}

/** What wraps an error of a query says only which query it was. */
function rootMessage(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause instanceof Error ? cause.message : String(cause);
}

interface Wanted<Row> {
  promise: Promise<Row | undefined | 'unavailable'>;
  resolve: (row: Row | undefined | 'unavailable') => void;
}

function newWanted<Row>(): Wanted<Row> {
  let resolve!: Wanted<Row>['resolve'];
  const promise = new Promise<Row | undefined | 'unavailable'>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}

async function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the database did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
