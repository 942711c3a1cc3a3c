import { and, desc, eq, isNull } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, command, connector, transaction } from '../schema.ts';

const SHOWN = 50;

/** All charge points that are not deleted, by id. */
export function listChargePoints(database: Database) {
  return database.run((db) =>
    db
      .select({
        chargePointId: chargePoint.chargePointId,
        vendor: chargePoint.vendor,
        model: chargePoint.model,
        firmwareVersion: chargePoint.firmwareVersion,
        registration: chargePoint.registration,
        online: chargePoint.online,
        lastSeenAt: chargePoint.lastSeenAt,
      })
      .from(chargePoint)
      .where(isNull(chargePoint.deletedAt))
      .orderBy(chargePoint.chargePointId),
  );
}

/** A charge point with its connectors, its newest transactions and its newest commands; undefined where it is unknown. */
export async function showChargePoint(database: Database, chargePointId: string) {
  const [found, connectors, transactions, commands] = await database.run((db) =>
    Promise.all([
      db
        .select()
        .from(chargePoint)
        .where(and(eq(chargePoint.chargePointId, chargePointId), isNull(chargePoint.deletedAt))),
      db.select().from(connector).where(eq(connector.chargePointId, chargePointId)).orderBy(connector.connectorId),
      db
        .select()
        .from(transaction)
        .where(eq(transaction.chargePointId, chargePointId))
        .orderBy(desc(transaction.transactionId))
        .limit(SHOWN),
      db
        .select()
        .from(command)
        .where(eq(command.chargePointId, chargePointId))
        .orderBy(desc(command.requestedAt))
        .limit(SHOWN),
    ]),
  );
  return found[0] && { ...found[0], connectors, transactions, commands };
}
