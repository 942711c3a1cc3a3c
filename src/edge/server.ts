import { setTimeout as sleep } from 'node:timers/promises';
import uWS, {
  type HttpRequest,
  type TemplatedApp,
  type us_listen_socket,
  type WebSocketBehavior,
} from 'uWebSockets.js';
import { Answering, type AnsweringParts } from './answering.ts';
import { Calls } from './calls.ts';
import { Connections } from './connections.ts';
import { Grants, type ReadGrants } from './grants.ts';
import type { Seal } from '../security/seal.ts';
import {
  Handshake,
  passwordHashesOf,
  refuse,
  type HandshakeSettings,
  type NextPasswordGiven,
  type Refusal,
} from './handshake.ts';
import { reportHealth, type HealthReport, type HealthSources } from './health.ts';
import type { Journal } from './journal.ts';
import type { Lane } from './lane.ts';
import type { EdgeMetrics } from './metrics.ts';
import { clientAddress } from '../security/clientAddress.ts';
import { startPings } from './presence.ts';
import { Recorder, type Acknowledge } from './recorder.ts';
import { MAX_MESSAGE_BYTES, StationConnection, type SocketData, type StationParts } from './station.ts';

/** uWebSockets.js cuts a longer message without a close code; up to here we close with 1009 ourselves. */
const MAX_PAYLOAD_LENGTH = 2 * MAX_MESSAGE_BYTES;
/** What may wait to be read by a station. */
const MAX_BACKPRESSURE = 1024 * 1024;
/** Without SO_REUSEPORT: a second edge on the same port would take half of the stations. */
const EXCLUSIVE_PORT = 1;
/** Sockets are closed spread over this time, lest all stations come back in the same instant. */
const DRAIN_SPREAD_MS = 2_000;
const DRAIN_STEP_MS = 10;
/** What a message that waits for the directory or the disk is given at most when the edge stops. */
const DRAIN_PATIENCE_MS = 5_000;

export interface EdgeOptions extends Omit<AnsweringParts, 'grants'> {
  host: string;
  /** 0: any free one. */
  port: number;
  journal: Journal;
  settings: AnsweringParts['settings'] & HandshakeSettings & { pingIntervalMs: number; trustedProxies: number };
  /** What answers to durable messages wait for beyond the journal's flush (`ACKNOWLEDGE=actor`). */
  acknowledge?: Acknowledge;
  /** Starts that operators have asked for whatever the register says of their id tags. */
  readGrants: ReadGrants;
  /** Opens what was sealed for its stations. */
  seal: Seal;
  nextPasswordGiven: NextPasswordGiven;
  health: HealthSources;
  metrics: EdgeMetrics;
}

export interface Edge {
  readonly port: number;
  /** Task queue on which this edge takes CALLs to its stations. */
  readonly taskQueue: string;
  readonly calls: Calls;
  /** Answers what it has read, closes every socket with 1012 (Service Restart); resolves when all of it is flushed. */
  drain(): Promise<void>;
  connections(): number;
  /** Whether the connection with this id is open. */
  isOpen(connection: string): boolean;
  health(): HealthReport;
}

