/**
 * The embedded database's own process: `databaseProcess <directory> <host> <port>`.
 * It ends with its parent (stdin closes) and by SIGTERM; it exits non-zero when the database is not to be trusted
 * any more, and is started again by its supervisor. What it prints goes to the supervisor's log file.
 */
import { pino } from 'pino';
import { serveDatabase } from './databaseServer.ts';
import { keepUp } from './databaseUpkeep.ts';
import { openPGlite } from './pglite.ts';

const [directory, host, portText] = process.argv.slice(2);
const port = Number(portText);
if (!directory || !host || !Number.isInteger(port)) throw new Error('usage: databaseProcess <directory> <host> <port>');

const log = pino({ name: 'database' }, pino.destination({ dest: 1, sync: true }));
const stopping = new AbortController();

const db = await openPGlite(directory);
const server = await serveDatabase({
  db,
  host,
  port,
  onCrash: (error) => {
    log.fatal({ err: error }, 'a statement crashed the database');
    process.exit(1);
  },
  onWarning: (text) => log.warn(text),
});
log.info({ directory, host, port }, 'database ready');

const upkeep = keepUp({
  url: `postgres://postgres:postgres@${host}:${port}/postgres`,
  signal: stopping.signal,
  onError: (what, error) => log.error({ err: error }, `${what} failed`),
});

process.once('SIGTERM', () => void stop('SIGTERM'));
process.stdin.once('close', () => void stop('the parent process ended'));
process.stdin.resume();

async function stop(reason: string): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  log.info(`stopping: ${reason}`);
  await upkeep;
  await server.stop();
  await db.exec('CHECKPOINT');
  await db.close();
  process.exit(0);
}
