/**
 * Vitest's global setup: one Temporal and one TimescaleDB for the whole run, in a temporary directory.
 * Tests reach them with `inject('temporalAddress')` and `inject('databaseUrl')`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { startDatabase } from '../../src/embedded/database.ts';
import type { Embedded } from '../../src/embedded/supervise.ts';
import { startTemporal } from '../../src/embedded/temporal.ts';
import { findTemporalCli } from '../../src/embedded/temporalCli.ts';
import { searchAttributes } from '../../workflows/searchAttributes.ts';
import { freePort } from './freePort.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of a Temporal dev server with namespace `default` and the project's search attributes. */
    temporalAddress: string;
    /** A migrated TimescaleDB whose jobs do not run; connect with `{ max: 1, fetch_types: false, prepare: false }`. */
    databaseUrl: string;
  }
}

const log = pino({ level: 'warn' }, pino.destination(2));
const running: Embedded[] = [];
let directory: string | undefined;

export async function setup(project: TestProject): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'ocpp-actors-test-'));
  try {
    const started = await Promise.allSettled([temporal(directory), database(directory)]);
    for (const result of started) if (result.status === 'fulfilled') running.push(result.value);
    const [temporalResult, databaseResult] = started;
    if (temporalResult.status === 'rejected') throw temporalResult.reason;
    if (databaseResult.status === 'rejected') throw databaseResult.reason;
    await migrateWithoutJobs(databaseResult.value.url);
    project.provide('temporalAddress', temporalResult.value.address);
    project.provide('databaseUrl', databaseResult.value.url);
  } catch (error) {
    await teardown();
    throw error;
  }
}

export async function teardown(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  if (directory) await rm(directory, { recursive: true, force: true });
}

async function temporal(parent: string): Promise<Embedded> {
  const cli = await findTemporalCli({ log, onProgress: (text) => process.stderr.write(`${text}\n`) });
  const [port, uiPort] = [await freePort(), await freePort()];
  return await startTemporal({ directory: join(parent, 'temporal'), port, uiPort, searchAttributes, cli, log });
}

/** Tests write of days long past: what is that old would be dropped and compressed while they look at it. */
async function migrateWithoutJobs(url: string): Promise<void> {
  const migrated = openDatabase({ url, max: 1, log });
  try {
    await migrate(migrated);
    await migrated.run((db) =>
      db.execute(sql`SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE scheduled`),
    );
  } finally {
    await migrated.close();
  }
}

async function database(parent: string): Promise<Embedded & { url: string }> {
  return await startDatabase({ directory: join(parent, 'database'), port: await freePort(), log });
}
