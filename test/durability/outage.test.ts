import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDatabase, type EmbeddedDatabase } from '../../src/embedded/database.ts';
import type { HealthReport } from '../../src/edge/health.ts';
import { freePort } from '../support/freePort.ts';
import { Program } from '../support/program.ts';
import { Gate } from '../../chaos/gate.ts';
import type { Load } from '../../chaos/load.ts';
import { chargingThrough, openSql } from './load.ts';

const LONG = 240_000;
const OUTAGE_MS = 20_000;

describe.sequential('a database that is away while stations charge', () => {
  let directory: string;
  let database: EmbeddedDatabase;
  let gate: Gate;
  let program: Program;
  let sql: postgres.Sql;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-outage-'));
    const port = await freePort();
    database = await startDatabase({ directory, port, log: pino({ level: 'silent' }) });
    gate = await Gate.before(port);
    program = await Program.create({ databaseUrl: database.url.replace(String(port), String(gate.port)) });
    await program.start();
    sql = openSql(database.url);
  }, LONG);

  afterAll(async () => {
    await program?.dispose();
    await sql?.end({ timeout: 1 });
    await gate?.shut();
    await database?.stop();
    await rm(directory, { recursive: true, force: true });
  }, LONG);

  it(
    'keeps no station from being answered, and nothing is lost, when it hangs for 20 s',
    async () => {
      await chargingThrough(sql, { url: program.url, prefix: 'hanging-' }, async (load) => {
        const pid = database.pid as number;
        process.kill(pid, 'SIGSTOP');
        try {
          await expectServedWithout(load);
        } finally {
          process.kill(pid, 'SIGCONT');
        }
      });
      await expectHealth('ok');
    },
    LONG,
  );

  it(
    'keeps no station from being answered, and nothing is lost, when it cuts and refuses connections for 20 s',
    async () => {
      await chargingThrough(sql, { url: program.url, prefix: 'refusing-' }, async (load) => {
        await gate.shut();
        try {
          await expectServedWithout(load);
        } finally {
          await gate.open();
        }
      });
      await expectHealth('ok');
    },
    LONG,
  );

  /** All stations are answered from the first to the last second of the outage, new transactions included. */
  async function expectServedWithout(load: Load): Promise<void> {
    const until = Date.now() + OUTAGE_MS;
    const { connects, starts } = served(load);
    await load.more(100);
    await expectHealth('degraded');
    while (Date.now() < until) await load.more(50);
    await expectHealth('degraded');
    expect(served(load).connects).toBe(connects);
    expect(served(load).starts).toBeGreaterThan(starts);
  }

  function served({ stations, ledger }: Load) {
    const connects = stations.reduce((sum, station) => sum + station.connects, 0);
    return { connects, starts: ledger.transactions.length };
  }

  async function expectHealth(status: HealthReport['status']): Promise<void> {
    await vi.waitFor(
      async () => {
        const response = await fetch(`http://127.0.0.1:${program.ports.edge}/health`);
        expect(response.status).toBe(200);
        const health = (await response.json()) as HealthReport;
        expect(health.status).toBe(status);
        expect(health.database.ok).toBe(status === 'ok');
      },
      { timeout: 20_000, interval: 200 },
    );
  }
});
