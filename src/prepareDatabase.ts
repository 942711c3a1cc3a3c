import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../drizzle/client.ts';
import { describeDatabaseError } from '../drizzle/errors.ts';
import { migrate, TimescaleDbMissing } from '../drizzle/migrate.ts';
import type { Settings } from './config.ts';

const AGAIN_MS = 2_000;

/** The database cannot be used as configured, or not now (`away`). The message says which one, why and what to do. */
export class DatabaseNotUsable extends Error {
  override readonly name = 'DatabaseNotUsable';
  readonly away: boolean;

  constructor(settings: DatabaseSettings, cause: unknown) {
    const { kind, message } = describeDatabaseError(cause);
    super(`${shown(settings)} cannot be used: ${cause instanceof TimescaleDbMissing ? cause.message : message}`, {
      cause,
    });
    this.away = kind === 'away';
  }
}

export type DatabaseSettings = Pick<Settings, 'DATABASE_URL' | 'DATABASE_PORT'>;

/**
 * Brings the schema up to date.
 * @throws DatabaseNotUsable
 */
export async function prepareDatabase(database: Database, settings: DatabaseSettings): Promise<void> {
  try {
    await migrate(database);
  } catch (error) {
    throw new DatabaseNotUsable(settings, error);
  }
}

/**
 * Like `prepareDatabase`, but a database that is away is tried again in the background: stations are served meanwhile.
 * @throws DatabaseNotUsable when it is not merely away
 */
export async function prepareDatabasePatiently(
  database: Database,
  settings: DatabaseSettings,
  options: { stopped: AbortSignal; log: Logger },
): Promise<void> {
  const { stopped, log } = options;
  try {
    await prepareDatabase(database, settings);
  } catch (error) {
    if (!(error instanceof DatabaseNotUsable) || !error.away) throw error;
    log.warn({ reason: error.message }, 'the database is away: stations are served, the schema is checked later');
    void prepareWhenBack();
  }

  async function prepareWhenBack(): Promise<void> {
    for (let told = ''; !stopped.aborted;) {
      await sleep(AGAIN_MS, undefined, { signal: stopped, ref: false }).catch(() => {});
      try {
        if (!stopped.aborted) await prepareDatabase(database, settings);
        return;
      } catch (error) {
        const { away, message } = error as DatabaseNotUsable;
        if (!away && message !== told) log.error({ reason: message }, 'the database is back, but cannot be used');
        told = message;
      }
    }
  }
}

/** Names the setting and where it points, without user and password. */
function shown({ DATABASE_URL, DATABASE_PORT }: DatabaseSettings): string {
  if (!DATABASE_URL) return `the embedded database at 127.0.0.1:${DATABASE_PORT}`;
  const { host, pathname } = new URL(DATABASE_URL);
  return `the database at ${host}${pathname} (DATABASE_URL)`;
}
