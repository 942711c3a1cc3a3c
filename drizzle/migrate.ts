import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
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
 * Not drizzle's own `migrate`, which reads what is applied before its transaction begins and takes no lock. The table
 * it keeps (`drizzle.__drizzle_migrations`) is the same, so drizzle-kit understands it.
 *
 * @returns how many migrations were applied
 * @throws TimescaleDbMissing
 */
export async function migrate(database: Database): Promise<number> {
  const migrations = readMigrationFiles({ migrationsFolder: FOLDER });

  return database.run(
    (db) =>
      db.transaction(async (tx) => {
        await tx.execute(sql.raw(`set local statement_timeout = ${DEADLINE_MS}`));
        await tx.execute(sql`select pg_advisory_xact_lock(${LOCK}::bigint)`);
        await createTimescaleDb(tx);

        await tx.execute(sql`create schema if not exists drizzle`);
        await tx.execute(sql`
          create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`);
        const [row] = await tx.execute<{ newest: string | null }>(
          sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
        );
        const newest = Number(row?.newest ?? 0);

        const missing = migrations.filter((migration) => migration.folderMillis > newest);
        for (const migration of missing) {
          for (const statement of migration.sql) await tx.execute(sql.raw(statement));
          await tx.execute(sql`
            insert into drizzle.__drizzle_migrations (hash, created_at)
            values (${migration.hash}, ${migration.folderMillis}::bigint)`);
        }
        return missing.length;
      }),
    DEADLINE_MS,
  );
}

async function createTimescaleDb(tx: Pick<PostgresJsDatabase, 'execute'>): Promise<void> {
  const [available] = await tx.execute(sql`select from pg_available_extensions where name = 'timescaledb'`);
  if (!available) {
    throw new TimescaleDbMissing(
      'This PostgreSQL server has no TimescaleDB. Install TimescaleDB 2 (Community licence) on it ' +
        '(https://docs.timescale.com/self-hosted/latest/install/), use the image timescale/timescaledb, ' +
        'or leave DATABASE_URL out to use the embedded database.',
    );
  }
  try {
    await tx.execute(sql`create extension if not exists timescaledb`);
  } catch (error) {
    throw new TimescaleDbMissing(
      `TimescaleDB is installed on this server, yet "create extension timescaledb" failed: ` +
        `${describeDatabaseError(error).message}. It needs shared_preload_libraries = 'timescaledb' in postgresql.conf, ` +
        'a restart, and a user that may create extensions.',
      { cause: error },
    );
  }
  const [setting] = await tx.execute<{ license: string | null }>(
    sql`select current_setting('timescaledb.license', true) as license`,
  );
  if (setting?.license === 'apache') {
    throw new TimescaleDbMissing(
      'This TimescaleDB has only its Apache-licensed part: compression, retention and continuous aggregates are missing. ' +
        "Set timescaledb.license = 'timescale' in postgresql.conf (Community licence), or install the timescaledb package without -oss.",
    );
  }
}
