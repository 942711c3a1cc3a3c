/**
 * One process with everything: embedded servers where none are configured, edge, workers, operators' API.
 * This is the only file that knows every part; it starts them in the order of their needs and stops them in reverse.
 */
import path from 'node:path';
import type { Logger } from 'pino';
import { createActorActivities, createEdgeActivities } from '../activities/createActivities.ts';
import { createBreaker } from '../drizzle/breaker.ts';
import { openDatabase } from '../drizzle/client.ts';
import { dropCursors, readCursors } from '../drizzle/queries/cursors.ts';
import { directoryReads } from '../drizzle/queries/directory.ts';
import { takeTransactionIdBlock } from '../drizzle/queries/transactionIds.ts';
import { createWriter } from '../drizzle/writer.ts';
import { startApi } from './api/server.ts';
import { readSettings, type Settings } from './config.ts';
import { Directory } from './directory/directory.ts';
import { TransactionIds } from './directory/transactionIds.ts';
import type { PartHealth } from './edge/health.ts';
import { Journal } from './edge/journal.ts';
import { Outbox } from './edge/outbox.ts';
import { RecentStarts } from './edge/recentStarts.ts';
import { startEdge, type Edge } from './edge/server.ts';
import { Trimming } from './edge/trimming.ts';
import { DataDirLockedError, lockDataDir } from './embedded/lock.ts';
import { assertPortFree } from './embedded/ports.ts';
import { embeddedDatabaseUrl, startServers, type Servers } from './embedded/servers.ts';
import { createLog } from './log.ts';
import { prepareDatabase, prepareDatabasePatiently } from './prepareDatabase.ts';
import { connectTemporal } from './temporal/connection.ts';
import { TemporalLink } from './temporal/link.ts';
import { installRuntime } from './temporal/runtime.ts';
import { createActorWorker, createEdgeWorker } from './temporal/worker.ts';

/** Time (ms) that stations' last messages get to reach their actors when the program is told to stop. */
const DRAIN_MS = 5_000;
/** A group commit that takes longer means that the database is away; below the actors' limit for `persist`. */
const WRITE_DEADLINE_MS = 4_000;
/** Runs that actors have left behind by continue-as-new would fill the list. */
const OPEN_ACTORS = encodeURIComponent('`ExecutionStatus`="Running"');

/** What was started so far, to be stopped in reverse. */
class Started {
  readonly #stops: (() => unknown)[] = [];
  readonly #stopping = new AbortController();

  /** Aborted when the program begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Throws when the program stops already: nothing more is to be started. */
  onStop(stop: () => unknown): void {
    this.stopping.throwIfAborted();
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('told to stop'));
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }
}

const started = new Started();
try {
  await run();
} catch (error) {
  // Told to stop while it was starting: whoever began to stop it ends it.
  if (!started.stopping.aborted) {
    console.error(`ocpp-actors cannot start: ${reasonOf(error)}`);
    await started.stop();
    process.exit(1);
  }
}

