import { and, eq, inArray } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { cursor } from '../schema.ts';

export interface Cursor {
  chargePointId: string;
  journal: number;
  /** Everything up to this sequence number is stored. */
  seq: number;
}

/**
 * Cursors of these charge points in these journals; none for a pair nothing was stored of. For a few thousand charge
 * points at a time.
 */
export async function readCursors(database: Database, chargePointIds: string[], journals: number[]): Promise<Cursor[]> {
  if (chargePointIds.length === 0 || journals.length === 0) return [];
  return database.run((db) =>
    db
      .select()
      .from(cursor)
      .where(and(inArray(cursor.chargePointId, chargePointIds), inArray(cursor.journal, journals))),
  );
}

/** Cursors of a journal that is drained stay for so long (ms) at least: who is born meanwhile sees what was stored. */
export const CURSOR_KEPT_MS = 10 * 60_000;

/** For a journal that is drained and closed: no event of it will come again. */
export async function dropCursors(database: Database, journal: number): Promise<void> {
  await database.run((db) => db.delete(cursor).where(eq(cursor.journal, journal)));
}
