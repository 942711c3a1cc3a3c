import { Connection } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Embedded } from './supervise.ts';
import { endLeftBehind, supervise } from './supervise.ts';
import { assertPortFree } from './ports.ts';
import type { Executable } from './temporalCli.ts';

export interface TemporalOptions {
  /** Holds the server's database, pid file and log. */
  directory: string;
  /** Address to listen on, default 127.0.0.1. */
  host?: string;
  port: number;
  uiPort: number;
  /** Default `default`. */
  namespace?: string;
  /**
   * Registered when the database file is made. Later ones must be added over the connection
   * (`src/temporal/connection.ts` does so): the dev server ignores them for a file that exists.
   */
  searchAttributes: Record<string, 'Keyword' | 'Datetime' | 'Int'>;
  cli: Executable;
  log: Logger;
}

/** Closed runs are kept this long. Actors leave one behind at every continue-as-new. */
const retention = '24h';

/** Every write is on the disk before it is answered. */
const pragmas = ['journal_mode=WAL', 'synchronous=FULL'];

/**
 * The dev server's defaults throttle at 600 to 800 calls per second, and spread one queue over four partitions. They also
 * fail a workflow task during which 100 signals came: under a flood of signals no task of an actor would ever succeed,
 * the one that continues as new included.
 */
const dynamicConfig: Record<string, number> = {
  'frontend.rps': 100_000,
  'frontend.namespaceRPS': 100_000,
  'frontend.namespaceCount': 20_000,
  'history.rps': 100_000,
  'history.maximumBufferedEventsBatch': 10_000,
  'history.maximumBufferedEventsSizeInBytes': 50_000_000,
  'matching.rps': 100_000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

/**
 * Starts Temporal's dev server with its state in `directory`, and keeps it running.
 * @throws PortTakenError, EmbeddedStartError
 */
export async function startTemporal(options: TemporalOptions): Promise<Embedded> {
  const { directory, host = '127.0.0.1', port, uiPort, namespace = 'default', searchAttributes, cli, log } = options;
  mkdirSync(directory, { recursive: true });
  await endLeftBehind(directory, log);
  await assertPortFree(host, port, 'TEMPORAL_PORT');
  await assertPortFree(host, uiPort, 'TEMPORAL_UI_PORT');
  const database = join(directory, 'temporal.db');
  setAsideOtherVersion(database, cli.version, log);

  const address = `${host}:${port}`;
  const flags = { 'db-filename': database, namespace, ip: host, port, 'ui-port': uiPort, 'log-level': 'warn' };
  return await supervise({
    name: 'temporal',
    directory,
    command: cli.path,
    args: [
      'server',
      'start-dev',
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
      ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]),
      ...Object.entries(dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
      ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ],
    address,
    probe: async () => {
      await reach(host, port);
      await prepareNamespace(address, namespace);
    },
    log,
  });
}

/**
 * A database file belongs to the CLI version that made it; another version's server may refuse it or misread it.
 * What is lost with the old file, the actors' running state, they read again from the project's own database.
 */
function setAsideOtherVersion(database: string, version: string, log: Logger): void {
  const note = `${database}.version`;
  if (existsSync(database)) {
    const madeBy = existsSync(note) ? readFileSync(note, 'utf8').trim() : 'unknown';
    if (madeBy === version) return;
    // "1.9.1 (Server 1.32.0, UI 2.54.1)": the first word names the file.
    const suffix = `.old-${madeBy.split(' ')[0]}`;
    log.warn({ database, madeBy, version }, `Temporal's database was made by another version: kept as *${suffix}`);
    for (const part of ['', '-wal', '-shm']) {
      rmSync(`${database}${suffix}${part}`, { force: true });
      if (existsSync(database + part)) renameSync(database + part, `${database}${suffix}${part}`);
    }
  }
  writeFileSync(note, `${version}\n`);
}

/** Rejects at once while nothing listens: a gRPC channel would back off for a second after its first refusal. */
async function reach(host: string, port: number): Promise<void> {
  const socket = connect({ host, port });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
  } finally {
    socket.destroy();
  }
}

/** Rejects until the frontend serves the namespace. */
async function prepareNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '5s' });
  try {
    await connection.withDeadline(Date.now() + 5000, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const wanted = msToTs(retention);
      if (tsToMs(config?.workflowExecutionRetentionTtl ?? undefined) === tsToMs(wanted)) return;
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: wanted },
      });
    });
  } finally {
    await connection.close();
  }
}
