import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedDatabase } from '../../src/embedded/database.ts';
import { startDatabase } from '../../src/embedded/database.ts';
import { keepUp } from '../../src/embedded/databaseUpkeep.ts';
import { identify, isRunning } from '../../src/embedded/processIdentity.ts';
import { freePort } from '../support/freePort.ts';
import { eventually, log, otherProcess, temporaryDirectory } from './support.ts';

let directory: string;
let database: EmbeddedDatabase;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ocpp-actors-embedded-'));
  database = await startDatabase({ directory, port: await freePort(), log });
});

afterAll(async () => {
  await database.stop();
  await rm(directory, { recursive: true, force: true });
});

function client(url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, fetch_types: false, prepare: false, connect_timeout: 5, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 0 }));
  return sql;
}

describe('the embedded database', () => {
  it('is ready within the time it has to start, new and old', async () => {
    const home = await temporaryDirectory();
    for (let start = 0; start < 2; start++) {
      const before = Date.now();
      const started = await startDatabase({ directory: home, port: await freePort(), log });
      expect(Date.now() - before).toBeLessThan(60_000);
      await started.stop();
    }
  });

  it('serves several clients, each with its own statements and transactions', async () => {
    const clients = Array.from({ length: 6 }, () => client(database.url));
    const failures: string[] = [];
    await clients[0]!`CREATE TABLE tally (client integer, n integer)`;
    await Promise.all(
      clients.map(async (sql, c) => {
        for (let n = 0; n < 50; n++) {
          const [row] = await sql`SELECT ${`${c}-${n}`}::text AS echo`;
          expect(row).toEqual({ echo: `${c}-${n}` });
          const transaction = sql.begin(async (t) => {
            await t`INSERT INTO tally VALUES (${c}, ${n})`;
            if (n % 2 === 1) throw new Error('odd');
          });
          await transaction.catch((error: Error) => failures.push(error.message));
        }
      }),
    );
    expect(failures).toEqual(Array.from({ length: 6 * 25 }, () => 'odd'));
    expect(await clients[1]!`SELECT client, count(*)::int FROM tally GROUP BY 1 ORDER BY 1`).toEqual(
      clients.map((_, c) => ({ client: c, count: 25 })),
    );
  });

  it('loses nothing that was committed when it is killed three times', async () => {
    const sql = client(database.url);
    await sql`CREATE TABLE kept (n integer PRIMARY KEY)`;
    const committed: number[] = [];
    let next = 0;
    for (let round = 0; round < 3; round++) {
      const { pid } = database;
      const until = committed.length + 200;
      const writing = (async () => {
        for (;;) {
          const n = next++;
          await sql`INSERT INTO kept VALUES (${n})`;
          committed.push(n);
        }
      })().catch(() => {});
      await eventually(() => committed.length >= until);
      process.kill(pid!, 'SIGKILL');
      await writing;
      await eventually(() => sql`SELECT 1`);
    }
    const kept = new Set((await sql<{ n: number }[]>`SELECT n FROM kept`).map((row) => row.n));
    expect(committed.filter((n) => !kept.has(n))).toEqual([]);
    expect(committed.length).toBeGreaterThanOrEqual(600);
  });

  it('comes back, with its data, when a statement crashes it', async () => {
    const { url } = database;
    const [sql, other] = [client(url), client(url)];
    await sql`CREATE TABLE survivor (n integer)`;
    await sql`INSERT INTO survivor VALUES (1)`;
    // PostgreSQL refuses this for its depth; in WebAssembly the stack is gone first.
    await expect(sql`SELECT ${'['.repeat(5000) + ']'.repeat(5000)}::text::jsonb`).rejects.toThrow('CONNECTION_CLOSED');
    expect(await eventually(() => other`SELECT n FROM survivor`)).toEqual([{ n: 1 }]);
  });

  it('rolls back a client that goes away inside a transaction, in the middle of a statement too', async () => {
    const { url } = database;
    const sql = client(url);
    await sql`CREATE TABLE left_open (n integer)`;
    for (const last of ['SELECT 1', 'SELECT nonsense']) {
      const leaving = client(url);
      await leaving
        .begin(async (transaction) => {
          await transaction`INSERT INTO left_open VALUES (1)`;
          await transaction.unsafe(last).catch(() => {});
          await leaving.end({ timeout: 0 });
        })
        .catch(() => {});
      expect(await sql`SELECT count(*)::int FROM left_open`).toEqual([{ count: 0 }]);
    }
  });

  it('ends a client that keeps everybody waiting in an idle transaction', async () => {
    const { url } = database;
    const [idler, sql] = [client(url), client(url)];
    await sql`CREATE TABLE waited_for (n integer)`;
    const before = Date.now();
    const idling = idler.begin(async (transaction) => {
      await transaction`INSERT INTO waited_for VALUES (1)`;
      await eventually(() => Date.now() - before > 30_000, 40_000);
    });
    idling.catch(() => {});
    await eventually(() => Date.now() - before > 500);
    expect(await sql`SELECT count(*)::int FROM waited_for`).toEqual([{ count: 0 }]);
    expect(Date.now() - before).toBeLessThan(20_000);
  });

  it('has hypertables with compression, retention and continuous aggregates, and runs their policies', async () => {
    const { url } = database;
    const sql = client(url);
    await sql.unsafe(`
      CREATE TABLE reading (at timestamptz NOT NULL, station text NOT NULL, wh double precision, PRIMARY KEY (station, at));
      SELECT create_hypertable('reading', by_range('at', INTERVAL '1 day'));
      ALTER TABLE reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'station');
      INSERT INTO reading SELECT now() - n * INTERVAL '1 hour', 'CP' || n % 3, n FROM generate_series(0, 480) n;`);
    await sql.unsafe(`SELECT add_compression_policy('reading', INTERVAL '3 days')`);
    await sql.unsafe(`SELECT add_retention_policy('reading', INTERVAL '10 days')`);
    await sql.unsafe(`CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous) AS
      SELECT time_bucket('1 hour', at) AS hour, station, sum(wh) AS wh FROM reading GROUP BY 1, 2 WITH NO DATA`);
    await sql.unsafe(`SELECT add_continuous_aggregate_policy('hourly', start_offset => INTERVAL '9 days',
      end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '10 minutes')`);

    const stop = new AbortController();
    const errors: unknown[] = [];
    const upkeep = keepUp({
      url,
      every: 50,
      signal: stop.signal,
      onError: (what, error) => errors.push([what, error]),
    });
    await eventually(async () => {
      const [row] = await sql`
        SELECT (SELECT min(at) > now() - INTERVAL '12 days' FROM reading) AS retained,
               (SELECT number_compressed_chunks > 3 FROM hypertable_compression_stats('reading')) AS compressed,
               (SELECT count(*) > 150 FROM hourly) AS aggregated`;
      return row!['retained'] && row!['compressed'] && row!['aggregated'];
    });
    stop.abort();
    await upkeep;
    expect(errors).toEqual([]);
  });

  it('begins again after it was killed in the middle of its very first start', async () => {
    const home = await temporaryDirectory();
    await mkdir(join(home, 'pgdata'));
    await writeFile(join(home, 'pgdata', 'PG_VERSION'), '17\n');
    const started = await startDatabase({ directory: home, port: await freePort(), log });
    onTestFinished(() => started.stop());
    expect(await client(started.url)`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });

  it('ends with its parent, however that ended', async () => {
    const home = await temporaryDirectory();
    const parent = await otherProcess(`
      const { startDatabase } = await embedded('database.ts');
      const log = { info() {}, warn() {}, error() {} };
      const { pid } = await startDatabase({ directory: ${JSON.stringify(home)}, port: ${await freePort()}, log });
      say(pid);`);
    const child = identify(parent.said)!;
    await parent.kill9();
    expect(await eventually(() => !isRunning(child))).toBe(true);
  });
});
