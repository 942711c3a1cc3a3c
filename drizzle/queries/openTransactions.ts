import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { transaction } from '../schema.ts';

/** Transactions of a charge point that have not ended, as far as the database knows; at most 100. */
export function openTransactionsAt(database: Database, chargePointId: string) {
  return database.run((db) =>
    db
      .select({ transactionId: transaction.transactionId, connectorId: transaction.connectorId })
      .from(transaction)
      .where(and(eq(transaction.chargePointId, chargePointId), isNull(transaction.end)))
      .orderBy(transaction.transactionId)
      .limit(100),
  );
}

/** What has not said a word for longer has lost its end, not its plug. */
const ALIVE = sql`interval '24 hours'`;

/**
 * Transactions of an id tag that go on: accepted ones, not ended, begun or last heard of within a day; at most 20.
 *
 * @param idTagKey see `idTagKey`
 */
export function openTransactionsOf(database: Database, idTagKey: string) {
  return database.run((db) =>
    db
      .select({
        chargePointId: transaction.chargePointId,
        connectorId: transaction.connectorId,
        transactionId: transaction.transactionId,
      })
      .from(transaction)
      .where(
        and(
          sql`upper(${transaction.idTag}) = ${idTagKey}`,
          isNull(transaction.end),
          eq(transaction.idTagStatus, 'Accepted'),
          sql`greatest(${transaction.startedAt}, ${transaction.lastReadingAt}) > now() - ${ALIVE}`,
        ),
      )
      .limit(20),
  );
}
