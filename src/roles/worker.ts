import path from 'node:path';
import type { Worker } from '@temporalio/worker';
import { createActorActivities } from '../../activities/createActivities.ts';
import type { Breaker } from '../../drizzle/breaker.ts';
import { openDatabase } from '../../drizzle/client.ts';
import { createWriter } from '../../drizzle/writer.ts';
import type { Temporal } from '../temporal/connection.ts';
import { createActorWorker } from '../temporal/worker.ts';
import type { Shared } from './shared.ts';

/** A group commit that takes longer means that the database is away; below the actors' limit for `persist`. */
const WRITE_DEADLINE_MS = 4_000;

/** The actors and what they store. Resolves to what makes their worker. */
export function prepareWorker(
  { settings, log, started, database }: Shared,
  { databaseUrl, breaker }: { databaseUrl: string; breaker: Breaker },
): (temporal: Temporal) => Promise<Worker> {
  // A connection of its own: what reads give up waiting for must not cut what is being written.
  const writing = openDatabase({ url: databaseUrl, max: 1, statementTimeoutMs: WRITE_DEADLINE_MS - 500, log });
  started.onStop(() => writing.close());
  const activities = createActorActivities({
    database,
    writer: createWriter({ database: writing, breaker, deadlineMs: WRITE_DEADLINE_MS, log }),
    breaker,
    settings: { transactionEndGraceMs: settings.TRANSACTION_END_GRACE },
  });
  return (temporal) =>
    createActorWorker(temporal, activities, {
      bundleDirectory: path.join(settings.DATA_DIR, 'bundles'),
      cachedWorkflows: settings.MAX_CACHED_WORKFLOWS,
    });
}
