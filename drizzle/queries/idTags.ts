import { asc, gt, inArray, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { idTag } from '../schema.ts';
import { changedSince, mark } from './changes.ts';

/** Who may charge, as the directory follows it. */
export interface IdTagRow {
  key: string;
  idTag: string;
  status: (typeof idTag.$inferSelect)['status'];
  expiryDate: string | null;
  parentIdTag: string | null;
  singleTransaction: boolean;
  deleted: boolean;
}

const columns = {
  key: idTag.key,
  idTag: idTag.idTag,
  status: idTag.status,
  expiryDate: idTag.expiryDate,
  parentIdTag: idTag.parentIdTag,
  singleTransaction: idTag.singleTransaction,
  deleted: sql<boolean>`${idTag.deletedAt} is not null`.as('deleted'),
};

/** idTags are compared without regard to case (OCPP 1.6 §7.28). */
export function idTagKey(text: string): string {
  return text.toUpperCase();
}

/** @param keys see `idTagKey` */
export async function findIdTags(database: Database, keys: string[]): Promise<IdTagRow[]> {
  if (keys.length === 0) return [];
  return database.run((db) => db.select(columns).from(idTag).where(inArray(idTag.key, keys)));
}

/** In the order of their keys, deleted ones included; the first page is after null. */
export async function readIdTagPage(database: Database, after: string | null, limit: number): Promise<IdTagRow[]> {
  const where = after === null ? undefined : gt(idTag.key, after);
  return database.run((db) => db.select(columns).from(idTag).where(where).orderBy(asc(idTag.key)).limit(limit));
}

/**
 * Rows changed since `since` (deleted ones included; a row may come again) and the mark to go on from. With null no rows,
 * only the present mark: take it before the first page.
 */
export async function readIdTagChanges(
  database: Database,
  since: string | null,
): Promise<{ rows: IdTagRow[]; mark: string }> {
  return database.run(async (db) => {
    const found = await db
      .select({ mark, row: columns })
      .from(sql`(select 1) as one`)
      .leftJoin(idTag, since === null ? sql`false` : changedSince(idTag.changedXid, since));
    return { rows: found.flatMap(({ row }) => (row?.key == null ? [] : [row])), mark: found[0]!.mark };
  });
}
