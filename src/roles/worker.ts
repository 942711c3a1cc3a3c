import path from 'node:path';
import type { Worker } from '@temporalio/worker';
import { Counter, Histogram } from 'prom-client';
import { createActorActivities } from '../../activities/createActivities.ts';
import type { Breaker } from '../../drizzle/breaker.ts';
import { openDatabase } from '../../drizzle/client.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import type { Temporal } from '../temporal/connection.ts';
import { watchForMissingActors } from '../temporal/missingActors.ts';
import { createActorWorker } from '../temporal/worker.ts';
import type { Shared } from './shared.ts';

/** A group commit that takes longer means that the database is away; below the actors' limit for `persist`. */
const WRITE_DEADLINE_MS = 4_000;

/** The actors and what they store. Resolves to what makes their worker. */
export function prepareWorker(
  { settings, log, started, database, actors, temporalDown, databaseDown, metrics }: Shared,
  { databaseUrl, breaker }: { databaseUrl: string; breaker: Breaker },
): (temporal: Temporal) => Promise<Worker> {
  // A connection of its own: what reads give up waiting for must not cut what is being written.
  const writing = openDatabase({ url: databaseUrl, max: 1, statementTimeoutMs: WRITE_DEADLINE_MS - 500, log });
  started.onStop(() => writing.close());
  const activities = createActorActivities({
    database,
    writer: measured(createWriter({ database: writing, breaker, deadlineMs: WRITE_DEADLINE_MS, log }), metrics),
    breaker,
    settings: { transactionEndGraceMs: settings.TRANSACTION_END_GRACE },
    idTags: { unknownIdTags: settings.UNKNOWN_ID_TAGS, offlineUnknownTags: settings.OFFLINE_UNKNOWN_TAGS },
  });
  const down = () => temporalDown() !== undefined || databaseDown() !== undefined;
  started.onStop(watchForMissingActors({ database, actors, down, log }));
  return (temporal) =>
    createActorWorker(temporal, activities, {
      bundleDirectory: path.join(settings.DATA_DIR, 'bundles'),
      cachedWorkflows: settings.MAX_CACHED_WORKFLOWS,
    });
}

function measured(writer: Writer, metrics: Shared['metrics']): Writer {
  const registers = [metrics];
  const seconds = new Histogram({
    name: 'ocpp_persist_seconds',
    help: 'Storing a batch of events of one charge point, the wait for its group commit included',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const events = new Counter({ name: 'ocpp_persisted_events_total', help: 'Events stored', registers });
  return {
    async persist(input) {
      const done = seconds.startTimer();
      const persisted = await writer.persist(input);
      done();
      events.inc(input.runs.reduce((sum, run) => sum + run.events.length, 0));
      return persisted;
    },
    close: () => writer.close(),
  };
}
