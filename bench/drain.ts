/**
 * What an outage leaves behind: stations go on while Temporal is away, then the backlog drains. How long it takes, how
 * soon it is known which stations are there, and what stations that work meanwhile notice of it. Nothing is asserted but
 * correctness: the ledger of answers against the rows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import postgres from 'postgres';
import { Charging, newLedger, type Ledger } from '../src/simulator/session.ts';
import { Station } from '../src/simulator/station.ts';
import { settledDifferences } from '../test/support/ledgerCheck.ts';
import { Program } from '../test/support/program.ts';
import { percentiles } from './percentiles.ts';

interface Options {
  events: number;
  stations: number;
  live: number;
  minutes: number;
  json?: true;
}

/** What the ids begin with: stations with a backlog, and those that work while it drains. */
const BACKLOG = 'DRAIN-';
const LIVE = 'LIVE-';

const options = new Command('bench:drain')
  .description('Temporal is stopped, stations fill the journal, Temporal goes on: how the backlog drains.')
  .option('--events <n>', 'events that wait when Temporal goes on', Number, 100_000)
  .option(
    '--stations <n>',
    'stations they are of; every tenth has gone offline, the others have reconnected',
    Number,
    100,
  )
  .option('--live <n>', 'stations that send MeterValues every second meanwhile', Number, 5)
  .option('--minutes <m>', 'what the drain is given at most', Number, 30)
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExample: npm run bench:drain -- --events 20000 --stations 50')
  .parse()
  .opts<Options>();

const program = await Program.create({ environment: { UNKNOWN_ID_TAGS: 'accept' } });
const sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
const stations: Station[] = [];
try {
  await program.start();
  const result = await drain(options);
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else show(result);
  const isDone = result.secondsUntilLastRow !== null && result.secondsUntilPresenceIsRight !== null;
  process.exitCode = isDone && result.differences.length + result.refused.length === 0 ? 0 : 1;
} finally {
  for (const station of stations) station.stop();
  await sql.end();
  await program.dispose();
}

async function drain({ events, stations: count, live: liveCount, minutes }: Options) {
  const ledger = newLedger();
  progress(`booting ${count + liveCount} stations`);
  const charging = await boot(BACKLOG, count, ledger);
  const working = await boot(LIVE, liveCount, newLedger());
  while ((await persisted(BACKLOG)) + (await persisted(LIVE)) < 2 * (count + liveCount)) await sleep(200);

  const temporal = await program.embeddedPid('temporal');
  process.kill(temporal, 'SIGSTOP');
  const filling = performance.now();
  let reconnectedAt: number;
  try {
    reconnectedAt = await fill(charging, events);
  } finally {
    process.kill(temporal, 'SIGCONT');
  }
  const began = performance.now();
  const secondsToFill = seconds(began - filling);
  const waiting = (await backlog()).events;

  const over = new AbortController();
  const live = work(
    working.map(({ station }) => station),
    over.signal,
  );
  const samples: { seconds: number; events: number; stations: number; oldestSeconds: number }[] = [];
  const since = () => seconds(performance.now() - began);
  let presenceAfter: number | undefined;
  let rowsAfter: number | undefined;
  let sampleAt = 0;
  while ((rowsAfter === undefined || presenceAfter === undefined) && performance.now() - began < minutes * 60_000) {
    const elapsed = (performance.now() - began) / 1_000;
    const now = await backlog();
    progress(`${Math.round(elapsed)} s, ${now.events} events wait`);
    if (elapsed >= sampleAt) {
      const { events: left, stations: of, oldestMs = 0 } = now;
      samples.push({ seconds: seconds(elapsed * 1_000), events: left, stations: of, oldestSeconds: seconds(oldestMs) });
      sampleAt = elapsed * 1.4 + 0.5;
    }
    if (presenceAfter === undefined && (await presenceIsRight(reconnectedAt))) presenceAfter = since();
    const isLast = now.stations <= liveCount && (await persisted(BACKLOG)) >= answered(ledger);
    if (isLast) rowsAfter ??= since();
    await sleep(250);
  }
  over.abort();
  const delays = await live;
  const differences = await settledDifferences(sql, ledger, BACKLOG, 30_000);
  return {
    stations: count,
    events: waiting,
    secondsToFill,
    secondsUntilLastRow: rowsAfter ?? null,
    eventsPerSecond: rowsAfter ? Math.round(waiting / rowsAfter) : null,
    secondsUntilPresenceIsRight: presenceAfter ?? null,
    live: { stations: liveCount, messages: delays.length, ...percentiles(delays) },
    samples,
    refused: ledger.refused.slice(0, 5),
    differences,
  };
}

