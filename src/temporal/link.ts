import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActors, type Actors } from './actors.ts';
import { connectTemporal, reasonOf, TemporalAway, TemporalMisconfigured, type Temporal } from './connection.ts';

const RETRY_MS = 2_000;
/** Between two looks whether Temporal is there, and how long its answer may take. */
const WATCH_MS = 5_000;
/** Workers give what they have begun 5 s (`shutdownGraceTime`); where Temporal is silent they wait for it half a minute. */
const STOP_MS = 7_000;
const STARTING = 'starting';

/**
 * Keeps this process linked to Temporal: connects, runs its workers, and starts over when the connection cannot be made
 * or a worker fails. Stations are served meanwhile; their events wait in the journal.
 */
export class TemporalLink {
  /** Since when and why there is no link; undefined while there is one. */
  down: { since: Date; reason: string } | undefined = { since: new Date(), reason: STARTING };
  readonly #options: LinkOptions;
  #actors: Actors | undefined;
  #workers: Worker[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The actors, through today's connection. Throws `TemporalAway` while there is none. */
  get actors(): Actors {
    if (!this.#actors) throw new TemporalAway(`Temporal is away: ${this.down?.reason ?? 'not started'}`);
    return this.#actors;
  }

  /**
   * Makes the first link. Rejects where that fails and `patient` is not set, and always where the configuration is
   * wrong; afterwards the link is kept in the background until `stop`.
   */
  async start({ patient }: { patient: boolean }): Promise<void> {
    let first: Temporal | undefined;
    try {
      first = await connectTemporal(this.#options);
    } catch (error) {
      if (!patient || error instanceof TemporalMisconfigured) throw error;
      this.#lost(error);
    }
    const firstWorkers = first && (await this.#options.createWorkers(first));
    this.#running = this.#keep(first, firstWorkers);
  }

  /** Workers finish what they have begun; then the connection is closed. A silent Temporal is not waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const worker of this.#workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.race([this.#running, sleep(STOP_MS, undefined, { ref: false })]);
  }

  async #keep(first?: Temporal, firstWorkers?: Worker[]): Promise<void> {
    let temporal = first;
    let workers = firstWorkers;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        temporal ??= await connectTemporal(this.#options);
        workers ??= await this.#options.createWorkers(temporal);
        if (signal.aborted) return;
        this.#workers = workers;
        this.#actors = createActors(temporal);
        this.#answers();
        const watching = new AbortController();
        void this.#watch(temporal, AbortSignal.any([signal, watching.signal]));
        const running = workers.length > 0 ? runAll(workers) : aborted(signal);
        await running.finally(() => watching.abort());
      } catch (error) {
        this.#lost(error);
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
      this.#workers = [];
      workers = undefined;
      await temporal?.connection.close().catch(() => {});
      temporal = undefined;
    }
  }

  /** Workers poll through an outage and say nothing of it: whether Temporal is there is found out by asking. */
  async #watch({ connection }: Temporal, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await sleep(WATCH_MS, undefined, { signal: ended, ref: false }).catch(() => {});
      if (ended.aborted) return;
      try {
        await connection.withDeadline(Date.now() + WATCH_MS, () => connection.workflowService.getSystemInfo({}));
        if (!ended.aborted) this.#answers();
      } catch (error) {
        if (!ended.aborted) this.#lost(error);
      }
    }
  }

  #answers(): void {
    if (this.down && this.down.reason !== STARTING)
      this.#options.log.info({ since: this.down.since }, 'Temporal is back');
    this.down = undefined;
  }

  #lost(error: unknown): void {
    const reason = reasonOf(error);
    if (this.down?.reason === reason) return;
    if (!this.down || this.down.reason === STARTING) {
      this.#options.log.warn({ reason }, 'Temporal is away: stations are served, what they say waits in the journal');
    }
    this.down = { since: this.down?.since ?? new Date(), reason };
  }
}

export interface LinkOptions {
  address: string;
  namespace: string;
  createWorkers(temporal: Temporal): Promise<Worker[]>;
  log: Logger;
}

/** Without workers there is nothing that ends by itself: the connection makes itself anew. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Resolves when all have shut down; when one fails the others are shut down too. */
async function runAll(workers: Worker[]): Promise<void> {
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      for (const other of workers) if (other.getState() === 'RUNNING') other.shutdown();
    }
  });
  const results = await Promise.allSettled(runs);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
