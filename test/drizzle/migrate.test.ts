import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../drizzle/migrate.ts';
import { startDatabase, type EmbeddedDatabase } from '../../src/embedded/database.ts';
import { freePort } from '../support/freePort.ts';
import { log, open } from './support.ts';

let directory: string;
/** Its own: the shared one is migrated already. */
let server: EmbeddedDatabase;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-migrate-'));
  server = await startDatabase({ directory, port: await freePort(), log });
});

afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

it('migrates from several processes at once, and a second time without doing anything', async () => {
  const databases = [open(server.url), open(server.url), open(server.url)];
  const applied = await Promise.all(databases.map(migrate));
  expect(Math.max(...applied)).toBeGreaterThan(0);
  expect(applied.filter((count) => count > 0)).toHaveLength(1);
  expect(await migrate(databases[0]!)).toBe(0);
  await Promise.all(databases.map((database) => database.close()));
});

it('makes hypertables with policies and without superfluous indexes', async () => {
  const database = open(server.url);
  await migrate(database);
  const policies = await database.run((db) =>
    db.execute(sql`
    select hypertable_name as name, array_agg(proc_name order by proc_name)::text as policies
    from timescaledb_information.jobs where hypertable_schema = 'public' and proc_name <> 'policy_refresh_continuous_aggregate' group by 1 order by 1`),
  );
  const both = '{policy_compression,policy_retention}';
  expect(policies).toEqual([
    { name: 'actor_step', policies: both },
    { name: 'event', policies: '{policy_retention}' },
    { name: 'firmware_event', policies: '{policy_retention}' },
    ...['heartbeat', 'message', 'meter_value'].map((name) => ({ name, policies: both })),
    { name: 'security_event', policies: '{policy_retention}' },
    { name: 'status_notification', policies: both },
  ]);
  const [indexes] = await database.run((db) =>
    db.execute(sql`
    select count(*)::int as count from pg_indexes where schemaname = 'public' and tablename in ('heartbeat', 'message', 'meter_value', 'status_notification')`),
  );
  // A primary key each, and where messages are noted.
  expect(indexes).toEqual({ count: 5 });
  await database.close();
});
