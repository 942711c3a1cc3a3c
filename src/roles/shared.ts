import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../../drizzle/client.ts';
import type { Settings } from '../config.ts';
import type { Started } from '../started.ts';
import type { Actors } from '../temporal/actors.ts';

/** What every role of the process is given. */
export interface Shared {
  settings: Settings;
  log: Logger;
  started: Started;
  database: Database;
  /** The actors, through today's connection. Throws `TemporalAway` while there is none. */
  actors: () => Actors;
  /** Since when and why Temporal does not answer; undefined while it does. */
  temporalDown: () => Down | undefined;
  /** Since when and why the database does not answer, as far as the process has noticed. */
  databaseDown: () => Down | undefined;
  metrics: Registry;
}

export interface Down {
  since: Date;
  reason: string;
}
