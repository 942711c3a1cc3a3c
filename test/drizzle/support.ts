import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { createBreaker } from '../../drizzle/breaker.ts';
import { openDatabase, type Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import type { Instant, Message, StationEvent } from '../../workflows/events.ts';
import { unknownChargePoint } from '../../workflows/state/presence.ts';
import type {
  ChargePoint,
  Command,
  Connector,
  JudgedEvent,
  PersistInput,
  Transaction,
} from '../../workflows/state/model.ts';

export const log = pino({ level: 'silent' });
export const JOURNAL = 1_700_000_000_000;
export const T0 = '2026-01-02T03:04:05.000Z';

/** The shared database of the test run has one session: one connection each. */
export function open(url: string): Database {
  return openDatabase({ url, max: 1, log });
}

/** The migrated database, and what actors store their rows with. */
export interface Store {
  database: Database;
  writer: Writer;
  close(): Promise<void>;
}

export async function openStore(url: string): Promise<Store> {
  const database = open(url);
  await migrate(database);
  const breaker = createBreaker({ database, log });
  const close = async () => {
    breaker.close();
    await database.close();
  };
  return { database, writer: createWriter({ database, breaker, log }), close };
}

/** Test files share tables, so each test has a charge point of its own. */
export function newChargePointId(): string {
  return `CP-${randomUUID()}`;
}

export function later(seconds: number, than: Instant = T0): Instant {
  return new Date(Date.parse(than) + seconds * 1000).toISOString();
}

export function messageEvent(seq: number, fields: Partial<Message> = {}): Message {
  return {
    kind: 'message',
    seq,
    receivedAt: later(seq),
    connection: `${JOURNAL}-1`,
    messageId: `m${seq}`,
    action: 'Heartbeat',
    at: later(seq),
    payload: {},
    answer: { result: {} },
    ...fields,
  };
}

export function meterValuesEvent(seq: number, values: string[], fields: Partial<Message> = {}): Message {
  const at = fields.at ?? later(seq);
  return messageEvent(seq, {
    action: 'MeterValues',
    payload: {
      connectorId: 1,
      meterValue: [
        {
          timestamp: at,
          at,
          sampledValue: values.map((value) => ({ value, measurand: 'Energy.Active.Import.Register' })),
        },
      ],
    },
    ...fields,
  });
}

export function input(
  chargePointId: string,
  events: (StationEvent | JudgedEvent)[],
  rest: Partial<PersistInput> = {},
): PersistInput {
  const judged = events.map((event): JudgedEvent => ('event' in event ? event : { event }));
  const upTo = Math.max(0, ...judged.map(({ event }) => event.seq));
  const runs = judged.length > 0 ? [{ journal: JOURNAL, upTo, events: judged }] : [];
  const cursors: Record<string, number> = runs.length > 0 ? { [JOURNAL]: upTo } : {};
  return { chargePointId, runs, cursors, connectors: [], transactions: [], commands: [], ...rest };
}

export function connectorRow(connectorId: number, version: number, fields: Partial<Connector> = {}): Connector {
  return {
    connectorId,
    status: 'Available',
    errorCode: 'NoError',
    info: null,
    vendorId: null,
    vendorErrorCode: null,
    at: T0,
    version,
    ...fields,
  };
}

export function chargePointRow(chargePointId: string, version: number, fields: Partial<ChargePoint> = {}): ChargePoint {
  return { ...unknownChargePoint(chargePointId), version, ...fields };
}

export function transactionRow(transactionId: number, version: number, fields: Partial<Transaction> = {}): Transaction {
  return {
    transactionId,
    aliases: [],
    connectorId: 1,
    idTag: 'TAG',
    idTagStatus: 'Accepted',
    reservationId: null,
    startedAt: T0,
    startTimestamp: T0,
    meterStart: 0,
    stoppedAt: null,
    meterStop: null,
    stopIdTag: null,
    stopReason: null,
    end: null,
    energyWh: null,
    energySource: null,
    parentIdTag: null,
    readings: null,
    lastReadingAt: null,
    lastReadingWh: null,
    grace: null,
    notes: [],
    version,
    ...fields,
  };
}

export interface Proxy {
  url: string;
  /** `silent`: bytes are swallowed, as by a hanging server; `cut`: connections end and new ones are closed at once. */
  mode(mode: 'open' | 'silent' | 'cut'): void;
  close(): Promise<void>;
}

/** A network between client and database that can be broken. */
export async function startProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let mode: 'open' | 'silent' | 'cut' = 'open';
  const server = createServer((socket) => {
    if (mode === 'cut') return void socket.destroy();
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => mode === 'open' && to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => (sockets.delete(from), to.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.port = String((server.address() as AddressInfo).port);
  return {
    url: own.href,
    mode(next) {
      mode = next;
      if (next === 'cut') for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A command, and how the charge point took it. */
export type Said = Partial<Command> & Pick<Command, 'action' | 'payload' | 'state'>;

export function answered(action: string, payload: Record<string, unknown>, answer: Record<string, unknown>): Said {
  return { action, payload, answer, state: 'completed' };
}

export function accepted(action: string, payload: Record<string, unknown>): Said {
  return answered(action, payload, { status: 'Accepted' });
}

/** Sent, and not answered. */
export function lost(action: string, payload: Record<string, unknown>, fields: Partial<Command> = {}): Said {
  return { action, payload, state: 'timedOut', ...fields };
}

/** A charge point that was sent these, a minute apart, with the ids c1, c2, … */
export async function sentTo(writer: Writer, ...said: Said[]): Promise<string> {
  const id = newChargePointId();
  const commands = said.map((fields, i): Command => {
    const sentAt = later(60 * (i + 1));
    const endedAt = later(1, sentAt);
    return {
      commandId: `c${i + 1}`,
      reason: null,
      via: 'rest',
      options: null,
      requestedBy: null,
      requestedAt: sentAt,
      deadline: later(3_600, sentAt),
      sentAt,
      connection: 'a connection',
      answer: null,
      answeredAt: fields.answer ? endedAt : null,
      outcome: null,
      endedAt,
      version: i + 1,
      ...fields,
    };
  });
  await writer.persist(input(id, [], { chargePoint: chargePointRow(id, 1), commands }));
  return id;
}
