import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { readBirth, readTransactions } from '../../drizzle/queries/chargePoint.ts';
import { findIdTags, readIdTagChanges, readIdTagPage } from '../../drizzle/queries/idTags.ts';
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

/** Rows that PostgreSQL has read from the big tables, one by one or by an index. */
async function rowsRead(): Promise<number> {
  await database.run((db) => db.execute(sql`select pg_stat_force_next_flush()`));
  const [row] = await database.run((db) =>
    db.execute<{ count: string }>(sql`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::text as count from pg_stat_user_tables
      where relname in ('transaction', 'command', 'connection', 'id_tag')`),
  );
  return Number(row?.count);
}

describe('with many old rows', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['an actor is born', () => readBirth(database, id)],
    ['transactions are looked up', () => readTransactions(database, id, [1_000_007, 5])],
    ['id tags are looked up', () => findIdTags(database, ['TAG-77', 'TAG-X'])],
    ['the changes of id tags are read', async () => readIdTagChanges(database, (await readIdTagChanges(database, null)).mark)],
    ['a page of id tags is read', () => readIdTagPage(database, 'TAG-5', 20)],
    [
      'rows are stored',
      async () => {
        const breaker = createBreaker({ database, log });
        const rows = { connectors: [connectorRow(1, 1)], transactions: [transactionRow(1_000_001, 2)] };
        await createWriter({ database, breaker, log }).persist(input(id, [messageEvent(1)], rows));
      },
    ],
  ])('%s without reading them', async (_, work) => {
    const before = await rowsRead();
    await work();
    expect((await rowsRead()) - before).toBeLessThan(200);
  });
});