async function run(): Promise<void> {
  const settings = readSettings();
  const log = createLog(settings);
  stopOnSignal(log);
  started.onStop(await takeDataDir(settings.DATA_DIR));
  await assertPortFree(settings.HOST, settings.PORT, 'PORT');
  await assertPortFree(settings.HOST, settings.API_PORT, 'API_PORT');

  const access = {
    url: settings.DATABASE_URL ?? embeddedDatabaseUrl(settings.DATABASE_PORT),
    log,
    ...(settings.DATABASE_URL ? {} : { max: 1 }),
  };
  const database = openDatabase(access);
  // A connection of its own: what reads give up waiting for must not cut what is being written.
  const writing = openDatabase({ ...access, max: 1, statementTimeoutMs: WRITE_DEADLINE_MS - 500 });
  const directory = Directory.open({
    directory: path.join(settings.DATA_DIR, 'edge', 'directory'),
    reads: directoryReads(database),
    log,
  });
  // An edge that has served before can go on serving while its neighbours are away; a new one needs them.
  const patient = directory.ready;
  installRuntime(log);
  // Before anything is started or changed, the servers that somebody named are tried: a mistake shows at once.
  if (settings.TEMPORAL_ADDRESS && !patient) await tryTemporal(settings.TEMPORAL_ADDRESS, settings);
  if (settings.DATABASE_URL && !patient) await prepareDatabase(database, settings);
  const servers = await startServers(settings, log, (text) => console.log(text));
  started.onStop(() => servers.stop());
  started.onStop(() => database.close());
  started.onStop(() => writing.close());
  const breaker = createBreaker({ database, log });
  started.onStop(() => breaker.close());
  if (patient) await prepareDatabasePatiently(database, settings, { stopped: started.stopping, log });
  else if (!settings.DATABASE_URL) await prepareDatabase(database, settings);

  const journal = Journal.open({
    directory: path.join(settings.DATA_DIR, 'edge', 'journal'),
    maxBytes: settings.JOURNAL_LIMIT_MB * 1_048_576,
    log,
  });
  started.onStop(() => journal.close());
  directory.start();
  started.onStop(() => directory.stop());

  const actorActivities = createActorActivities({
    database,
    writer: createWriter({ database: writing, breaker, deadlineMs: WRITE_DEADLINE_MS, log }),
    breaker,
    settings: { transactionEndGraceMs: settings.TRANSACTION_END_GRACE },
  });
  const link = new TemporalLink({
    address: servers.temporalAddress,
    namespace: settings.TEMPORAL_NAMESPACE,
    createWorkers: async (temporal) => [
      await createActorWorker(temporal, actorActivities, { bundleDirectory: path.join(settings.DATA_DIR, 'bundles') }),
      await createEdgeWorker(temporal, edge.taskQueue, createEdgeActivities(edge)),
    ],
    log,
  });
  const outbox = new Outbox({
    journal,
    deliver: (chargePointId, batch, options) => link.actors.deliver(chargePointId, batch, options),
    log,
  });
  const trimming = new Trimming({
    journal,
    outbox,
    readCursors: (chargePointIds, journals) => readCursors(database, chargePointIds, journals),
    dropCursors: (id) => dropCursors(database, id),
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
    settings: {
      registration: settings.REGISTRATION,
      allowMissingSubprotocol: false,
      pingIntervalMs: 45_000,
      heartbeatInterval: settings.HEARTBEAT_INTERVAL,
      idTags: { unknownIdTags: settings.UNKNOWN_ID_TAGS, offlineUnknownTags: settings.OFFLINE_UNKNOWN_TAGS },
    },
    ...(settings.ACKNOWLEDGE === 'actor'
      ? { acknowledge: (chargePointId: string, seq: number) => outbox.accepted(chargePointId, seq) }
      : {}),
    health: {
      temporal: () => health(link.down),
      database: () => health(breaker.state.open ? breaker.state : directory.away),
      journal: () => ({ ok: true }),
      backlog: () => outbox.backlog(),
    },
    log,
  });
  started.onStop(() => link.stop());
  await link.start({ patient });
  outbox.start();
  started.onStop(() => outbox.stop());
  started.onStop(() =>
    Promise.race([outbox.drained(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]),
  );
  started.onStop(() => edge.drain());

  const api = await startApi({ host: settings.HOST, port: settings.API_PORT, database, log });
  started.onStop(() => api.close());
  if (!started.stopping.aborted) console.log(banner(settings, servers));
}

async function takeDataDir(directory: string): Promise<() => Promise<void>> {
  try {
    return await lockDataDir(directory);
  } catch (error) {
    if (error instanceof DataDirLockedError) throw error;
    throw new Error(`DATA_DIR=${directory} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

async function tryTemporal(address: string, settings: Settings): Promise<void> {
  const { connection } = await connectTemporal({ address, namespace: settings.TEMPORAL_NAMESPACE });
  await connection.close();
}

function health(down: { since?: Date; reason?: string } | undefined): PartHealth {
  return down
    ? { ok: false, since: (down.since ?? new Date()).toISOString(), reason: down.reason ?? 'unknown' }
    : { ok: true };
}

/** The first signal stops in order, a second one at once. */
function stopOnSignal(log: Logger): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (started.stopping.aborted) process.exit(130);
      console.log('stopping');
      void started.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'could not stop in order');
          process.exit(1);
        },
      );
    });
  }
}

function banner(settings: Settings, servers: Servers): string {
  const host = settings.HOST.includes(':') ? `[${settings.HOST}]` : settings.HOST;
  const database = new URL(servers.databaseUrl);
  if (settings.DATABASE_URL && database.password) database.password = '***';
  return [
    'ocpp-actors',
    `  charge points  ws://${host}:${settings.PORT}/<id>  (subprotocol ocpp1.6)`,
    `  health         http://${host}:${settings.PORT}/health`,
    `  operators      http://${host}:${settings.API_PORT}/v1/charge-points`,
    `  Temporal       ${servers.temporalAddress}`,
    ...(servers.temporalUi
      ? [
          `  Temporal UI    ${servers.temporalUi}/namespaces/${settings.TEMPORAL_NAMESPACE}/workflows?query=${OPEN_ACTORS}`,
        ]
      : []),
    `  database       ${database.href}`,
    `  data           ${settings.DATA_DIR}`,
    'ready',
  ].join('\n');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
