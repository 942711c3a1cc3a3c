import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { misbehaviours } from '../../src/simulator/misbehaviours/table.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { Program } from '../support/program.ts';
import { disagreements, type WrittenLedger } from './agreement.ts';
import { simulate } from './simulate.ts';

let program: Program;
let sql: postgres.Sql;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-simulator-'));
  program = await Program.create({
    temporalAddress: inject('temporalAddress'),
    databaseUrl: inject('databaseUrl'),
    environment: { UNKNOWN_ID_TAGS: 'accept' },
  });
  await program.start();
  sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false });
});

afterAll(async () => {
  await program?.dispose();
  await sql?.end({ timeout: 1 });
  await rm(directory, { recursive: true, force: true });
});

describe('a simulation against the server', () => {
  it('is answered rightly through faults, and the database has what the stations were answered', async () => {
    const prefix = `sim-faults-${Date.now().toString(36)}-`;
    const options = { stations: 20, speed: 300, seconds: 6, faults: true, prefix };
    // Time for a slow machine: nothing is given up at the end.
    const simulation = new Simulation({ url: program.url, ...options, drainMs: 60_000 });
    await simulation.run(new AbortController().signal);
    expect(simulation.wrong).toEqual([]);
    const { standing } = simulation;
    expect(standing).toMatchObject({ stations: 20, undelivered: 0, wrong: 0 });
    expect(standing.connections).toBeGreaterThan(20);
    const meant = simulation.stations.filter(({ keepsFacts }) => keepsFacts);
    const ledger = { ...simulation.ledger, keepsFacts: meant.map(({ chargePointId }) => chargePointId) };
    expect(ledger.keepsFacts.length).toBeGreaterThan(5);
    expect(ledger.transactions.length).toBeGreaterThan(10);
    expect(ledger.meterValues.length).toBeGreaterThan(100);
    await expect.poll(() => disagreements(sql, ledger, prefix), { timeout: 60_000, interval: 300 }).toEqual([]);
    expect(await sql`SELECT * FROM dead_event WHERE starts_with(charge_point_id, ${prefix})`).toEqual([]);
  });

  it('is run by a command, which says how it went and writes down what the stations were answered', async () => {
    const prefix = `sim-command-${Date.now().toString(36)}-`;
    const file = path.join(directory, 'ledger.json');
    const run = ['--stations', '5', '--speed', '300', '--seconds', '6', '--faults', '--json'];
    const { code, stdout, stderr } = await simulate(...run, '--url', program.url, '--prefix', prefix, '--ledger', file);
    expect({ code, stderr, wrong: wrongIn(stdout) }).toEqual({ code: 0, stderr: '', wrong: [] });
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({ stations: 5, wrong: 0 });
    const ledger = JSON.parse(await readFile(file, 'utf8')) as WrittenLedger;
    expect(ledger.keepsFacts).not.toEqual([]);
    expect(ledger.answered).toEqual(summary.answered);
    expect(ledger.transactions.length).toBeGreaterThan(0);
  });

  it('is answered rightly whatever the stations do wrong', async () => {
    const simulation = new Simulation({
      url: program.url,
      stations: misbehaviours.size,
      speed: 300,
      seconds: 6,
      misbehave: ['all'],
      faults: true,
      prefix: `sim-odd-${Date.now().toString(36)}-`,
      drainMs: 60_000,
    });
    await simulation.run(new AbortController().signal);
    expect(simulation.wrong).toEqual([]);
    expect(simulation.stations.flatMap((station) => station.misbehaviours.map(({ name }) => name))).toEqual([
      ...misbehaviours.keys(),
    ]);
    const silent = simulation.stations.filter(({ wire }) => wire.traffic.answers < 5);
    expect(silent.map((station) => station.misbehaviours[0]?.name)).toEqual([]);
  });
});

function wrongIn(stdout: string): unknown {
  return (JSON.parse(stdout) as { wrongAnswers: unknown }).wrongAnswers;
}
