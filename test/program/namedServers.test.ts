import { readdir } from 'node:fs/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { HealthReport } from '../../src/edge/health.ts';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { startProxy, type Proxy } from '../drizzle/support.ts';
import { ocppActors } from '../support/cli.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';
import { Program } from '../support/program.ts';
import { runningWith } from './failedStart.ts';

/** Unlike any other in the shared database. */
const CP = `named-${Date.now()}`;
const ledger = newLedger();
let temporal: Proxy;
let database: Proxy;
let program: Program;
let sql: postgres.Sql;

beforeAll(async () => {
  temporal = await startProxy(`http://${inject('temporalAddress')}`);
  database = await startProxy(inject('databaseUrl'));
  program = await Program.create({ temporalAddress: new URL(temporal.url).host, databaseUrl: database.url });
  sql = postgres(inject('databaseUrl'), { max: 1, fetch_types: false, prepare: false });
});
afterAll(async () => {
  await program.dispose();
  await sql.end();
  await temporal.close();
  await database.close();
});

async function charge(): Promise<void> {
  const station = new Station({ url: program.url, chargePointId: CP });
  const charging = new Charging(station, ledger, { idTag: 'T1', meterValues: 3 });
  await charging.boot();
  await charging.transaction();
  station.stop();
}

async function health(): Promise<{ status: number; report: HealthReport }> {
  const response = await fetch(`http://127.0.0.1:${program.ports.edge}/health`);
  return { status: response.status, report: (await response.json()) as HealthReport };
}

const becomes = (report: object) => expect.poll(health, { timeout: 50_000, interval: 250 }).toMatchObject(report);

it('`ocpp-actors migrate` brings the schema of DATABASE_URL up to date, however often', async () => {
  const migrate = () => ocppActors(program.environment, 'migrate');
  for (let time = 1; time <= 2; time++) {
    expect(await migrate()).toEqual({ code: 0, stdout: 'the schema is up to date\n', stderr: '' });
  }
  expect(await sql`SELECT count(*)::int AS n FROM charge_point WHERE charge_point_id = ${CP}`).toEqual([{ n: 0 }]);
});

it('uses the servers it is given and starts none', async () => {
  await program.start();
  expect(program.output).toContain(program.temporalAddress);
  expect(program.output).toContain(new URL(database.url).host);
  expect(program.output).not.toContain('Temporal UI');
  expect(program.output).not.toContain('postgres:postgres');
  expect(await readdir(program.dataDir)).not.toContain('temporal');
  expect(await readdir(program.dataDir)).not.toContain('database');
  expect(await runningWith(program.dataDir)).toEqual([]);
  await charge();
  expect(await settledDifferences(sql, ledger, CP, 60_000)).toEqual([]);
  await becomes({ status: 200, report: { status: 'ok' } });
});

it('tells that they are away, and that they are back', async () => {
  temporal.mode('cut');
  database.mode('cut');
  await charge();
  const away = { ok: false, since: expect.any(String), reason: expect.any(String) };
  await becomes({ status: 200, report: { status: 'degraded', temporal: away, database: away } });
  temporal.mode('open');
  database.mode('open');
  await becomes({ status: 200, report: { status: 'ok', backlog: { events: 0 } } });
  expect(await settledDifferences(sql, ledger, CP, 60_000)).toEqual([]);
});

it('a restart while they are away serves the stations it knows, and recovers by itself', async () => {
  await program.end('SIGTERM');
  temporal.mode('cut');
  database.mode('cut');
  await program.start();
  await charge();
  await becomes({ status: 200, report: { status: 'degraded', temporal: { ok: false }, database: { ok: false } } });
  expect(await sql`SELECT count(*)::int AS n FROM transaction WHERE charge_point_id = ${CP}`).toEqual([{ n: 2 }]);

  temporal.mode('open');
  database.mode('open');
  await becomes({ status: 200, report: { status: 'ok', backlog: { events: 0 } } });
  expect(await settledDifferences(sql, ledger, CP, 60_000)).toEqual([]);
  expect(ledger.transactions).toHaveLength(3);
});

it('ends in a few seconds also while they are away', async () => {
  temporal.mode('silent');
  database.mode('silent');
  await charge();
  const began = performance.now();
  expect(await program.end('SIGTERM')).toBe(0);
  expect(performance.now() - began).toBeLessThan(60_000);
});