/** Serves charge points and `GET /health`. Rejects if the port is taken. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { journal, directory, settings, metrics, log } = options;
  const taskQueue = `edge-${journal.id}`;
  const recorder = new Recorder(journal, log, options.acknowledge);
  const connections = new Connections(log);
  const grants = new Grants(options.readGrants);
  const calls = new Calls({ connections, recorder, grants, seal: options.seal, directory, metrics, log });
  const handshake = new Handshake(directory, settings, { log, nextPasswordGiven: options.nextPasswordGiven });
  const parts: StationParts = {
    journalId: journal.id,
    taskQueue,
    recorder,
    calls,
    answering: new Answering({ ...options, grants }),
    metrics,
    log,
    ended: (connection) => connections.remove(connection),
  };

  const health = () => {
    const journalHealth = recorder.health();
    const sources = journalHealth.ok ? options.health : { ...options.health, journal: () => journalHealth };
    return reportHealth(sources, {
      ready: directory.ready,
      draining: handshake.draining,
      connections: connections.size,
    });
  };
  directory.onChargePointsChanged((rows) => {
    for (const row of rows) {
      const decided = row.deleted ? 'retired' : row.registration;
      for (const each of connections.of(row.chargePointId)) each.decided(decided, passwordHashesOf(row));
    }
  });

  const app = uWS.App();
  app.get('/health', (response) => {
    const { status, report } = health();
    response.cork(() => {
      response.writeStatus(status).writeHeader('Content-Type', 'application/json').end(JSON.stringify(report));
    });
  });
  app.ws<SocketData>('/*', webSockets(handshake, connections, parts, settings.trustedProxies));
  app.any('/*', (response, request) => {
    const reason = `${request.getUrl()} speaks OCPP 1.6-J: open a WebSocket with subprotocol ocpp1.6`;
    refuse(response, { status: '426 Upgrade Required', reason });
  });
  const listening = await listen(app, options.host, options.port);
  metrics.watch({
    connections: () => connections.size,
    backlog: () => options.health.backlog(),
    journal: () => journal.size(),
  });
  const stopPings = startPings(connections, recorder, settings.pingIntervalMs);

  let drained: Promise<void> | undefined;
  return {
    port: uWS.us_socket_local_port(listening),
    taskQueue,
    calls,
    connections: () => connections.size,
    isOpen: (connection) => connections.get(connection)?.isOpen ?? false,
    health: () => health().report,
    drain: () => (drained ??= drain()),
  };

  async function drain(): Promise<void> {
    handshake.draining = true;
    await closeAll(connections);
    stopPings();
    recorder.retryKept();
    await recorder.flushed();
    app.close();
  }
}

function webSockets(
  handshake: Handshake,
  connections: Connections,
  parts: StationParts,
  trustedProxies: number,
): WebSocketBehavior<SocketData> {
  let opened = 0;
  return {
    maxPayloadLength: MAX_PAYLOAD_LENGTH,
    maxBackpressure: MAX_BACKPRESSURE,
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade(response, request, context) {
      // The request is gone after the first await: what is needed of it is read now.
      const address = Buffer.from(response.getRemoteAddressAsText()).toString();
      const who = {
        path: request.getUrl(),
        offered: request.getHeader('sec-websocket-protocol'),
        authorization: request.getHeader('authorization'),
        remoteAddress: clientAddress(address, trustedProxies > 0 ? forwardedFor(request) : '', trustedProxies),
      };
      const key = request.getHeader('sec-websocket-key');
      const extensions = request.getHeader('sec-websocket-extensions');
      let aborted = false;
      response.onAborted(() => {
        aborted = true;
      });
      const conclude = (verdict: SocketData | Refusal) => {
        if (aborted) return;
        if ('reason' in verdict) return refuse(response, verdict);
        // Not in `response.cork`: now and then it closes a socket that was upgraded in it after an await
        // (https://github.com/uNetworking/uWebSockets/pull/1929). The 101 leaves in one write all the same.
        response.upgrade(verdict, key, verdict.protocol, extensions, context);
      };
      const verdict = handshake.judge(who);
      if (verdict instanceof Promise) void verdict.then(conclude);
      else conclude(verdict);
    },
    open(socket) {
      const data = socket.getUserData();
      if (data.unsupported !== undefined) {
        socket.end(1002, data.unsupported);
        return;
      }
      opened += 1;
      const create = (lane: Lane) => new StationConnection(opened, lane, socket, parts);
      data.connection = connections.open(data.chargePointId, create);
      data.connection.opened();
    },
    message: (socket, data, isBinary) => socket.getUserData().connection?.received(data, isBinary),
    ping: (socket) => socket.getUserData().connection?.heard(),
    pong: (socket) => socket.getUserData().connection?.heard(),
    close: (socket, code, reason) => socket.getUserData().connection?.closed(code, Buffer.from(reason).toString()),
  };
}

/** A proxy may append a line of its own (HAProxy does): `getHeader` would give the first one, which is the client's. */
function forwardedFor(request: HttpRequest): string {
  const lines: string[] = [];
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value);
  });
  return lines.join(',');
}

function listen(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    const listened = (socket: us_listen_socket | false) => {
      if (socket !== false) resolve(socket);
      else
        reject(new Error(`cannot listen on ${host}:${port}: the port is taken, or the address is not this machine's`));
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it reads all four; its types know three at a time
    const exclusive = app as unknown as ExclusiveApp;
    exclusive.listen(host, port, EXCLUSIVE_PORT, listened);
  });
}

interface ExclusiveApp {
  listen(host: string, port: number, options: number, listened: (socket: us_listen_socket | false) => void): void;
}

async function closeAll(connections: Connections): Promise<void> {
  const all = [...connections.all()];
  const pause = Math.min(DRAIN_STEP_MS, DRAIN_SPREAD_MS / Math.max(1, all.length));
  await Promise.all(
    all.map(async (connection, index) => {
      await sleep(index * pause);
      await inTime(connection.finish());
      connection.close(1012, 'service restart');
      // Its `disconnected` is journalled when nothing of it waits in the lane any more.
      await inTime(connection.lane.idle());
    }),
  );
}

function inTime(done: Promise<void>): Promise<void> {
  return Promise.race([done, sleep(DRAIN_PATIENCE_MS, undefined, { ref: false })]);
}
