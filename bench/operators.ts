/** How operators are served while stations charge, what an import of id tags takes, and what idle stations cost. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Charging, newLedger } from '../src/simulator/session.ts';
import { Station } from '../src/simulator/station.ts';
import { ocppActors } from '../test/support/cli.ts';
import { Program } from '../test/support/program.ts';
import { percentiles } from './percentiles.ts';
import { usage } from './processes.ts';

const options = new Command('bench:operators')
  .description('REST while stations charge, an import of id tags, and the memory of idle stations.')
  .option('--stations <n>', 'stations that charge', Number, 100)
  .option('--rate <r>', 'their messages per second', Number, 1_000)
  .option('--seconds <s>', 'length of the load', Number, 20)
  .option('--tags <n>', 'id tags to import', Number, 100_000)
  .option('--idle <n>', 'stations that are connected and say nothing', Number, 1_000)
  .addHelpText('after', '\nExample: npm run bench:operators -- --rate 500 --idle 200')
  .parse()
  .opts<{ stations: number; rate: number; seconds: number; tags: number; idle: number }>();

const token = 'bench-operators-token';
const program = await Program.create({ environment: { UNKNOWN_ID_TAGS: 'accept', OPERATOR_TOKEN: token } });
const folder = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-bench-'));
const stations: Station[] = [];
try {
  await program.start();
  console.table([await idle()]);
  console.table([await importTags()]);
  console.table(await rest());
} finally {
  for (const station of stations) station.stop();
  await program.dispose();
  await rm(folder, { recursive: true, force: true });
}

async function idle() {
  const before = await megabytes();
  const began = performance.now();
  const booting = Array.from({ length: options.idle }, async (_, i) => {
    const station = newStation(`IDLE-${i}`);
    await new Charging(station, newLedger(), { idTag: 'TAG' }).boot();
  });
  await Promise.all(booting);
  const secondsUntilBooted = Math.round((performance.now() - began) / 100) / 10;
  // Until their actors have everything, and a look after some quiet.
  for (let waiting = 1; waiting > 0; waiting = await backlog()) await sleep(500);
  await sleep(10_000);
  const after = await megabytes();
  for (const station of stations.splice(0)) station.stop();
  return {
    idle: options.idle,
    secondsUntilBooted,
    ...prefixed('MB before: ', before),
    ...prefixed('MB after: ', after),
  };
}

async function importTags() {
  const file = path.join(folder, 'tags.csv');
  const lines = Array.from({ length: options.tags }, (_, i) => `IMPORT${i},Accepted`);
  await writeFile(file, ['idTag,status', ...lines, ''].join('\n'));
  const seconds = [];
  for (let run = 0; run < 2; run++) {
    const began = performance.now();
    const { code, stderr } = await ocppActors(program.environment, 'id-tag', 'import', file);
    if (code !== 0) throw new Error(`the import failed: ${stderr}`);
    seconds.push(Math.round((performance.now() - began) / 100) / 10);
  }
  return { tags: options.tags, seconds: seconds[0], secondsAgainUnchanged: seconds[1] };
}

async function rest() {
  const paceMs = (1_000 * options.stations) / options.rate;
  const over = new AbortController();
  let answered = 0;
  const charging = Array.from({ length: options.stations }, async (_, i) => {
    const onAnswer = () => (answered += 1);
    const session = new Charging(newStation(`LOAD-${i}`), newLedger(), { idTag: `TAG${i}`, paceMs, onAnswer });
    await session.boot();
    while (!over.signal.aborted) await session.transaction();
  });
  const from = new Date().toISOString();
  // What is measured begins when the last of the stations has been stored.
  while ((await ask(`/v1/charge-points/LOAD-${options.stations - 1}`)).status === 404) await sleep(500);
  const paths: Record<string, string> = {
    'list of stations': '/v1/charge-points?presence=online',
    'one station': '/v1/charge-points/LOAD-1',
    'its transactions': '/v1/charge-points/LOAD-1/transactions',
    'its meter values': `/v1/charge-points/LOAD-1/meter-values?from=${from}`,
    'its messages': '/v1/charge-points/LOAD-1/messages',
    'an id tag': '/v1/id-tags/IMPORT77',
  };
  const before = answered;
  const began = performance.now();
  const latencies = Object.fromEntries(Object.keys(paths).map((name) => [name, [] as number[]]));
  while (performance.now() - began < options.seconds * 1_000) {
    for (const [name, url] of Object.entries(paths)) {
      const asked = performance.now();
      const response = await ask(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      latencies[name]?.push(performance.now() - asked);
    }
  }
  const rate = Math.round((answered - before) / ((performance.now() - began) / 1_000));
  over.abort();
  await Promise.all(charging);
  return Object.entries(latencies).map(([name, list]) => ({
    [`REST at ${rate} messages/s`]: name,
    requests: list.length,
    ...percentiles(list),
  }));
}

/** Resolves when the whole answer is there. */
async function ask(url: string): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${program.ports.api}${url}`, { headers });
  await response.arrayBuffer();
  return response;
}

function newStation(chargePointId: string): Station {
  const station = new Station({ url: program.url, chargePointId, answerTimeoutMs: 30_000 });
  stations.push(station);
  return station;
}

async function backlog(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${program.ports.edge}/health`);
  return ((await response.json()) as { backlog: { stations: number } }).backlog.stations;
}

async function megabytes(): Promise<Record<string, number>> {
  return {
    server: usage(program.pid).megabytes,
    Temporal: usage(await program.embeddedPid('temporal')).megabytes,
    TimescaleDB: usage(await program.embeddedPid('database')).megabytes,
  };
}

function prefixed(prefix: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
