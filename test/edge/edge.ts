/** A real edge on a free port, with a journal and a directory in a temporary folder, and a raw WebSocket client. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { Directory, type ChargePointEntry, type DirectoryReads, type IdTagRow } from '../../src/directory/directory.ts';
import { ChargingTags, type OpenTransaction } from '../../src/directory/chargingTags.ts';
import type { ReplicaTimes } from '../../src/directory/replica.ts';
import { TransactionIds } from '../../src/directory/transactionIds.ts';
import { Seal } from '../../src/security/seal.ts';
import type { StoredGrant } from '../../src/edge/grants.ts';
import type { HealthSources } from '../../src/edge/health.ts';
import { Journal } from '../../src/edge/journal.ts';
import { EdgeMetrics } from '../../src/edge/metrics.ts';
import { RecentStarts } from '../../src/edge/recentStarts.ts';
import { startEdge, type Edge, type EdgeOptions } from '../../src/edge/server.ts';
import type { StationEvent } from '../../workflows/events.ts';

/** The machine may be busy. */
const PATIENCE_MS = 20_000;

/** What the directory's reads find: the rows of a database that tests change as they like. */
export interface Rows {
  idTags: IdTagRow[];
  chargePoints: ChargePointEntry[];
  openTransactions: (OpenTransaction & { key: string })[];
  /** Of all charge points. */
  grants: StoredGrant[];
  /** Awaited before every answer; may throw, as a database that is away does. */
  gate: () => Promise<void>;
}

export interface TestEdge {
  edge: Edge;
  journal: Journal;
  rows: Rows;
  /** What was logged from level info on. */
  logged: Record<string, unknown>[];
  /** The directory can be asked. */
  ready(): boolean;
  http: string;
  /** Flushed events of a charge point, in order. */
  events(chargePointId: string): StationEvent[];
  connect(path: string, protocols?: string[], options?: ClientOptions): Promise<Client>;
  close(): Promise<void>;
}

interface Overrides {
  settings?: Partial<EdgeOptions['settings']>;
  health?: Partial<HealthSources>;
  rows?: Partial<Rows>;
  journalBytes?: number;
  directoryTimes?: Partial<ReplicaTimes>;
  transactionIds?: { first: number; last: number };
  port?: number;
  /** false: start before the directory has been read. */
  awaitDirectory?: boolean;
}

