/** How wrong the clock of a charge point is, from what it has said lately. */
import { and, desc, eq, gt, inArray, sql } from 'drizzle-orm';
import { parseTimestamp } from '../../src/ocpp/time.ts';
import type { Database } from '../client.ts';
import { message } from '../schema.ts';

/** Messages that say when they were said, and are short. */
const TIMED = ['StatusNotification', 'StartTransaction'];
/** So many of the newest are looked at, so that a clock that was set is soon believed. */
const LOOKED_AT = 10;

/**
 * Seconds by which the clock of a charge point is ahead of the receipt of its messages (negative: behind). A message that
 * has waited in the station seems to be behind, but none comes before it is said: so the largest difference among the newest
 * ones of the last day tells. null where none of them has a readable time.
 */
export async function findClockOffset(database: Database, chargePointId: string): Promise<number | null> {
  const rows = await database.run((db) =>
    db
      .select({ payload: message.payload, receivedAt: message.receivedAt })
      .from(message)
      .where(
        and(
          eq(message.chargePointId, chargePointId),
          gt(message.receivedAt, sql`now() - interval '1 day'`),
          eq(message.direction, 'in'),
          inArray(message.action, TIMED),
        ),
      )
      .orderBy(desc(message.receivedAt))
      .limit(LOOKED_AT),
  );
  const offsets = rows.flatMap(({ payload, receivedAt }) => {
    const said = parseTimestamp((payload as { timestamp?: unknown } | null)?.timestamp);
    return said ? [Date.parse(said.at) - Date.parse(receivedAt)] : [];
  });
  return offsets.length === 0 ? null : Math.round(Math.max(...offsets) / 1_000);
}
