/** Id tags as operators keep them. How edges follow them is in `idTags.ts`. */
import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { idTag } from '../schema.ts';
import { idTagKey } from './idTags.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type IdTagView = Omit<typeof idTag.$inferSelect, 'key' | 'deletedAt' | 'changedXid'>;
/** All of an id tag but its name. */
export type IdTagFields = Omit<IdTagView, 'idTag'>;

/** Statements with longer parameters can be cut by the embedded database. */
const ROWS_PER_STATEMENT = 10_000;
const WRITE_DEADLINE_MS = 30_000;

/** By id tag without regard to case. */
export async function listIdTags(
  database: Database,
  { status, parentIdTag }: { status?: IdTagView['status'] | undefined; parentIdTag?: string | undefined },
  { after, limit }: PageRequest,
): Promise<Page<IdTagView>> {
  const key = keyAfter<[string]>(after, ['text']);
  const rows = await database.run((db) =>
    db
      .select(columns)
      .from(idTag)
      .where(
        and(
          isNull(idTag.deletedAt),
          status === undefined ? undefined : eq(idTag.status, status),
          parentIdTag === undefined ? undefined : sql`upper(${idTag.parentIdTag}) = ${idTagKey(parentIdTag)}`,
          key && gt(idTag.key, key[0]),
        ),
      )
      .orderBy(asc(idTag.key))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [idTagKey(row.idTag)]);
}

export async function findIdTag(database: Database, text: string): Promise<IdTagView | undefined> {
  const [found] = await database.run((db) =>
    db
      .select(columns)
      .from(idTag)
      .where(and(eq(idTag.key, idTagKey(text)), isNull(idTag.deletedAt))),
  );
  return found;
}

/** @returns whether there was one. A tombstone stays, so that every edge hears of it. */
export async function removeIdTag(database: Database, text: string): Promise<boolean> {
  const rows = await database.run((db) =>
    db
      .update(idTag)
      .set({ deletedAt: sql`now()` })
      .where(and(eq(idTag.key, idTagKey(text)), isNull(idTag.deletedAt)))
      .returning({ key: idTag.key }),
  );
  return rows.length > 0;
}

export interface PutIdTags {
  created: number;
  changed: number;
  unchanged: number;
}

/**
 * Creates or changes id tags, each at most once in `tags`. Of those that exist only `fields` are changed, and rows that
 * are so already are not touched: edges would read them all again.
 *
 * In several statements: where one fails, those before it stay. Doing it again does the rest.
 */
export async function putIdTags(
  database: Database,
  tags: IdTagView[],
  fields: readonly (keyof IdTagFields)[],
  onProgress: (done: number) => void = () => {},
): Promise<PutIdTags> {
  const total = { created: 0, changed: 0, unchanged: tags.length };
  // In the order of their keys, so that two who write at once wait for each other instead of for ever.
  const rows = tags.map((tag) => ({ key: idTagKey(tag.idTag), ...tag })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const statement = putStatement(fields);
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const json = JSON.stringify(rows.slice(from, from + ROWS_PER_STATEMENT));
    const [counts] = await database.run(
      (db) => db.execute<{ created: number; changed: number }>(statement(json)),
      WRITE_DEADLINE_MS,
    );
    total.created += counts?.created ?? 0;
    total.changed += counts?.changed ?? 0;
    onProgress(Math.min(rows.length, from + ROWS_PER_STATEMENT));
  }
  total.unchanged -= total.created + total.changed;
  return total;
}

function putStatement(fields: readonly (keyof IdTagFields)[]) {
  const kept = ['idTag', ...fields] as const;
  const names = kept.map((field) => sql.raw(idTag[field].name));
  const each = (prefix: string) =>
    sql.join(
      names.map((name) => sql`${sql.raw(prefix)}${name}`),
      sql`, `,
    );
  // A deleted one comes back as if it were new: what the file does not say is not taken from its tombstone.
  const others = (Object.keys(columns) as (keyof typeof columns)[]).filter(
    (name) => !kept.some((field) => field === name),
  );
  const reset = others.map((field) => {
    const name = sql.raw(idTag[field].name);
    return sql`, ${name} = case when t.deleted_at is null then t.${name} else excluded.${name} end`;
  });
  return (json: string) => sql`
    with put as (
      insert into ${idTag} as t (key, id_tag, status, expiry_date, parent_id_tag, single_transaction, note)
      select key, "idTag", coalesce(status, 'Accepted'), "expiryDate", "parentIdTag", coalesce("singleTransaction", false), note
      from json_to_recordset(${json}::json) as r (key text, "idTag" text, status text, "expiryDate" timestamptz,
        "parentIdTag" text, "singleTransaction" boolean, note text)
      on conflict (key) do update
        set (${each('')}, deleted_at) = row(${each('excluded.')}, null) ${sql.join(reset)}
        where (${each('t.')}, t.deleted_at) is distinct from (${each('excluded.')}, null)
      returning xmax = 0 as created
    )
    select count(*) filter (where created)::integer as created, count(*) filter (where not created)::integer as changed from put`;
}

const columns = {
  idTag: idTag.idTag,
  status: idTag.status,
  expiryDate: idTag.expiryDate,
  parentIdTag: idTag.parentIdTag,
  singleTransaction: idTag.singleTransaction,
  note: idTag.note,
};
