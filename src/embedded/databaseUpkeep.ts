import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

const vacuumEvery = 10 * 60_000;

interface Job {
  job_id: number;
  name: string;
  every: number;
}

export interface UpkeepOptions {
  url: string;
  /** Milliseconds between rounds, default one minute. */
  every?: number;
  /** Ends the upkeep between two statements. */
  signal: AbortSignal;
  onError: (what: string, error: unknown) => void;
}

/**
 * Does what a PostgreSQL server's background workers do, which PGlite has none of: TimescaleDB's jobs (compression,
 * retention, refresh of continuous aggregates) by their own intervals, checkpoints, VACUUM with ANALYZE.
 *
 * It is a client like any other, with one short statement at a time: it never runs inside somebody's transaction
 * and others get their turn in between. An error is reported, and the job tried again when it is next due.
 */
export async function keepUp({ url, every = 60_000, signal, onError }: UpkeepOptions): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  const lastRun = new Map<number, number>();
  let lastVacuum = Date.now();

  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return;
    await work().catch((error: unknown) => onError(what, error));
  };

  while (await pause(every, signal)) {
    await attempt('TimescaleDB jobs', async () => {
      for (const job of await dueJobs(sql, lastRun)) {
        lastRun.set(job.job_id, Date.now());
        await attempt(job.name, async () => void (await sql.unsafe(`CALL run_job(${job.job_id})`)));
      }
    });
    if (Date.now() - lastVacuum > vacuumEvery) {
      lastVacuum = Date.now();
      await attempt('VACUUM', async () => {
        for (const table of await tablesToVacuum(sql)) {
          await attempt(`VACUUM ${table}`, async () => void (await sql.unsafe(`VACUUM (ANALYZE) ${table}`)));
        }
      });
    }
    // Without it the log grows to a gigabyte, all of which is read again after a kill.
    await attempt('CHECKPOINT', async () => void (await sql.unsafe('CHECKPOINT')));
  }
  await sql.end({ timeout: 1 });
}

/** Resolves to false when the upkeep is to end. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(ms, true, { signal, ref: false }).catch(() => false);
}

/** `run_job` leaves no trace in TimescaleDB's own statistics, so the last run is remembered here; jobs may repeat. */
async function dueJobs(sql: postgres.Sql, lastRun: Map<number, number>): Promise<Job[]> {
  const jobs = await sql.unsafe<Job[]>(`
    SELECT id AS job_id, application_name AS name, extract(epoch FROM schedule_interval)::float8 * 1000 AS every
    FROM _timescaledb_config.bgw_job
    WHERE scheduled
    ORDER BY id`);
  return jobs.filter((job) => Date.now() - (lastRun.get(job.job_id) ?? 0) >= job.every);
}

/** Tables that are updated in place; chunks of hypertables are only added to, and big ones would hold up everybody. */
async function tablesToVacuum(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(`
    SELECT oid::regclass::text AS name
    FROM pg_class
    WHERE relkind = 'r'
      AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
      AND relnamespace::regnamespace::text NOT LIKE '\\_timescaledb%'
      AND pg_relation_size(oid) BETWEEN 1 AND 256 * 1024 * 1024`);
  return rows.map((row) => row.name);
}
