import type { Socket } from 'node:net';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Logger } from 'pino';
import postgres from 'postgres';
import { DatabaseTimeout, describeDatabaseError } from './errors.ts';
import { failedSocket, openSocket, type SocketTarget, type SslMode } from './socket.ts';

/**
 * Without `transaction`: where a connection is cut in the middle of an SQL transaction, postgres.js 3.4 writes its
 * ROLLBACK to a socket that is gone, outside of any promise, and the whole process ends. What has to be atomic is one
 * statement here (data-modifying CTEs).
 */
export type Queries = Omit<PostgresJsDatabase, 'transaction'>;

export interface Database {
  /**
   * Runs `work` and takes at most `deadlineMs` (default 2,000). Then it rejects with `DatabaseTimeout` and cuts the
   * connections on which the server has been silent all the while, so that nothing waits for them for ever.
   */
  run: <T>(work: (db: Queries) => Promise<T>, deadlineMs?: number) => Promise<T>;
  /** Lets running queries finish for a second, then cuts them. */
  close: () => Promise<void>;
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`, with `?sslmode=…` as in libpq */
  url: string;
  /** Connections; 1 for the embedded database, which has one session for everybody. */
  max?: number;
  /** The server ends a statement that takes longer; ignored by the embedded database. */
  statementTimeoutMs?: number;
  applicationName?: string;
  log: Logger;
}

/** Opens no connection yet: the first query does. */
export function openDatabase(options: DatabaseOptions): Database {
  let pool = openPool(options);
  let closed = false;

  return {
    async run(work, deadlineMs = 2000) {
      if (pool.broken && !closed) {
        void pool.end();
        pool = openPool(options);
      }
      const { db, cutSilent } = pool;
      const before = pool.bytesRead();
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const timeout = new DatabaseTimeout(deadlineMs);
          reject(timeout);
          cutSilent(before, timeout);
        }, deadlineMs);
      });
      try {
        return await Promise.race([work(db), deadline]);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      closed = true;
      await pool.end();
    },
  };
}

interface Pool {
  db: Queries;
  bytesRead: () => Map<Socket, number>;
  /** Cuts the connections that have read nothing since `before`. */
  cutSilent: (before: ReadonlyMap<Socket, number>, reason: Error) => void;
  /** A connection was lost. */
  readonly broken: boolean;
  end: () => Promise<void>;
}

/**
 * A pool that is used until it loses a connection. postgres.js would connect again, yet with what it had half written,
 * half read or not answered on the lost connection still in its variables: a query may then be resolved that never ran.
 * So queries still waiting in a broken pool fail, and the next one gets a new pool.
 */
function openPool({
  url,
  max = 4,
  statementTimeoutMs = 1500,
  applicationName = 'ocpp-actors',
  log,
}: DatabaseOptions): Pool {
  const sockets = new Set<Socket>();
  const sslMode = sslModeOf(url);
  let broken = false;
  let ended = false;

  const socket = async (target: SocketTarget): Promise<Socket> => {
    if (broken) return failedSocket(connectionClosed());
    const opened = await openSocket(target, sslMode);
    if (ended) opened.destroy();
    sockets.add(opened);
    opened.once('close', () => {
      broken = true;
      sockets.delete(opened);
      // Before postgres.js hears of the end: only an error makes it reject all that waits for this connection.
      opened.emit('error', connectionClosed());
    });
    return opened;
  };

  const settings = {
    max,
    socket,
    ssl: false,
    // Both would need queries of their own on every new connection; nothing here needs them.
    fetch_types: false,
    prepare: false,
    // Seconds, until the server's first word.
    connect_timeout: 2,
    max_lifetime: null,
    onnotice: (notice: postgres.Notice) => log.debug({ notice: notice['message'] }, 'notice of the database'),
    connection: {
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      TimeZone: 'UTC',
      client_min_messages: 'warning',
    },
  };
  const sql = postgres(url, settings);

  return {
    db: drizzle(sql),
    bytesRead: () => new Map([...sockets].map((one) => [one, one.bytesRead])),
    cutSilent(before, reason) {
      for (const one of sockets) {
        if (one.bytesRead !== (before.get(one) ?? 0)) continue;
        broken = true;
        one.destroy(reason);
      }
    },
    get broken() {
      return broken;
    },
    async end() {
      await sql.end({ timeout: 1 }).catch((error: unknown) => {
        log.debug({ error: describeDatabaseError(error).message }, 'closing the database');
      });
      ended = true;
      for (const left of sockets) left.destroy();
    },
  };
}

function connectionClosed(): Error {
  return Object.assign(new Error('connection closed'), { code: 'CONNECTION_CLOSED' });
}

function sslModeOf(url: string): SslMode {
  const mode = new URL(url).searchParams.get('sslmode') ?? 'disable';
  if (!SSL_MODES.has(mode)) throw new Error(`sslmode=${mode} in DATABASE_URL is none of ${[...SSL_MODES].join(', ')}`);
  return mode as SslMode;
}

const SSL_MODES: ReadonlySet<string> = new Set(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']);
