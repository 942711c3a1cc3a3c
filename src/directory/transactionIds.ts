import type { Database } from 'lmdb';
import type { Logger } from 'pino';
import type { Store } from '../storage/store.ts';

/** Transaction ids `first` to `last`, both included, that no one else was given. */
export interface Block {
  first: number;
  last: number;
}

export interface TransactionIdsOptions {
  store: Store;
  /** A fresh block from the database's sequence. */
  takeBlock: () => Promise<Block>;
  log: Logger;
  /** At the start the database is waited for this long (ms). */
  startTimeoutMs?: number;
  /** Pause after a failed attempt (ms), doubled each time up to `most`. */
  retry?: { first: number; most: number };
}

const STORE_AGAIN_MS = 200;
/** Blocks taken and thrown away until there is a new one; each is a query. */
const SKIPPED_MOST = 2_000;

/**
 * Transaction ids, given without asking the database: from a block, refilled when half of it is used.
 *
 * What is left is stored with each id, in the same commit as the event that the id is for, so that no id is given twice
 * after a crash. A restart begins a new block; only when the database is away it goes on with the old one. A database
 * restored from an older copy offers blocks again: those this edge has had are thrown away.
 */
export class TransactionIds {
  readonly #options: TransactionIdsOptions;
  readonly #table: Database<Block[]>;
  readonly #retry: { first: number; most: number };
  #blocks: Block[] = [];
  #blockSize = 0;
  #refill: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(options: TransactionIdsOptions) {
    this.#options = options;
    this.#retry = options.retry ?? { first: 1_000, most: 30_000 };
    this.#table = options.store.table('transactionIds', 'json');
  }

  /** Resolves when a block is there, or the database has not answered in time: never rejects. */
  async start(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), this.#options.startTimeoutMs ?? 3_000);
    });
    const outcome = await Promise.race([this.#takeBlock().catch((error: unknown) => error), timeout]);
    clearTimeout(timer);
    if (this.#blocks.length > 0) return;
    this.#blocks = this.#table.get('left') ?? [];
    this.#blockSize = this.left;
    this.#options.log.warn(
      { err: outcome, left: this.left },
      'no block of transaction ids from the database: going on with what is left of the last one',
    );
    this.#refillInBackground();
  }

  /** Undefined when none is left: the start must stay unanswered, the station repeats it. */
  take(): number | undefined {
    const [block, ...others] = this.#blocks;
    if (block === undefined) return undefined;
    const id = block.first;
    this.#set(id === block.last ? others : [{ first: id + 1, last: block.last }, ...others]);
    if (this.left <= this.#blockSize / 2) this.#refillInBackground();
    return id;
  }

  get left(): number {
    return this.#blocks.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** Ends the attempts to get a block. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#refill;
  }

  #refillInBackground(): void {
    this.#refill ??= this.#refillUntilDone().finally(() => {
      this.#refill = undefined;
    });
  }

  async #refillUntilDone(): Promise<void> {
    for (let pause = this.#retry.first; !this.#stopped.signal.aborted; pause = Math.min(this.#retry.most, pause * 2)) {
      try {
        return await this.#takeBlock();
      } catch (error) {
        this.#options.log.warn({ err: error, left: this.left }, 'no block of transaction ids from the database');
      }
      await sleep(pause, this.#stopped.signal);
    }
  }

  async #takeBlock(): Promise<void> {
    const had = [...(this.#table.get('highest') ?? []), ...this.#blocks];
    const highest = Math.max(0, ...had.map((block) => block.last));
    for (let skipped = 0; ; skipped++) {
      const block = await this.#options.takeBlock();
      if (this.#stopped.signal.aborted) return;
      const { first, last } = block;
      if (!(Number.isSafeInteger(first) && first > 0 && last >= first && last < 2 ** 31)) {
        throw new RangeError(`a block of transaction ids lies between 1 and 2^31 - 1, got ${first} to ${last}`);
      }
      if (first > highest) {
        if (skipped > 0) this.#options.log.warn({ skipped, highest }, 'the database offered transaction ids again');
        this.#blockSize = last - first + 1;
        this.#set([...this.#blocks, block]);
        return;
      }
      if (skipped === SKIPPED_MOST)
        throw new Error(`transaction ids up to ${highest} are used, the database is at ${last}`);
    }
  }

  #set(blocks: Block[]): void {
    this.#blocks = blocks;
    void this.#options.store.write({
      apply: () => {
        void this.#table.put('left', blocks);
        const newest = blocks.at(-1);
        if (newest) void this.#table.put('highest', [newest]);
      },
      // A later commit may succeed and use one of these ids: what is left must not stay wrong on the disk.
      failed: () => this.#storeAgain(blocks),
    });
  }

  #storeAgain(blocks: Block[]): void {
    setTimeout(() => {
      if (this.#blocks === blocks && !this.#stopped.signal.aborted) this.#set(blocks);
    }, STORE_AGAIN_MS).unref();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
