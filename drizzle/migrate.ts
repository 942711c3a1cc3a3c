import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { Database } from './client.ts';
import { describeDatabaseError } from './errors.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
const DEADLINE_MS = 5 * 60_000;
/** Any number that nobody else uses as an advisory lock in this database. */
const LOCK = 1_600_020;

/** The database cannot hold the tables; the message says what to install or set. */
export class TimescaleDbMissing extends Error {
  override name = 'TimescaleDbMissing';
}

/**
 * Brings the tables to the newest migration; does nothing where they are. All or nothing, and safe to run from several
 * processes at once: one works, the others wait and find nothing to do.
 *
 * Not drizzle's own `migrate`, which takes no lock and needs an SQL transaction over several round trips (see
 * `Queries`): here everything missing is one message to the server, and so one transaction. The table kept
 * (`drizzle.__drizzle_migrations`) is the same, so drizzle-kit understands it.
 *
 * @returns how many migrations were applied
 * @throws TimescaleDbMissing
 */
export async function migrate(database: Database): Promise<number> {
  await assertTimescaleDb(database);
  await script(database, [CREATE_EXTENSION, CREATE_TABLE]).catch(explainExtension);

  const migrations = readMigrationFiles({ migrationsFolder: FOLDER });
  for (;;) {
    const applied = await newestApplied(database);
    const missing = migrations.filter(({ folderMillis }) => folderMillis > applied);
    if (missing.length === 0) return 0;
    try {
      await script(database, [
        assertNewest(applied),
        ...missing.flatMap(({ sql: statements, hash, folderMillis }) => [
          ...statements,
          `insert into drizzle.__drizzle_migrations (hash, created_at) values ('${hash}', ${folderMillis})`,
        ]),
      ]);
      return missing.length;
    } catch (error) {
      if ((await newestApplied(database)) === applied) throw error;
      // Another process was faster: look again.
    }
  }
}

const CREATE_EXTENSION = 'create extension if not exists timescaledb';
const CREATE_TABLE = `
  create schema if not exists drizzle;
  create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`;

async function newestApplied(database: Database): Promise<number> {
  const [row] = await database.run((db) =>
    db.execute<{ newest: string | null }>(
      sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
    ),
  );
  return Number(row?.newest ?? 0);
}

function assertNewest(createdAt: number): string {
  return `do $$ begin
    if (select coalesce(max(created_at), 0) from drizzle.__drizzle_migrations) <> ${createdAt} then
      raise exception 'another process has migrated meanwhile';
    end if;
  end $$`;
}

/** Several statements in one message are one SQL transaction. */
async function script(database: Database, statements: string[]): Promise<void> {
  const begin = [`set statement_timeout = ${DEADLINE_MS}`, `select pg_advisory_xact_lock(${LOCK})`];
  const text = [...begin, ...statements, 'reset statement_timeout']
    .map((one) => one.trim().replace(/;$/, ''))
    .join(';\n');
  await database.run((db) => db.execute(sql.raw(text)), DEADLINE_MS);
}

async function assertTimescaleDb(database: Database): Promise<void> {
  const [found] = await database.run((db) =>
    db.execute<{ available: boolean; license: string | null }>(sql`
      select
        exists (select from pg_available_extensions where name = 'timescaledb') as available,
        current_setting('timescaledb.license', true) as license`),
  );
  if (!found?.available) {
    throw new TimescaleDbMissing(
      'This PostgreSQL server has no TimescaleDB. Install TimescaleDB 2 (Community licence) on it ' +
        '(https://docs.timescale.com/self-hosted/latest/install/), use the image timescale/timescaledb, ' +
        'or leave DATABASE_URL out to use the embedded database.',
    );
  }
  if (found.license === 'apache') {
    throw new TimescaleDbMissing(
      'This TimescaleDB has only its Apache-licensed part: compression, retention and continuous aggregates are missing. ' +
        "Set timescaledb.license = 'timescale' in postgresql.conf (Community licence), or install the package without -oss.",
    );
  }
}

function explainExtension(error: unknown): never {
  const { kind, message } = describeDatabaseError(error);
  if (kind === 'away') throw error;
  throw new TimescaleDbMissing(
    `TimescaleDB is installed on this server, yet "${CREATE_EXTENSION}" failed: ${message}. ` +
      "It needs shared_preload_libraries = 'timescaledb' in postgresql.conf, a restart, and a user that may create extensions.",
    { cause: error },
  );
}
