import path from 'node:path';
import type { Worker } from '@temporalio/worker';
import { createEdgeActivities } from '../../activities/createActivities.ts';
import { DatabaseAway } from '../../drizzle/errors.ts';
import { CURSOR_KEPT_MS, dropCursors, readCursors } from '../../drizzle/queries/cursors.ts';
import { readGrantedStarts } from '../../drizzle/queries/grantedStarts.ts';
import { nextPasswordGiven } from '../../drizzle/queries/nextPasswords.ts';
import { openTransactionsOf } from '../../drizzle/queries/openTransactions.ts';
import { takeTransactionIdBlock } from '../../drizzle/queries/transactionIds.ts';
import { ChargingTags } from '../directory/chargingTags.ts';
import type { Directory } from '../directory/directory.ts';
import { TransactionIds } from '../directory/transactionIds.ts';
import type { HealthReport, PartHealth } from '../edge/health.ts';
import { Journal } from '../edge/journal.ts';
import { EdgeMetrics } from '../edge/metrics.ts';
import { Outbox } from '../edge/outbox.ts';
import { RecentStarts } from '../edge/recentStarts.ts';
import { startEdge, type Edge } from '../edge/server.ts';
import { Trimming } from '../edge/trimming.ts';
import { openSeal } from '../security/seal.ts';
import type { Temporal } from '../temporal/connection.ts';
import { createEdgeWorker } from '../temporal/worker.ts';
import type { Down, Shared } from './shared.ts';

/** Time (ms) that stations' last messages get to reach their actors when the program is told to stop. */
const DRAIN_MS = 5_000;

export interface EdgeRole {
  createWorker(temporal: Temporal): Promise<Worker>;
  /** Begins to deliver what is journalled to the actors; to be called when there may be a link to Temporal. */
  deliver(): void;
  health(): HealthReport;
}

/** Charge points: listens to them, answers them from this process' disk, and journals what they say. */
export async function startEdgeRole(shared: Shared, directory: Directory): Promise<EdgeRole> {
  const { settings, log, started, database } = shared;
  const journal = Journal.open({
    directory: path.join(settings.DATA_DIR, 'edge', 'journal'),
    maxBytes: settings.JOURNAL_LIMIT_MB * 1_048_576,
    log,
  });
  started.onStop(() => journal.close());
  directory.start();
  started.onStop(() => directory.stop());

  const metrics = new EdgeMetrics(shared.metrics);
  const outbox = new Outbox({
    journal,
    async deliver(chargePointId, batch, options) {
      try {
        await shared.actors().deliver(chargePointId, batch, options);
        metrics.delivery('accepted');
      } catch (error) {
        metrics.delivery('failed');
        throw error;
      }
    },
    log,
  });
  const trimming = new Trimming({
    journal,
    outbox,
    readCursors: (chargePointIds, journals) => readCursors(database, chargePointIds, journals),
    restartActor: (chargePointId, again) => {
      const reason = 'it stored nothing of what it was given';
      return again ? shared.actors().end(chargePointId, reason) : shared.actors().restart(chargePointId, reason);
    },
    dropCursors: (id) => dropCursors(database, id),
    closeAfterMs: CURSOR_KEPT_MS,
    log,
  });
  const transactionIds = new TransactionIds({
    store: journal.store,
    takeBlock: () => takeTransactionIdBlock(database),
    log,
  });
  await journal.closeOpenConnections();
  await trimming.start();
  started.onStop(() => trimming.stop());
  await transactionIds.start();
  started.onStop(() => transactionIds.stop());

  const edge: Edge = await startEdge({
    host: settings.HOST,
    port: settings.PORT,
    journal,
    recentStarts: new RecentStarts(journal.store),
    directory,
    transactionIds,
    chargingTags: new ChargingTags((idTagKey) => openTransactionsOf(database, idTagKey)),
    readGrants: async (chargePointId, start) => {
      if (directory.away) throw new DatabaseAway(directory.away.reason);
      return readGrantedStarts(database, chargePointId, start);
    },
    settings: {
      registration: settings.REGISTRATION,
      authentication: settings.STATION_AUTHENTICATION,
      trustedProxies: settings.TRUSTED_PROXIES,
      allowMissingSubprotocol: settings.ALLOW_MISSING_SUBPROTOCOL,
      pingIntervalMs: 45_000,
      heartbeatInterval: settings.HEARTBEAT_INTERVAL,
      idTags: { unknownIdTags: settings.UNKNOWN_ID_TAGS, offlineUnknownTags: settings.OFFLINE_UNKNOWN_TAGS },
    },
    ...(settings.ACKNOWLEDGE === 'actor'
      ? { acknowledge: (chargePointId: string, seq: number) => outbox.accepted(chargePointId, seq) }
      : {}),
    seal: openSeal(settings, { create: true }),
    nextPasswordGiven(chargePointId, passwordHash) {
      nextPasswordGiven(database, chargePointId, passwordHash).catch((error: unknown) => {
        log.warn(
          { err: error, chargePointId },
          'its new AuthorizationKey stays beside the old one until it connects again',
        );
      });
    },
    health: {
      temporal: () => partHealth(shared.temporalDown()),
      database: () => partHealth(shared.databaseDown()),
      journal: () => ({ ok: true }),
      backlog: () => outbox.backlog(),
    },
    metrics,
    log,
  });

  // Told to stop before it delivers: answers, and closes its sockets, all the same.
  started.onStop(() => edge.drain());

  return {
    createWorker: (temporal) => createEdgeWorker(temporal, edge.taskQueue, createEdgeActivities(edge)),
    deliver() {
      outbox.start();
      started.onStop(() => outbox.stop());
      started.onStop(() =>
        Promise.race([outbox.drained(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]),
      );
      started.onStop(() => edge.drain());
    },
    health: () => edge.health(),
  };
}

function partHealth(down: Down | undefined): PartHealth {
  return down ? { ok: false, since: down.since.toISOString(), reason: down.reason } : { ok: true };
}
