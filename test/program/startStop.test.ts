import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';
import { Program } from '../support/program.ts';
import { failedStart, runningWith } from './failedStart.ts';

const ledger = newLedger();
let program: Program;

beforeAll(async () => {
  program = await Program.create({ environment: { LOG_LEVEL: 'info' } });
  const began = performance.now();
  await program.start();
  console.log(`first start: ready in ${Math.round(performance.now() - began)} ms`);
}, 120_000);
afterAll(() => program.dispose());

/** One more charging session, answered by the program as it runs now. */
async function charge(): Promise<void> {
  const station = new Station({ url: program.url, chargePointId: 'CP1' });
  const charging = new Charging(station, ledger, { idTag: 'T1', meterValues: 3 });
  await charging.boot();
  await charging.transaction();
  station.stop();
}

/** Everything that was answered so far is in the database. */
async function expectAllKept(): Promise<void> {
  const sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false });
  onTestFinished(() => sql.end());
  expect(await settledDifferences(sql, ledger, 'CP1', 60_000)).toEqual([]);
}

async function restart(): Promise<void> {
  const began = performance.now();
  await program.start();
  console.log(`restart: ready in ${Math.round(performance.now() - began)} ms`);
}

/** Resolves when nothing runs any more that has to do with the data directory; else fails with what does. */
async function expectNothingLeft(withinMs = 0): Promise<void> {
  const until = Date.now() + withinMs;
  let left = await runningWith(program.dataDir);
  while (left.length > 0 && Date.now() < until) {
    await sleep(100);
    left = await runningWith(program.dataDir);
  }
  expect(left).toEqual([]);
}

async function outputHas(text: string): Promise<void> {
  await expect.poll(() => program.output, { timeout: 60_000, interval: 20 }).toContain(text);
}

it('says where everything is, and everything is there', async () => {
  const { edge, api, temporalUi } = program.ports;
  for (const address of [
    `${program.url}/<id>`,
    `http://127.0.0.1:${edge}/health`,
    `http://127.0.0.1:${api}/docs`,
    program.temporalAddress,
    `http://127.0.0.1:${temporalUi}/namespaces/default/workflows`,
    program.databaseUrl,
    program.dataDir,
  ]) {
    expect(program.output).toContain(address);
  }
  const addresses = [...program.output.matchAll(/http:\S+/g)].map(([address]) => address);
  expect(addresses).toHaveLength(3);
  for (const address of addresses)
    await expect
      .poll(async () => ({ address, status: (await fetch(address)).status }))
      .toEqual({ address, status: 200 });
  const token = /token +(oa_[0-9a-f]{40}) +\(role admin, shown this once\)/.exec(program.output)?.[1];
  const headers = { Authorization: `Bearer ${token}` };
  expect((await fetch(`http://127.0.0.1:${api}/v1/charge-points`, { headers })).status).toBe(200);
  await charge();
  await expectAllKept();
});

it('a second start on the same data directory says who has it and changes nothing', async () => {
  const { code, message } = await failedStart({}, (second) => (second.environment.DATA_DIR = program.dataDir));
  expect(code).toBe(1);
  expect(message).toMatch(
    new RegExp(`^ocpp-actors cannot start: .*${program.dataDir} is in use by process ${program.pid}: .*DATA_DIR.*\n$`),
  );
  await charge();
  await expectAllKept();
});

it('SIGTERM ends everything it started, and the next start has all of it', async () => {
  expect(await program.end('SIGTERM')).toBe(0);
  await expectNothingLeft();
  await restart();
  expect(program.output).not.toContain('oa_');
  await expectAllKept();
});

it('Ctrl-C closes the sockets as a restart (1012), delivers what is journalled, ends everything with code 0', async () => {
  const socket = new WebSocket(`${program.url}/CP2`, ['ocpp1.6']);
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  await charge();
  expect(await program.end('SIGINT')).toBe(0);
  expect(await closed).toBe(1012);
  await expectNothingLeft();
  await restart();
  await expectAllKept();
});

it('a killed server leaves its Temporal and database behind: the next start ends them and goes on', async () => {
  await charge();
  await program.end('SIGKILL');
  expect(await runningWith(program.dataDir)).not.toEqual([]);
  await restart();
  await charge();
  await expectAllKept();
});

it('everything killed at once: the next start has all that was answered', async () => {
  await charge();
  for (const name of ['database', 'temporal'] as const) process.kill(await program.embeddedPid(name), 'SIGKILL');
  await program.end('SIGKILL');
  await expectNothingLeft(20_000);
  await restart();
  await charge();
  await expectAllKept();
});

it('a second Ctrl-C ends at once, however long draining would take', async () => {
  const temporal = await program.embeddedPid('temporal');
  process.kill(temporal, 'SIGSTOP');
  await charge();
  const ended = program.end('SIGINT');
  await outputHas('stopping');
  const code = await program.end('SIGINT');
  process.kill(temporal, 'SIGCONT');
  expect(await ended).toBe(code);
  // After draining, which would take 5 s, it is 0.
  expect(code).toBe(130);
  await expectNothingLeft(20_000);
  await restart();
  await expectAllKept();
});

it('Ctrl-C while it starts ends it, and what it had started', async () => {
  await program.end('SIGTERM');
  program.spawn();
  await outputHas('server ready');
  expect(await program.end('SIGINT')).toBe(0);
  expect(program.output).not.toContain('cannot start');
  await expectNothingLeft(20_000);
});
