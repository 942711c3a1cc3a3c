import {
  and,
  arrayOverlaps,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNotNull,
  isNull,
  or,
  sql,
  type Column,
  type SQLWrapper,
} from 'drizzle-orm';
import type { Birth, ChargePoint, Command, Connection, Connector, Transaction } from '../../workflows/state/model.ts';
import { ENDED_MOST_LENGTH, forgetEndedCommands } from '../../workflows/state/commands.ts';
import type { Database } from '../client.ts';
import { chargePoint, command, connection, connector, cursor, message, transaction } from '../schema.ts';
import { CURSOR_KEPT_MS } from './cursors.ts';

/** Of transactions and commands, besides those that are not finished. */
const NEWEST = 20;
/** More than a station has unanswered at a time: one (OCPP-J 1.6 §4.1.1), or some dozens if it does not wait. */
const HEARD_NEWEST = 200;
/** Neither vendors known to be hasty about CALLs mind them this long after the connection opened. */
const BOOTED_AFTER_MS = 10_000;

/** What the database knows of a charge point, as of one moment. */
export async function readBirth(database: Database, chargePointId: string): Promise<Birth> {
  const [birth] = await readBirths(database, [chargePointId]);
  return birth as Birth;
}

/**
 * What the database knows of charge points, in the order of the ids: one statement, planned once. Every part of it goes
 * by an index.
 */
export async function readBirths(database: Database, chargePointIds: string[]): Promise<Birth[]> {
  const rows = await database.run((db) => {
    const id = sql`cp.id`;
    const ofTransaction = eq(transaction.chargePointId, id);
    const ofCommand = eq(command.chargePointId, id);
    const lately = gt(transaction.stoppedAt, sql`now() - interval '7 days'`);
    const startedOrStopped = sql`coalesce(${transaction.startedAt}, ${transaction.stoppedAt})`;
    const parts: Record<keyof Parts, SQLWrapper> = {
      chargePoints: db.select(chargePointColumns).from(chargePoint).where(eq(chargePoint.chargePointId, id)),
      cursors: db.select().from(cursor).where(eq(cursor.chargePointId, id)),
      connections: db
        .select()
        .from(connection)
        .where(and(eq(connection.chargePointId, id), isNull(connection.closedAt)))
        .orderBy(connection.openedAt),
      connectors: db.select(connectorColumns).from(connector).where(eq(connector.chargePointId, id)),
      open: db
        .select(transactionColumns)
        .from(transaction)
        .where(and(ofTransaction, isNull(transaction.end))),
      estimated: db
        .select(transactionColumns)
        .from(transaction)
        .where(and(ofTransaction, eq(transaction.end, 'estimated'), lately)),
      ended: db
        .select(transactionColumns)
        .from(transaction)
        .where(and(ofTransaction, isNotNull(transaction.end)))
        .orderBy(desc(startedOrStopped))
        .limit(NEWEST),
      unfinished: db
        .select(commandColumns)
        .from(command)
        .where(and(ofCommand, isNull(command.endedAt)))
        .orderBy(command.requestedAt),
      finished: db
        .select(commandColumns)
        .from(command)
        .where(and(ofCommand, isNotNull(command.endedAt)))
        .orderBy(desc(command.requestedAt))
        .limit(NEWEST),
      heard: db
        .select(heardColumns)
        .from(message)
        .where(
          and(
            eq(message.chargePointId, id),
            gt(message.receivedAt, sql`now() - interval '24 hours'`),
            isNotNull(message.hash),
            isNull(message.repeatOf),
            isNull(message.errorCode),
          ),
        )
        .orderBy(desc(message.receivedAt), desc(message.journal), desc(message.seq))
        .limit(HEARD_NEWEST),
    };
    const columns = Object.entries(parts).map(
      ([name, query]) => sql`(select coalesce(json_agg(r), '[]') from ${query} r) as ${sql.identifier(name)}`,
    );
    return db.execute<Found>(
      sql`select ${sql.join(columns, sql`, `)}
        from json_array_elements_text(${JSON.stringify(chargePointIds)}::json) with ordinality as cp(id, place)
        order by cp.place`,
    );
  });
  return rows.map(toBirth);
}

