import { and, isNull, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { transaction } from '../schema.ts';

/** Transactions of an id tag that have not ended, at most 20. @param idTagKey see `idTagKey` */
export function openTransactionsOf(database: Database, idTagKey: string) {
  return database.run((db) =>
    db
      .select({
        chargePointId: transaction.chargePointId,
        connectorId: transaction.connectorId,
        transactionId: transaction.transactionId,
      })
      .from(transaction)
      .where(and(sql`upper(${transaction.idTag}) = ${idTagKey}`, isNull(transaction.end)))
      .limit(20),
  );
}
