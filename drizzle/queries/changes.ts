/**
 * Following a table by `changed_xid`, the SQL transaction that last changed a row. Exact under concurrent commits: the
 * mark is the oldest transaction still running when the rows were read, so that what commits later lies at or above it.
 * Rows between mark and read are read twice, never missed.
 */
import { and, gte, lt, sql, type Column, type SQL } from 'drizzle-orm';

/** The mark to go on from, as of the statement it is part of. */
export const mark: SQL<string> = sql<string>`pg_snapshot_xmin(pg_current_snapshot())::text`;

/** Changed at or after a mark. */
export function changedSince(changedXid: Column, since: string): SQL | undefined {
  // No row that can be seen was changed by a later transaction, unless it comes from another database's dump.
  return and(gte(changedXid, sql`${since}::xid8`), lt(changedXid, sql`pg_snapshot_xmax(pg_current_snapshot())`));
}