function toBirth(found: Found): Birth {
  const part = <Row>(name: keyof Parts, columns: Record<string, Column>): Row[] =>
    found[name].map((row) => fromJson(columns, row) as Row);

  const [known = null] = part<ChargePoint>('chargePoints', chargePointColumns);
  const connectors = part<Connector>('connectors', connectorColumns);
  const transactions = byId(
    (['ended', 'estimated', 'open'] as const).flatMap((name) => part<Transaction>(name, transactionColumns)),
  );
  // In the order in which they were asked for: the newest of the ended ones were read first.
  const ended = part<Command>('finished', commandColumns).toReversed();
  const commands = [...ended, ...part<Command>('unfinished', commandColumns)];
  const cursors = part<typeof cursor.$inferSelect>('cursors', getTableColumns(cursor));
  const connections = part<typeof connection.$inferSelect>('connections', getTableColumns(connection));
  const heard = part<Pick<typeof message.$inferSelect, keyof typeof heardColumns>>('heard', heardColumns);
  const versions = [known, ...connectors, ...transactions, ...commands].map((row) => row?.version ?? 0);

  return {
    chargePoint: known,
    cursors: Object.fromEntries(cursors.map(({ journal, seq }) => [journal, seq])),
    openConnections: connections.map((row) => toConnection(row, known?.lastBootAt ?? null)),
    connectors,
    transactions,
    // All of it is an activity's result.
    commands: forgetEndedCommands(commands, ENDED_MOST_LENGTH),
    heard: heard
      .toReversed()
      .filter((row) => isSeen(row, cursors))
      .map(({ hash, receivedAt, journal, seq }) => ({ hash: hash ?? '', at: receivedAt, event: `${journal}:${seq}` })),
    version: Math.max(0, ...versions),
  };
}

/**
 * Events stored by an actor that was behind come again: they are no repeats of themselves. A journal's cursor is dropped
 * when it is long done with (src/edge/trimming.ts), or not there yet.
 */
function isSeen(
  { journal, seq, receivedAt }: { journal: number; seq: number; receivedAt: string },
  cursors: { journal: number; seq: number }[],
): boolean {
  const known = cursors.find((one) => one.journal === journal);
  if (known) return seq <= known.seq;
  const isNewest = cursors.every((one) => one.journal < journal);
  return !isNewest || Date.parse(receivedAt) < Date.now() - CURSOR_KEPT_MS;
}

/** Those of the transactions with these ids, or with one of them as alias, that are stored. */
export async function readTransactions(
  database: Database,
  chargePointId: string,
  ids: number[],
): Promise<Transaction[]> {
  if (ids.length === 0) return [];
  const ofChargePoint = eq(transaction.chargePointId, chargePointId);
  const hasAliases = sql`${transaction.aliases} <> '{}'`;
  return database.run((db) =>
    db
      .select(transactionColumns)
      .from(transaction)
      .where(
        or(
          and(ofChargePoint, inArray(transaction.transactionId, ids)),
          and(ofChargePoint, hasAliases, arrayOverlaps(transaction.aliases, ids)),
        ),
      ),
  );
}

/** What an actor knows of its charge point. */
export const chargePointColumns = {
  chargePointId: chargePoint.chargePointId,
  vendor: chargePoint.vendor,
  model: chargePoint.model,
  serialNumber: chargePoint.serialNumber,
  firmwareVersion: chargePoint.firmwareVersion,
  iccid: chargePoint.iccid,
  imsi: chargePoint.imsi,
  meterType: chargePoint.meterType,
  meterSerialNumber: chargePoint.meterSerialNumber,
  registration: chargePoint.registration,
  lastBootAt: chargePoint.lastBootAt,
  online: chargePoint.online,
  onlineSince: chargePoint.onlineSince,
  offlineSince: chargePoint.offlineSince,
  lastSeenAt: chargePoint.lastSeenAt,
  version: chargePoint.version,
};

const heardColumns = {
  hash: message.hash,
  receivedAt: message.receivedAt,
  journal: message.journal,
  seq: message.seq,
};

const { chargePointId: _ofConnector, ...connectorColumns } = getTableColumns(connector);
const { chargePointId: _ofTransaction, ...transactionColumns } = getTableColumns(transaction);
const { chargePointId: _ofCommand, ...commandColumns } = getTableColumns(command);

interface Parts {
  chargePoints: unknown;
  cursors: unknown;
  connections: unknown;
  connectors: unknown;
  open: unknown;
  estimated: unknown;
  ended: unknown;
  unfinished: unknown;
  finished: unknown;
  heard: unknown;
}

type Found = Record<keyof Parts, Record<string, unknown>[]>;

/** A row as PostgreSQL's JSON has it, as drizzle would give it. */
function fromJson(columns: Record<string, Column>, row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([property, column]) => {
      const value = row[column.name];
      return [property, value === null ? null : column.mapFromDriverValue(value)];
    }),
  );
}

/** An ended transaction may have been found twice. */
function byId(transactions: Transaction[]): Transaction[] {
  return [...new Map(transactions.map((row) => [row.transactionId, row])).values()];
}

function toConnection(row: typeof connection.$inferSelect, lastBootAt: string | null): Connection {
  const openedAt = row.openedAt ?? new Date(0).toISOString();
  const booted = (lastBootAt !== null && lastBootAt >= openedAt) || Date.parse(openedAt) < Date.now() - BOOTED_AFTER_MS;
  return { connection: row.connection, journal: row.journal, taskQueue: row.taskQueue ?? '', openedAt, booted };
}
