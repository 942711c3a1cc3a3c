import { open } from 'lmdb';
import type { Database, Key, RootDatabase } from 'lmdb';
import type { Logger } from 'pino';

/** One change, queued for the next commit. All changes queued in the same turn of the event loop share a commit. */
export interface Write {
  /** Puts and removes on the store's tables. Must not throw: check keys and values before. */
  apply: () => void;
  /** Called after the commit is on the disk, in the order of the writes, before the promise of `write` resolves. */
  committed?: () => void;
  /** Called when nothing of the commit was stored, before the promise of `write` rejects. */
  failed?: () => void;
}

/** A commit could not be written: nothing of it is stored. `cause` is LMDB's word for it (disk full, I/O error). */
export class CommitFailed extends Error {
  override readonly name = 'CommitFailed';
}

/**
 * LMDB with group commit: writes are queued while a commit is being flushed and go out together with the next one.
 *
 * One commit at a time, so that a failure has a clear edge: it takes with it every write queued so far, and what is
 * written afterwards can build on what really is stored.
 */
export class Store {
  readonly #root: RootDatabase;
  readonly #log: Logger;
  #next = newCommit();
  #committing: Promise<void> | undefined;
  #broken: Error | undefined;
  #scheduled = false;

  /** `mapBytes` is address space, not disk: twice of what will ever be stored keeps LMDB from remapping. */
  static open(options: { directory: string; mapBytes: number; log: Logger }): Store {
    const root = open({
      path: options.directory,
      noSubdir: false,
      mapSize: Math.ceil(options.mapBytes / 0x40000) * 0x40000,
      maxDbs: 12,
      // A commit is visible only when it is on the disk: data, fsync, meta page with O_DSYNC.
      overlappingSync: false,
      // With it, a failed commit rejects a promise inside lmdb that nobody can reach.
      eventTurnBatching: false,
    });
    return new Store(root, options.log);
  }

  private constructor(root: RootDatabase, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** `string` for text stored as it is, `json` for values. */
  table<V, K extends Key = Key>(name: string, encoding: 'string' | 'json'): Database<V, K> {
    return this.#root.openDB<V, K>(name, { encoding });
  }

  /**
   * Resolves when the write is fsynced; rejects with CommitFailed. The promise is shared by all writes of a commit,
   * and need not be awaited.
   */
  write(write: Write): Promise<void> {
    if (this.#broken !== undefined) return this.#refuse(write, this.#broken);
    this.#next.writes.push(write);
    if (!this.#scheduled) {
      this.#scheduled = true;
      if (this.#committing === undefined) setImmediate(() => this.#commit());
    }
    return this.#next.promise;
  }

  /** Resolves when everything written so far is on the disk, or has failed. */
  async settled(): Promise<void> {
    while (this.#scheduled || this.#committing !== undefined) {
      await (this.#committing ?? this.#next.promise.catch(() => undefined));
    }
  }

  async close(): Promise<void> {
    await this.settled();
    this.#broken ??= new Error('the store is closed');
    await this.#root.close();
  }

  #commit(): void {
    const commit = this.#next;
    this.#next = newCommit();
    this.#scheduled = false;
    this.#committing = this.#store(commit);
  }

  async #store(commit: Commit): Promise<void> {
    try {
      await this.#root.batch(() => {
        for (const { apply } of commit.writes) this.#call(apply);
      });
    } catch (error) {
      return this.#fail(commit, error);
    }
    for (const { committed } of commit.writes) this.#call(committed);
    commit.resolve();
    this.#committing = undefined;
    if (this.#scheduled) this.#commit();
  }

  /** What was queued meanwhile was numbered after what failed, so it fails too. */
  async #fail(commit: Commit, thrown: unknown): Promise<void> {
    const later = this.#next;
    this.#next = newCommit();
    this.#scheduled = false;
    this.#committing = undefined;
    this.#probe();
    for (const { failed } of [...commit.writes, ...later.writes]) this.#call(failed);
    const cause = await causeOf(thrown);
    const error = new CommitFailed(`could not write to the disk: ${cause.message}`, { cause });
    commit.reject(error);
    later.reject(error);
  }

  /**
   * After a failed write of its meta page LMDB refuses every further transaction (MDB_PANIC), and lmdb-js would wait for
   * it for ever. A transaction without changes tells.
   */
  #probe(): void {
    try {
      this.#root.transactionSync(() => undefined);
    } catch (cause) {
      this.#broken = new CommitFailed('the store cannot be written any more: free the disk, then restart', { cause });
      this.#log.fatal({ err: cause }, 'the store cannot be written any more: free the disk, then restart');
    }
  }

  #refuse(write: Write, error: Error): Promise<void> {
    this.#call(write.failed);
    const refused = Promise.reject(error);
    refused.catch(() => undefined);
    return refused;
  }

  #call(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (error) {
      this.#log.error({ err: error }, 'a write of the store threw');
    }
  }
}

interface Commit {
  writes: Write[];
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
}

function newCommit(): Commit {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Many writers do not wait (a trim, a heartbeat): for them a failed commit is no unhandled rejection.
  promise.catch(() => undefined);
  return { writes: [], promise, resolve, reject };
}

/** lmdb-js rejects with "Commit failed" and puts the reason into a second promise. */
async function causeOf(thrown: unknown): Promise<Error> {
  const commitError: unknown = thrown instanceof Error && 'commitError' in thrown ? thrown.commitError : undefined;
  try {
    await commitError;
  } catch (cause) {
    if (cause instanceof Error) return cause;
  }
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
