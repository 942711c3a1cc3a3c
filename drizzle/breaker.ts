import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Database } from './client.ts';
import { DatabaseAway, describeDatabaseError } from './errors.ts';

/**
 * Circuit breaker: whoever finds the database away opens it; while it is open everybody fails at once instead of
 * waiting for a timeout each. A probe about every second closes it again.
 */
export interface Breaker {
  /** Since when and why it is open; undefined while the database can be used. */
  readonly down: { since: Date; reason: string } | undefined;
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
  let down: Breaker['down'];
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const waiting = new Set<Waiter>();

  const probe = async (): Promise<void> => {
    try {
      await database.run((db) => db.execute(sql`select 1`), probeEveryMs);
    } catch (error) {
      if (ended) return;
      down = { since: down?.since ?? new Date(), reason: describeDatabaseError(error).message };
      timer = setTimeout(() => void probe(), probeEveryMs);
      return;
    }
    if (ended) return;
    log.info({ since: down?.since }, 'the database is back');
    down = undefined;
    for (const { resolve } of waiting) resolve();
  };

  return {
    get down() {
      return down;
    },
    trip(reason) {
      if (down || ended) return;
      log.warn({ reason }, 'the database is away');
      down = { since: new Date(), reason };
      timer = setTimeout(() => void probe(), probeEveryMs);
    },
    check() {
      if (down) throw new DatabaseAway(down.reason);
    },
    async whenClosed(signal) {
      signal?.throwIfAborted();
      if (!down) return;
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
