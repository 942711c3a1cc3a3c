import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';
import { Program } from '../support/program.ts';

const OPERATOR_TOKEN = 'only-the-tests-of-roles-know-this';
/** Unlike any other in the shared database. */
const PREFIX = `roles-${Date.now()}-`;
const ledger = newLedger();
const stations: Station[] = [];
const programs: Program[] = [];
let edge: Program;
let worker: Program;
let api: Program;
let sql: postgres.Sql;

beforeAll(async () => {
  [edge, worker, api] = await Promise.all([create('edge'), create('worker'), create('api')]);
  await Promise.all([edge.start(), worker.start(), api.start()]);
  sql = postgres(inject('databaseUrl'), { max: 1, fetch_types: false, prepare: false });
});
afterAll(async () => {
  for (const station of stations) station.stop();
  await Promise.all(programs.map((program) => program.dispose()));
  await sql.end();
});

async function create(roles: string, dataDir?: string): Promise<Program> {
  const program = await Program.create({
    temporalAddress: inject('temporalAddress'),
    databaseUrl: inject('databaseUrl'),
    environment: { ROLES: roles, OPERATOR_TOKEN },
    ...(dataDir ? { dataDir } : {}),
  });
  programs.push(program);
  return program;
}

function charging(name: string, at: Program): { station: Station; charging: Charging } {
  const station = new Station({ url: at.url, chargePointId: PREFIX + name, reconnectMs: 50 });
  stations.push(station);
  return { station, charging: new Charging(station, ledger, { idTag: 'T1', meterValues: 3 }) };
}

function call(path: string, body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${api.ports.api}/v1${path}`, {
    headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Type': 'application/json' },
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
  });
}

/** Asks the API process to trigger a StatusNotification and waits until the station has said that it accepts. */
async function command(chargePointId: string): Promise<void> {
  const known = async () => (await call(`/charge-points/${chargePointId}`)).status;
  await expect.poll(known, { timeout: 60_000, interval: 100 }).toBe(200);
  const trigger = { action: 'TriggerMessage', payload: { requestedMessage: 'StatusNotification', connectorId: 1 } };
  const response = await call(`/charge-points/${chargePointId}/commands`, trigger);
  expect(response.status).toBe(202);
  const { commandId } = (await response.json()) as { commandId: string };
  const answer = async () => {
    const shown = await call(`/charge-points/${chargePointId}/commands/${commandId}`);
    return (await shown.json()) as object;
  };
  await expect.poll(answer, { timeout: 60_000, interval: 100 }).toMatchObject({ answer: { status: 'Accepted' } });
}

const stored = () => settledDifferences(sql, ledger, PREFIX, 60_000);

it('edge, worker and api are three processes: what a station was answered by one is stored by another and shown by the third', async () => {
  const { station, charging: session } = charging('A', edge);
  await session.boot();
  await session.transaction();
  expect(await stored()).toEqual([]);
  const { chargePointId } = station;
  expect(await (await call(`/charge-points/${chargePointId}`)).json()).toMatchObject({ chargePointId, online: true });
  await command(chargePointId);
});

it('no process listens for what is not its role', async () => {
  await expect(fetch(`http://127.0.0.1:${worker.ports.edge}/health`)).rejects.toThrow('fetch failed');
  await expect(fetch(`http://127.0.0.1:${api.ports.edge}/health`)).rejects.toThrow('fetch failed');
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  expect((await fetch(`http://127.0.0.1:${edge.ports.api}/v1/charge-points`, { headers })).status).toBe(404);
});

it("the image's health check passes for each role, and fails where nobody answers", async () => {
  for (const program of [edge, worker, api]) expect(await healthCheck(program.environment)).toBe(0);
  const nobody = { ...worker.environment, API_PORT: String(worker.ports.edge) };
  expect(await healthCheck(nobody)).toBe(1);
});

it('a killed worker is replaced by another: stations are answered meanwhile, their actors go on', async () => {
  await worker.end('SIGKILL');
  const { charging: session } = charging('B', edge);
  await session.boot();
  await session.transaction();
  expect(await sql`SELECT FROM charge_point WHERE charge_point_id = ${`${PREFIX}B`}`).toHaveLength(0);
  worker = await create('worker', worker.dataDir);
  await worker.start();
  expect(await stored()).toEqual([]);
});

it.each(['SIGTERM', 'SIGKILL'] as const)('an edge that ended by %s goes on where it was', async (signal) => {
  const { station, charging: session } = charging(`C-${signal}`, edge);
  await session.boot();
  const ended = edge.end(signal);
  const transaction = session.transaction();
  await ended;
  await edge.start();
  await transaction;
  // A connection that has not booted is spared commands for 10 s.
  await session.boot();
  expect(station.connects).toBeGreaterThan(1);
  expect(await stored()).toEqual([]);
  await command(station.chargePointId);
});

it('of two edges a command takes the one that holds the socket, also after the station has moved', async () => {
  const other = await create('edge');
  await other.start();
  const here = charging('D', edge);
  const there = charging('E', other);
  await Promise.all([here.charging.boot(), there.charging.boot()]);
  await Promise.all([command(here.station.chargePointId), command(there.station.chargePointId)]);

  here.station.stop();
  const moved = charging('D', other);
  await moved.charging.boot();
  await moved.charging.transaction();
  await command(moved.station.chargePointId);
  const received = [here, there, moved].map(({ station }) => station.received.map(({ action }) => action));
  expect(received).toEqual([['TriggerMessage'], ['TriggerMessage'], ['TriggerMessage']]);
  expect(await stored()).toEqual([]);
});

/** The exit code of the HEALTHCHECK in the Dockerfile. */
function healthCheck(environment: Record<string, string>): Promise<number | null> {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, , ...args] = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', ...args], { env: environment }, () => resolve(child.exitCode));
  });
}