async function boot(prefix: string, count: number, ledger: Ledger) {
  const entries = Array.from({ length: count }, async (_, i) => {
    const chargePointId = `${prefix}${String(i).padStart(5, '0')}`;
    const station = new Station({ url: program.url, chargePointId, answerTimeoutMs: 30_000 });
    stations.push(station);
    const session = new Charging(station, ledger, { idTag: `TAG${i}` });
    await session.boot();
    return { station, session };
  });
  return Promise.all(entries);
}

/** The stations charge until so many events wait, then reconnect or go offline; resolves to when (ms since 1970). */
async function fill(charging: Awaited<ReturnType<typeof boot>>, events: number): Promise<number> {
  const full = new AbortController();
  const running = Promise.all(
    charging.map(async ({ session }) => {
      while (!full.signal.aborted) await session.transaction();
    }),
  );
  while (!full.signal.aborted) {
    const waiting = (await backlog()).events;
    progress(`${waiting} of ${events} events wait`);
    if (waiting >= events) full.abort();
    await sleep(200);
  }
  await running;
  const reconnectedAt = Date.now();
  const ends = charging.map(async ({ station }, i) => {
    const closed = station.closed();
    station.close();
    await closed;
    if (isOnline(i)) await station.connect();
  });
  await Promise.all(ends);
  return reconnectedAt;
}

function isOnline(index: number): boolean {
  return index % 10 !== 9;
}

/** Each station sends MeterValues every second; resolves to how long (ms) each took from being sent to its row. */
async function work(working: Station[], over: AbortSignal): Promise<number[]> {
  const sent = new Map<string, number>();
  const delays: number[] = [];
  const send = async (station: Station) => {
    while (!over.aborted) {
      const next = sleep(1_000);
      const at = new Date().toISOString();
      const sampledValue = [{ value: '1', measurand: 'Power.Active.Import', unit: 'W' }];
      sent.set(`${at} ${station.chargePointId}`, performance.now());
      await station.call('MeterValues', { connectorId: 1, meterValue: [{ timestamp: at, sampledValue }] });
      await next;
    }
  };
  const ended = Promise.all(working.map(send));
  while (!over.aborted || sent.size > 0) {
    await sleep(50);
    const [oldest] = [...sent.keys()].toSorted();
    if (oldest === undefined) continue;
    const rows = await sql<{ id: string; at: Date }[]>`
      SELECT charge_point_id AS id, at FROM meter_value
      WHERE starts_with(charge_point_id, ${LIVE}) AND at >= ${oldest.slice(0, oldest.indexOf(' '))}`;
    for (const { id, at } of rows) {
      const key = `${at.toISOString()} ${id}`;
      const since = sent.get(key);
      if (since === undefined) continue;
      delays.push(performance.now() - since);
      sent.delete(key);
    }
  }
  await ended;
  return delays;
}

/** Whether the database says of every station whether it is online now, and by its newest connection. */
async function presenceIsRight(reconnectedAt: number): Promise<boolean> {
  const rows = await sql<{ id: string; online: boolean; since: Date | null }[]>`
    SELECT charge_point_id AS id, online, online_since AS since FROM charge_point
    WHERE starts_with(charge_point_id, ${BACKLOG}) ORDER BY charge_point_id`;
  return rows.every(({ online, since }, i) => {
    return online === isOnline(i) && (since === null || since.getTime() >= reconnectedAt);
  });
}

async function persisted(prefix: string): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM message
    WHERE starts_with(charge_point_id, ${prefix}) AND action <> 'Heartbeat'`;
  return row?.n ?? 0;
}

/** Heartbeats alone wait for company: without them. */
function answered(ledger: Ledger): number {
  const { Heartbeat = 0 } = ledger.answered;
  return Object.values(ledger.answered).reduce((sum, n) => sum + n, 0) - Heartbeat;
}

async function backlog(): Promise<{ events: number; stations: number; oldestMs?: number }> {
  const response = await fetch(`http://127.0.0.1:${program.ports.edge}/health`);
  return ((await response.json()) as { backlog: { events: number; stations: number; oldestMs?: number } }).backlog;
}

function show(result: Awaited<ReturnType<typeof drain>>): void {
  const { live, samples, differences, refused, ...summary } = result;
  console.table(summary);
  console.table({ 'live stations: from message to row': live });
  console.table(samples);
  console.log(
    differences.length + refused.length === 0
      ? 'ledger: every answered message is in the database exactly once, in order'
      : `ledger: ${[...differences, ...refused].join('\n')}`,
  );
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${text}` : `${text}\n`);
}
