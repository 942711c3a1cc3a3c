/** What operators have decided about charge points: the columns that the actors leave alone. */
import { asc, gt, inArray, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, type NextPassword } from '../schema.ts';
import { changedSince, mark } from './changes.ts';

export interface ChargePointEntry {
  chargePointId: string;
  registration: (typeof chargePoint.$inferSelect)['registration'];
  /** Seconds; null: the edge's default. */
  heartbeatInterval: number | null;
  passwordHash: string | null;
  nextPasswords: NextPassword[];
  deleted: boolean;
}

const columns = {
  chargePointId: chargePoint.chargePointId,
  registration: chargePoint.registration,
  heartbeatInterval: chargePoint.heartbeatInterval,
  passwordHash: chargePoint.passwordHash,
  nextPasswords: chargePoint.nextPasswords,
  deleted: sql<boolean>`${chargePoint.deletedAt} is not null`.as('deleted'),
};

export async function findChargePoints(database: Database, chargePointIds: string[]): Promise<ChargePointEntry[]> {
  if (chargePointIds.length === 0) return [];
  return database.run((db) =>
    db.select(columns).from(chargePoint).where(inArray(chargePoint.chargePointId, chargePointIds)),
  );
}

/** In the order of their ids, deleted ones included; the first page is after null. */
export async function readChargePointPage(
  database: Database,
  after: string | null,
  limit: number,
): Promise<ChargePointEntry[]> {
  const where = after === null ? undefined : gt(chargePoint.chargePointId, after);
  return database.run((db) =>
    db.select(columns).from(chargePoint).where(where).orderBy(asc(chargePoint.chargePointId)).limit(limit),
  );
}

/** As `readIdTagChanges`. What the actors write is no change. */
export async function readChargePointChanges(
  database: Database,
  since: string | null,
): Promise<{ rows: ChargePointEntry[]; mark: string }> {
  return database.run(async (db) => {
    const found = await db
      .select({ mark, row: columns })
      .from(sql`(select 1) as one`)
      .leftJoin(chargePoint, since === null ? sql`false` : changedSince(chargePoint.changedXid, since));
    return { rows: found.flatMap(({ row }) => (row?.chargePointId == null ? [] : [row])), mark: found[0]!.mark };
  });
}
