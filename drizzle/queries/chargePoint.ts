import { and, arrayOverlaps, desc, eq, getTableColumns, gt, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm';
import type { Birth, ChargePoint, Command, Connection, Connector, Transaction } from '../../workflows/state/model.ts';
import type { Database } from '../client.ts';
import { chargePoint, command, connection, connector, cursor, transaction } from '../schema.ts';

/** Of transactions and commands, besides those that are not finished. */
const NEWEST = 20;
/** Neither vendors known to be hasty about CALLs mind them this long after the connection opened. */
const BOOTED_AFTER_MS = 10_000;

/** What the database knows of a charge point, as of one moment. Every read goes by an index. */
export async function readBirth(database: Database, chargePointId: string): Promise<Birth> {
  return database.run((db) =>
    db.transaction(
      async (tx) => {
        const ofTransaction = eq(transaction.chargePointId, chargePointId);
        const ofCommand = eq(command.chargePointId, chargePointId);
        const newestTransaction = desc(sql`coalesce(${transaction.startedAt}, ${transaction.stoppedAt})`);

        const [chargePoints, cursors, connections, connectors, open, estimated, ended, unfinished, finished] =
          await Promise.all([
            tx.select(chargePointColumns).from(chargePoint).where(eq(chargePoint.chargePointId, chargePointId)),
            tx.select().from(cursor).where(eq(cursor.chargePointId, chargePointId)),
            tx
              .select()
              .from(connection)
              .where(and(eq(connection.chargePointId, chargePointId), isNull(connection.closedAt)))
              .orderBy(connection.openedAt),
            tx.select(connectorColumns).from(connector).where(eq(connector.chargePointId, chargePointId)),
            tx
              .select(transactionColumns)
              .from(transaction)
              .where(and(ofTransaction, isNull(transaction.stoppedAt))),
            tx
              .select(transactionColumns)
              .from(transaction)
              .where(
                and(
                  ofTransaction,
                  eq(transaction.end, 'estimated'),
                  gt(transaction.stoppedAt, sql`now() - interval '7 days'`),
                ),
              ),
            tx
              .select(transactionColumns)
              .from(transaction)
              .where(and(ofTransaction, isNotNull(transaction.stoppedAt)))
              .orderBy(newestTransaction)
              .limit(NEWEST),
            tx
              .select(commandColumns)
              .from(command)
              .where(and(ofCommand, isNull(command.endedAt))),
            tx
              .select(commandColumns)
              .from(command)
              .where(and(ofCommand, isNotNull(command.endedAt)))
              .orderBy(desc(command.requestedAt))
              .limit(NEWEST),
          ]);

        const known: ChargePoint | null = chargePoints[0] ?? null;
        const transactions: Transaction[] = [...keyed([...open, ...estimated, ...ended]).values()];
        const commands: Command[] = [...unfinished, ...finished];
        return {
          chargePoint: known,
          cursors: Object.fromEntries(cursors.map(({ journal, seq }) => [journal, seq])),
          openConnections: connections.map((row) => toConnection(row, known?.lastBootAt ?? null)),
          connectors,
          transactions,
          commands,
          version: Math.max(
            0,
            ...[...chargePoints, ...connectors, ...transactions, ...commands].map((row) => row.version),
          ),
        };
      },
      { isolationLevel: 'repeatable read', accessMode: 'read only' },
    ),
  );
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

const chargePointColumns = {
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

const { chargePointId: _ofConnector, ...connectorColumns } = getTableColumns(connector);
const { chargePointId: _ofTransaction, ...transactionColumns } = getTableColumns(transaction);
const { chargePointId: _ofCommand, ...commandColumns } = getTableColumns(command);

function keyed(transactions: Transaction[]): Map<number, Transaction> {
  return new Map(transactions.map((row) => [row.transactionId, row]));
}

function toConnection(row: typeof connection.$inferSelect, lastBootAt: string | null): Connection {
  const openedAt = row.openedAt ?? new Date(0).toISOString();
  const booted = (lastBootAt !== null && lastBootAt >= openedAt) || Date.parse(openedAt) < Date.now() - BOOTED_AFTER_MS;
  return { connection: row.connection, journal: row.journal, taskQueue: row.taskQueue ?? '', openedAt, booted };
}
