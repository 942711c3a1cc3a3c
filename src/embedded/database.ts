import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import postgres from 'postgres';
import type { Logger } from 'pino';
import { assertPortFree } from './ports.ts';
import type { Embedded } from './supervise.ts';
import { endLeftBehind, supervise } from './supervise.ts';

export interface DatabaseOptions {
  /** Holds the database's files, pid file and log. */
  directory: string;
  /** Address to listen on, default 127.0.0.1. There is no password: anybody who reaches the port is in. */
  host?: string;
  port: number;
  log: Logger;
}

export interface EmbeddedDatabase extends Embedded {
  readonly url: string;
}

/**
 * Starts a PostgreSQL 17 with TimescaleDB (PGlite, WebAssembly) in a process of its own, and keeps it running.
 *
 * All clients share one session: `SET`, advisory locks and named prepared statements are common to all, a
 * transaction makes the others wait and is ended after 10 seconds without a statement, and timers such as
 * `statement_timeout` do nothing. With postgres.js use `{ max: 1, fetch_types: false, prepare: false }`.
 * @throws PortTakenError, EmbeddedStartError
 */
export async function startDatabase(options: DatabaseOptions): Promise<EmbeddedDatabase> {
  const { directory, host = '127.0.0.1', port, log } = options;
  await endLeftBehind(directory, log);
  await assertPortFree(host, port, 'DATABASE_PORT');

  const url = `postgres://postgres:postgres@${host}:${port}/postgres`;
  const server = await supervise({
    name: 'database',
    directory,
    command: process.execPath,
    args: [...nodeOptions(), processFile(), directory, host, String(port)],
    address: `${host}:${port}`,
    probe: () => answers(url),
    readyWithin: 60_000,
    log,
  });
  return {
    url,
    address: server.address,
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
  };
}

const fromSource = import.meta.url.endsWith('.ts');

function processFile(): string {
  return fileURLToPath(new URL(fromSource ? './databaseProcess.ts' : './databaseProcess.js', import.meta.url));
}

/** From the sources the child needs the same TypeScript loader that runs this process. */
function nodeOptions(): string[] {
  if (!fromSource) return [];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}

async function answers(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, fetch_types: false, prepare: false, onnotice: () => {} });
  try {
    await sql`SELECT 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
