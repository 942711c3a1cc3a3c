/**
 * One process with the roles it is given, by default all: charge points, their actors, operators' API; and with embedded
 * servers where none are named. Parts are started in the order of their needs and stopped in reverse.
 */
import path from 'node:path';
import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { Gauge, Registry } from 'prom-client';
import { createBreaker } from '../drizzle/breaker.ts';
import { openDatabase } from '../drizzle/client.ts';
import { directoryReads } from '../drizzle/queries/directory.ts';
import { databaseUrlOf, readSettings, type Settings } from './config.ts';
import { Directory } from './directory/directory.ts';
import { DataDirLockedError, lockDataDir } from './embedded/lock.ts';
import { assertPortFree } from './embedded/ports.ts';
import { startServers, type Servers } from './embedded/servers.ts';
import { createLog } from './log.ts';
import { prepareDatabase, prepareDatabasePatiently } from './prepareDatabase.ts';
import { startApiRole } from './roles/api.ts';
import { startEdgeRole } from './roles/edge.ts';
import type { Shared } from './roles/shared.ts';
import { prepareWorker } from './roles/worker.ts';
import { Started } from './started.ts';
import { connectTemporal, type Temporal } from './temporal/connection.ts';
import { TemporalLink } from './temporal/link.ts';
import { freeLoopbackPort, installRuntime } from './temporal/runtime.ts';

/** Runs that actors have left behind by continue-as-new would fill the list. */
const OPEN_ACTORS = encodeURIComponent('`ExecutionStatus`="Running"');

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
  const { ROLES, DATA_DIR, DATABASE_URL, TEMPORAL_ADDRESS } = settings;
  const log = createLog(settings);
  stopOnSignal(log);
  if (ROLES.has('edge')) {
    started.onStop(await takeDataDir(DATA_DIR));
    await assertPortFree(settings.HOST, settings.PORT, 'PORT');
  }
  await assertPortFree(settings.HOST, settings.API_PORT, 'API_PORT');

  const databaseUrl = databaseUrlOf(settings);
  const database = openDatabase({ url: databaseUrl, log, ...(DATABASE_URL ? {} : { max: 1 }) });
  const directory = ROLES.has('edge')
    ? Directory.open({ directory: path.join(DATA_DIR, 'edge', 'directory'), reads: directoryReads(database), log })
    : undefined;
  // An edge that has served before can go on serving while its neighbours are away; all else needs them.
  const patient = directory?.ready ?? false;
  const temporalMetrics = await freeLoopbackPort();
  installRuntime(log, temporalMetrics);
  // Before anything is started or changed, the servers that somebody named are tried: a mistake shows at once.
  if (TEMPORAL_ADDRESS && !patient) await tryTemporal(TEMPORAL_ADDRESS, settings);
  if (DATABASE_URL && !patient) await prepareDatabase(database, settings);
  const servers = await startServers(settings, log, (text) => console.log(text));
  started.onStop(() => servers.stop());
  started.onStop(() => database.close());
  const breaker = createBreaker({ database, log });
  started.onStop(() => breaker.close());
  if (patient) await prepareDatabasePatiently(database, settings, { stopped: started.stopping, log });
  else if (!DATABASE_URL) await prepareDatabase(database, settings);

  const workers: ((temporal: Temporal) => Promise<Worker>)[] = [];
  const link = new TemporalLink({
    address: servers.temporalAddress,
    namespace: settings.TEMPORAL_NAMESPACE,
    createWorkers: (temporal) => Promise.all(workers.map((create) => create(temporal))),
    log,
  });
  const shared: Shared = {
    settings,
    log,
    started,
    database,
    actors: () => link.actors,
    temporalDown: () => link.down,
    databaseDown: () => breaker.down ?? directory?.away,
    metrics: new Registry(),
  };
  showWhatIsUp(shared);
  if (ROLES.has('worker')) workers.push(prepareWorker(shared, { databaseUrl, breaker }));
  const edge = directory && (await startEdgeRole(shared, directory));
  if (edge) workers.push((temporal) => edge.createWorker(temporal));
  started.onStop(() => link.stop());
  await link.start({ patient });
  edge?.deliver();

  const api = await startApiRole(shared, {
    databaseUrl,
    breaker,
    temporalMetrics,
    edgeHealth: edge && (() => edge.health()),
  });
  if (!started.stopping.aborted) console.log(banner(settings, servers, api.firstToken));
}

function showWhatIsUp({ metrics, databaseDown, temporalDown }: Shared): void {
  const servers = { database: databaseDown, temporal: temporalDown };
  for (const [name, down] of Object.entries(servers)) {
    const gauge = new Gauge({
      name: `ocpp_${name}_up`,
      help: `1 while the ${name} server answers, as far as this process has noticed`,
      registers: [],
      collect() {
        this.set(down() ? 0 : 1);
      },
    });
    metrics.registerMetric(gauge);
  }
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

function banner(settings: Settings, servers: Servers, firstToken: string | undefined): string {
  const host = settings.HOST.includes(':') ? `[${settings.HOST}]` : settings.HOST;
  const database = new URL(servers.databaseUrl);
  if (settings.DATABASE_URL && database.password) database.password = '***';
  return [
    'ocpp-actors',
    ...(settings.ROLES.has('edge')
      ? [
          `  charge points  ws://${host}:${settings.PORT}/<id>  (subprotocol ocpp1.6)`,
          `  health         http://${host}:${settings.PORT}/health`,
        ]
      : []),
    ...(settings.ROLES.has('api') ? [`  operators      http://${host}:${settings.API_PORT}/docs`] : []),
    ...(firstToken ? [`  token          ${firstToken}  (role admin, shown this once)`] : []),
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
