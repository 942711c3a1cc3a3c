import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { readBirth, readTransactions } from '../../drizzle/queries/chargePoint.ts';
import { findIdTags, readIdTagChanges, readIdTagPage } from '../../drizzle/queries/idTags.ts';
import { idTag } from '../../drizzle/schema.ts';
import { createWriter } from '../../drizzle/writer.ts';
import { connectorRow, input, log, messageEvent, newChargePointId, open, transactionRow } from './support.ts';

const ROWS = 20_000;
const id = newChargePointId();
let database: Database;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  const fill = (statement: string) => database.run((db) => db.execute(sql.raw(statement)), 60_000);
  await fill(`
    insert into transaction (charge_point_id, transaction_id, started_at, stopped_at, "end", version)
    select '${id}', 1e6 + n, now() - n * interval '1 hour', now() - n * interval '1 hour', 'station', 1 from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into command (charge_point_id, command_id, action, payload, state, via, requested_at, deadline, ended_at, version)
    select '${id}', n, 'Reset', '{}', 'completed', 'signal', now() - n * interval '1 hour', now(), now(), 1 from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into connection (charge_point_id, connection, journal, opened_at, closed_at)
    select '${id}', '1-' || n, 1, now(), now() from generate_series(1, ${ROWS}) n`);
  await fill(`insert into id_tag (key, id_tag) select 'TAG-' || n, 'Tag-' || n from generate_series(1, ${ROWS}) n`);
  await fill('analyze');
});

afterAll(async () => {
  await database.run((db) => db.execute(sql`delete from id_tag where key like 'TAG-%'`), 10_000);
  await database.close();
});

/**
 * The plans of all statements that `work` sends. Tables and chunks that happen to hold few rows would be scanned, whatever
 * indexes they have: a scan is planned only where there is no other way.
 */
async function plansOf(work: (database: Database) => Promise<unknown>): Promise<string> {
  const client = postgres(inject('databaseUrl'), { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  const statements: { query: string; params: unknown[] }[] = [];
  const db = drizzle(client, { logger: { logQuery: (query, params) => statements.push({ query, params }) } });
  await work({ run: (query) => query(db), close: () => client.end() });

  const lines = await client.begin(async (transaction) => {
    await transaction`set local enable_seqscan = off`;
    const found: string[] = [];
    for (const { query, params } of statements) {
      const plan = await transaction.unsafe(`explain ${query}`, params as string[]);
      found.push(...plan.map((row) => String(row['QUERY PLAN'])));
    }
    return found;
  });
  await client.end();
  return lines.join('\n');
}

describe('with many old rows', () => {
  it.each<[string, (database: Database) => Promise<unknown>]>([
    ['the birth of an actor', (db) => readBirth(db, id)],
    ['looking up transactions', (db) => readTransactions(db, id, [1_000_007, 5])],
    ['looking up id tags', (db) => findIdTags(db, ['TAG-77', 'TAG-X'])],
    ['reading the changes of id tags', (db) => readIdTagChanges(db, '1000000')],
    ['reading a page of id tags', (db) => readIdTagPage(db, 'TAG-5', 20)],
  ])('%s goes by indexes', async (_, work) => {
    const plans = await plansOf(work);
    expect(plans).toContain('Index');
    expect(plans).not.toContain('Seq Scan');
    // Nor is an index read from end to end.
    expect(plans.match(/Index Cond/g)).toHaveLength(plans.match(/Index (Only )?Scan/g)?.length ?? 0);
  });

  it('storing rows scans no table', async () => {
    const rows = { connectors: [connectorRow(1, 1)], transactions: [transactionRow(1_000_001, 2)] };
    const plans = await plansOf(async (db) => {
      const breaker = createBreaker({ database: db, log });
      await createWriter({ database: db, breaker, log }).persist(input(id, [messageEvent(1)], rows));
    });
    expect(plans).toContain('Conflict Arbiter Indexes: transaction_charge_point_id_transaction_id_pk');
    expect(plans).not.toMatch(/(Seq|Heap) Scan/);
  });

  it('a statement without an index is noticed here', async () => {
    const plans = await plansOf((db) => db.run((queries) => queries.select().from(idTag).where(eq(idTag.note, 'x'))));
    expect(plans).toContain('Seq Scan');
  });
});
