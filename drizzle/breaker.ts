import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Database } from './client.ts';
import { DatabaseAway, describeDatabaseError } from './errors.ts';

/**
 * Circuit breaker: whoever finds the database away opens it; while it is open everybody fails at once instead of
 * waiting for a timeout each. A probe about every second closes it again.
 */
export interface Breaker {
  readonly state: { open: boolean; since?: Date; reason?: string };
  /** Opens it. */
  trip(reason: string): void;
  /** @throws DatabaseAway while it is open */
  check(): void;
  /** Resolves when the database can be used, at once if it is not known to be away. Rejects when `signal` aborts. */
  whenClosed(signal?: AbortSignal): Promise<void>;
  /** Stops probing; those who wait are rejected with `DatabaseAway`. */
  close(): void;
}

interface Waiter {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

export interface BreakerOptions {
  database: Database;
  log: Logger;
  probeEveryMs?: number;
}

export function createBreaker({ database, log, probeEveryMs = 1000 }: BreakerOptions): Breaker {
  let state: Breaker['state'] = { open: false };
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const waiting = new Set<Waiter>();

  const probe = async (): Promise<void> => {
    try {
      await database.run((db) => db.execute(sql`select 1`), probeEveryMs);
    } catch (error) {
      if (ended) return;
      state = { ...state, reason: describeDatabaseError(error).message };
      timer = setTimeout(() => void probe(), probeEveryMs);
      return;
    }
    if (ended) return;
    log.info({ since: state.since }, 'the database is back');
    state = { open: false };
    for (const { resolve } of waiting) resolve();
  };

  return {
    get state() {
      return state;
    },
    trip(reason) {
      if (state.open || ended) return;
      log.warn({ reason }, 'the database is away');
      state = { open: true, since: new Date(), reason };
      timer = setTimeout(() => void probe(), probeEveryMs);
    },
    check() {
      if (state.open) throw new DatabaseAway(state.reason ?? 'no reason known');
    },
    async whenClosed(signal) {
      signal?.throwIfAborted();
      if (!state.open) return;
      if (ended) throw new DatabaseAway('its client is closed');
      await new Promise<void>((resolve, reject) => {
        const done = (settle: () => void) => {
          waiting.delete(waiter);
          signal?.removeEventListener('abort', abort);
          settle();
        };
        const abort = () => done(() => reject(signal?.reason));
        const waiter: Waiter = { resolve: () => done(resolve), reject: (reason) => done(() => reject(reason)) };
        signal?.addEventListener('abort', abort, { once: true });
        waiting.add(waiter);
      });
    },
    close() {
      ended = true;
      clearTimeout(timer);
      for (const { reject } of waiting) reject(new DatabaseAway('its client is closed'));
    },
  };
}
