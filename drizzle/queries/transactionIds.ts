import { sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { transactionIdBlock } from '../schema.ts';

const BLOCK_SIZE = 10_000;

/** Transaction ids `first` to `last`, both included, that nobody else is given. All are below 2³¹. */
export async function takeTransactionIdBlock(database: Database): Promise<{ first: number; last: number }> {
  const [row] = await database.run((db) =>
    db.execute<{ first: string }>(sql`select nextval(${transactionIdBlock.seqName}::regclass)::text as first`),
  );
  const first = Number(row?.first);
  return { first, last: first + BLOCK_SIZE - 1 };
}
