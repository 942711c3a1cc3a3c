import { connect, type Socket } from 'node:net';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Logger } from 'pino';
import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout, describeDatabaseError } from './errors.ts';

export interface Database {
  db: PostgresJsDatabase;
  sql: Sql;
  /**
   * Runs `work` and takes at most `deadlineMs` (default 2,000). Then it rejects with `DatabaseTimeout` and cuts the
   * connections on which the server has been silent all the while, so that nothing waits for them for ever.
   */
  run<T>(work: (db: PostgresJsDatabase) => Promise<T>, deadlineMs?: number): Promise<T>;
  /** Lets running queries finish for a second, then cuts them. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
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
  const { url, max = 4, statementTimeoutMs = 1500, applicationName = 'ocpp-actors', log } = options;
  const sockets = new Set<Socket>();

  const settings = {
    max,
    // Both would need queries of their own on every new connection; nothing here needs them.
    fetch_types: false,
    prepare: false,
    connect_timeout: 2,
    // Seconds. The default grows to 20 s and would hide for so long that the database is back.
    backoff: () => 0.2,
    onnotice: (notice: postgres.Notice) => log.debug({ notice: notice['message'] }, 'notice of the database'),
    connection: {
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: 30_000,
      TimeZone: 'UTC',
      client_min_messages: 'warning',
    },
    socket: (target: { host: string[]; port: number[]; path: string | false }) => openSocket(target, sockets),
  };
  const sql = postgres(url, settings);
  const db = drizzle(sql);

  return {
    db,
    sql,
    async run(work, deadlineMs = 2000) {
      const bytesRead = new Map([...sockets].map((socket) => [socket, socket.bytesRead]));
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const timeout = new DatabaseTimeout(deadlineMs);
          reject(timeout);
          for (const socket of sockets) {
            if (socket.bytesRead === (bytesRead.get(socket) ?? 0)) socket.destroy(timeout);
          }
        }, deadlineMs);
      });
      try {
        return await Promise.race([work(db), deadline]);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      await sql.end({ timeout: 1 }).catch((error: unknown) => {
        log.debug({ error: describeDatabaseError(error).message }, 'closing the database');
      });
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The socket is made here, not in postgres.js, because only who holds it can cut it. */
function openSocket(target: { host: string[]; port: number[]; path: string | false }, sockets: Set<Socket>): Socket {
  const [host = 'localhost'] = target.host;
  const [port = 5432] = target.port;
  const socket = target.path ? connect(target.path) : connect(port, host);
  socket.setNoDelay(true);
  // A server (or proxy) that closes without a word during the handshake would have postgres.js connect again at once
  // and for ever; an error makes it reject the query.
  socket.once('close', (hadError) => {
    sockets.delete(socket);
    if (!hadError) socket.emit('error', Object.assign(new Error('connection closed'), { code: 'CONNECTION_CLOSED' }));
  });
  for (const other of sockets) if (other.destroyed) sockets.delete(other);
  sockets.add(socket);
  // postgres.js reads both: for the TLS server name and for its messages.
  return Object.assign(socket, { host, port });
}