export async function startTestEdge(overrides: Overrides = {}): Promise<TestEdge> {
  const folder = await mkdtemp(join(tmpdir(), 'ocpp-actors-edge-'));
  const logged: Record<string, unknown>[] = [];
  const write = (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>);
  const log = pino({ level: 'info', base: undefined }, { write });
  const journal = Journal.open({ directory: join(folder, 'journal'), maxBytes: overrides.journalBytes ?? 1e8, log });
  const flushed = new Map<string, StationEvent[]>();
  journal.onFlushed((chargePointId, event) => {
    const events = flushed.get(chargePointId);
    if (events === undefined) flushed.set(chargePointId, [event]);
    else events.push(event);
  });
  const rows: Rows = {
    idTags: [],
    chargePoints: [],
    openTransactions: [],
    grants: [],
    gate: () => Promise.resolve(),
    ...overrides.rows,
  };
  const directory = Directory.open({
    directory: join(folder, 'directory'),
    reads: readsOf(rows),
    log,
    times: overrides.directoryTimes,
  });
  directory.start();
  if (overrides.awaitDirectory ?? true) await eventually(() => directory.ready, 'the directory is ready');
  const block = overrides.transactionIds ?? { first: 1_000, last: 10_999 };
  const blocks = [block];
  const takeBlock = () => {
    const next = blocks.pop();
    return next === undefined ? Promise.reject(new Error('no further block')) : Promise.resolve(next);
  };
  const transactionIds = new TransactionIds({ store: journal.store, takeBlock, log });
  await transactionIds.start();
  const options: EdgeOptions = {
    host: '127.0.0.1',
    port: overrides.port ?? 0,
    journal,
    recentStarts: new RecentStarts(journal.store),
    directory,
    transactionIds,
    chargingTags: new ChargingTags(async (key) => {
      await rows.gate();
      return rows.openTransactions.filter((one) => one.key === key);
    }),
    settings: {
      registration: 'open',
      authentication: 'optional',
      trustedProxies: 0,
      allowMissingSubprotocol: false,
      heartbeatInterval: 300,
      idTags: { unknownIdTags: 'invalid', offlineUnknownTags: 'accept' },
      pingIntervalMs: 45_000,
      ...overrides.settings,
    },
    async readGrants() {
      await rows.gate();
      return rows.grants;
    },
    seal: new Seal(randomBytes(32)),
    nextPasswordGiven: () => {},
    health: {
      temporal: () => ({ ok: true }),
      database: () => ({ ok: true }),
      journal: () => ({ ok: true }),
      backlog: () => ({ events: 0, stations: 0, inFlight: 0, window: 4 }),
      ...overrides.health,
    },
    metrics: new EdgeMetrics(new Registry()),
    log,
  };
  let edge: Edge;
  try {
    edge = await startEdge(options);
  } catch (error) {
    await stopParts();
    throw error;
  }
  const clients: Client[] = [];
  return {
    edge,
    journal,
    rows,
    logged,
    ready: () => directory.ready,
    http: `http://127.0.0.1:${edge.port}`,
    events: (chargePointId) => flushed.get(chargePointId) ?? [],
    async connect(path, protocols = ['ocpp1.6'], clientOptions = {}) {
      const client = await Client.open(`ws://127.0.0.1:${edge.port}${path}`, protocols, clientOptions);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.socket.terminate();
      await edge.drain();
      await stopParts();
    },
  };

  async function stopParts(): Promise<void> {
    await directory.stop();
    await transactionIds.stop();
    await journal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function readsOf(rows: Rows): DirectoryReads {
  const changes = async <Row>(all: Row[]) => {
    await rows.gate();
    return { rows: all, mark: '1' };
  };
  return {
    readIdTagPage: async () => (await changes(rows.idTags)).rows,
    readIdTagChanges: () => changes(rows.idTags),
    findIdTags: async (keys) => (await changes(rows.idTags)).rows.filter(({ key }) => keys.includes(key)),
    readChargePointPage: async () => (await changes(rows.chargePoints)).rows,
    readChargePointChanges: () => changes(rows.chargePoints),
    findChargePoints: async (ids) =>
      (await changes(rows.chargePoints)).rows.filter(({ chargePointId }) => ids.includes(chargePointId)),
  };
}

export type Reply = [3, string, Record<string, unknown>] | [4, string, string, string, Record<string, unknown>];
export type Call = [2, string, string, Record<string, unknown>];

/** A station that sends whatever it is told to. */
export class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames: unknown[] = [];
  #arrived: (() => void)[] = [];
  #ids = 0;

  static async open(url: string, protocols: string[], options: ClientOptions): Promise<Client> {
    const client = new Client(new WebSocket(url, protocols, options));
    await once(client.socket, 'open');
    return client;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data: RawData) => {
      this.#frames.push(JSON.parse((data as Buffer).toString()));
      for (const arrived of this.#arrived.splice(0)) arrived();
    });
    socket.on('error', () => undefined);
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame that satisfies the condition; others stay for whoever asks for them. */
  async next<F>(condition: (frame: unknown) => boolean, what: string): Promise<F> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const index = this.#frames.findIndex(condition);
      if (index >= 0) return this.#frames.splice(index, 1)[0] as F;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${what} within ${PATIENCE_MS} ms; got ${JSON.stringify(this.#frames)}`);
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, left);
      });
      await Promise.race([new Promise<void>((resolve) => this.#arrived.push(resolve)), timeout]);
      clearTimeout(timer);
    }
  }

  reply(messageId: string): Promise<Reply> {
    return this.next<Reply>((frame) => Array.isArray(frame) && frame[0] !== 2 && frame[1] === messageId, messageId);
  }

  /** The next CALL of the Central System. */
  nextCall(): Promise<Call> {
    return this.next<Call>((frame) => Array.isArray(frame) && frame[0] === 2, 'CALL');
  }

  async call(action: string, payload: unknown, messageId = `${action}-${++this.#ids}`): Promise<Reply> {
    this.send([2, messageId, action, payload]);
    return this.reply(messageId);
  }

  /** Resolves when the edge has read everything that was sent so far. */
  async pong(): Promise<void> {
    const pong = once(this.socket, 'pong');
    this.socket.ping();
    await pong;
  }

  get unread(): readonly unknown[] {
    return this.#frames;
  }

  /** The session is alive: a Heartbeat is answered, and nothing else has been sent before its answer. */
  async answersHeartbeatOnly(): Promise<void> {
    const [type, , payload] = await this.call('Heartbeat', {});
    if (type !== 3 || typeof (payload as { currentTime?: unknown }).currentTime !== 'string') {
      throw new Error(`expected a CALLRESULT, got ${JSON.stringify(payload)}`);
    }
    if (this.#frames.length > 0) throw new Error(`unexpected frames: ${JSON.stringify(this.#frames)}`);
  }
}

/** A TCP connection that has been upgraded: for frames no WebSocket library would send. */
export async function rawUpgrade(port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n',
  );
  await once(socket, 'data');
  return socket;
}

/** Resolves when the socket is closed, cleanly or not. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

/** Holds every look-up in the directory until it is opened. */
export function closedGate(): { gate: () => Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { gate: () => opened, open };
}

/** Polls until the condition holds. */
export async function eventually(condition: () => boolean, what: string, timeoutMs = PATIENCE_MS): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
