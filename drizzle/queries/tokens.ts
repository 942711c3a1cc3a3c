import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { operatorToken } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type OperatorRole = (typeof operatorToken.$inferSelect)['role'];
/** Without what would be needed to recognise the token. */
export type TokenView = Omit<typeof operatorToken.$inferSelect, 'hash'>;

export async function insertToken(
  database: Database,
  token: { id: string; name: string; role: OperatorRole; hash: string },
): Promise<TokenView> {
  const [row] = await database.run((db) => db.insert(operatorToken).values(token).returning(columns));
  return row!;
}

/** Only where there is no other token, not even a revoked one. */
export async function insertFirstToken(
  database: Database,
  { id, name, role, hash }: { id: string; name: string; role: OperatorRole; hash: string },
): Promise<boolean> {
  const rows = await database.run((db) =>
    db.execute(sql`
      insert into ${operatorToken} (id, name, role, hash) select ${id}, ${name}, ${role}, ${hash}
      where not exists (select from ${operatorToken}) returning id`),
  );
  return rows.length > 0;
}

/** Revoked ones included, by id. */
export async function listTokens(database: Database, { after, limit }: PageRequest): Promise<Page<TokenView>> {
  const key = keyAfter<[string]>(after, ['text']);
  const rows = await database.run((db) =>
    db
      .select(columns)
      .from(operatorToken)
      .where(key && gt(operatorToken.id, key[0]))
      .orderBy(asc(operatorToken.id))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.id]);
}

/** The token with this hash, unless it is revoked. */
export async function findToken(database: Database, hash: string): Promise<TokenView | undefined> {
  const [found] = await database.run((db) =>
    db
      .select(columns)
      .from(operatorToken)
      .where(and(eq(operatorToken.hash, hash), isNull(operatorToken.revokedAt))),
  );
  return found;
}

/** @returns whether there is such a token; it stays revoked since the first time. */
export async function revokeToken(database: Database, id: string): Promise<boolean> {
  const rows = await database.run((db) =>
    db
      .update(operatorToken)
      .set({ revokedAt: sql`coalesce(${operatorToken.revokedAt}, now())` })
      .where(eq(operatorToken.id, id))
      .returning({ id: operatorToken.id }),
  );
  return rows.length > 0;
}

const columns = {
  id: operatorToken.id,
  name: operatorToken.name,
  role: operatorToken.role,
  createdAt: operatorToken.createdAt,
  revokedAt: operatorToken.revokedAt,
};
