/**
 * Load on the whole program with everything on this machine: what is answered, what is persisted, how long it takes.
 * Nothing is asserted but correctness: the ledger of answers against the rows.
 */
import { Command } from 'commander';
import postgres from 'postgres';
import { Charging, newLedger, type Ledger } from '../src/simulator/session.ts';
import { Station } from '../src/simulator/station.ts';
import { settledDifferences } from '../test/support/ledgerCheck.ts';
import { Program } from '../test/support/program.ts';
import { percentiles } from './percentiles.ts';
import { usage } from './processes.ts';

interface Options {
  stations: number;
  seconds: number;
  rate?: number;
  history: number;
  tags: number;
  json?: true;
  profile?: string;
}

const options = new Command('bench')
  .description('Sessions of Authorize, Start, 10 MeterValues of 2 samples, Stop, and a Heartbeat per 5 messages.')
  .option('--stations <n>', 'stations', Number, 50)
  .option('--seconds <s>', 'length of the load', Number, 20)
  .option(
    '--rate <r>',
    'messages per second over all stations; without it each station waits only for its answers',
    Number,
  )
  .option('--history <n>', 'old transactions in the database', Number, 0)
  .option('--tags <n>', 'id tags in the database', Number, 0)
  .option('--profile <directory>', 'write CPU profiles of the server there')
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExample: npm run bench -- --stations 200 --seconds 30 --history 1000000 --tags 100000')
  .parse()
  .opts<Options>();

const program = await Program.create({
  environment: { UNKNOWN_ID_TAGS: 'accept' },
  nodeOptions: options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [],
});
try {
  await program.start();
  const result = await bench(program, options);
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else show(result);
  process.exitCode = result.differences.length > 0 || result.refused.length > 0 ? 1 : 0;
} finally {
  await program.dispose();
}

async function bench(target: Program, { stations, seconds, rate, history, tags }: Options) {
  const sql = postgres(target.databaseUrl, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  progress(`filling the database: ${history} old transactions, ${tags} id tags`);
  await fill(sql, history, tags);

  const ledger = newLedger();
  const latencies = new Map<string, number[]>();
  let answeredInTime = 0;
  let counting = false;
  const onAnswer = (action: string, ms: number) => {
    if (!counting) return;
    answeredInTime += 1;
    const list = latencies.get(action);
    if (list) list.push(ms);
    else latencies.set(action, [ms]);
  };
  const pids = {
    'server (edge, worker, API)': target.pid,
    Temporal: await target.embeddedPid('temporal'),
    TimescaleDB: await target.embeddedPid('database'),
    'load generator': process.pid,
  };

  progress(`connecting ${stations} stations`);
  const connecting = performance.now();
  const lives = await Promise.all(
    Array.from({ length: stations }, (_, i) =>
      begin(target, ledger, i, rate ? (1_000 * stations) / rate : 0, onAnswer),
    ),
  );
  // An actor's first task builds its sandbox: what it costs is told apart from what its messages cost.
  while ((await persisted(sql)) < 2 * stations) await new Promise((resolve) => setTimeout(resolve, 200));
  const secondsUntilBooted = round((performance.now() - connecting) / 1_000, 1);
  const cpuBefore = Object.values(pids).map((pid) => usage(pid).cpuSeconds);
  const began = performance.now();
  let over = false;
  counting = true;
  const persistedBefore = await persisted(sql);
  const running = Promise.all(
    lives.map(({ charging }) =>
      repeat(
        () => charging.transaction(),
        () => over,
      ),
    ),
  );
  for (let second = 1; second <= seconds; second++) {
    await new Promise((resolve) => setTimeout(resolve, began + second * 1_000 - performance.now()));
    progress(`${second}/${seconds} s, ${answeredInTime} answered`);
  }
  counting = false;
  over = true;
  const measured = (performance.now() - began) / 1_000;
  const persistedInTime = (await persisted(sql)) - persistedBefore;
  const processes = Object.entries(pids).map(([name, pid], i) => {
    const { cpuSeconds, megabytes } = usage(pid);
    return { name, cores: round((cpuSeconds - (cpuBefore[i] as number)) / measured, 2), megabytes };
  });

  progress('waiting for the last messages and rows');
  await running;
  const ended = performance.now();
  const differences = await settledDifferences(sql, ledger, 'BENCH-', 300_000);
  const untilLastRow = (performance.now() - ended) / 1_000;
  const messages = Object.values(ledger.answered).reduce((sum, count) => sum + count, 0) - 2 * stations;
  const cpuPerMessage = Object.entries(pids).map(([name, pid], i) => {
    const { cpuSeconds } = usage(pid);
    return { name, microseconds: Math.round(((cpuSeconds - (cpuBefore[i] as number)) * 1e6) / messages) };
  });
  for (const { station } of lives) station.stop();
  await sql.end();
  return {
    stations,
    rate: rate ?? null,
    history,
    tags,
    secondsUntilBooted,
    answeredPerSecond: Math.round(answeredInTime / measured),
    persistedPerSecond: Math.round(persistedInTime / measured),
    secondsUntilLastRow: round(untilLastRow, 1),
    latencies: [...latencies].map(([action, list]) => ({ action, count: list.length, ...percentiles(list) })),
    processes: processes.map((each, i) => ({ ...each, cpuMicrosecondsPerMessage: cpuPerMessage[i]?.microseconds })),
    refused: ledger.refused.slice(0, 5),
    differences,
  };
}

async function begin(
  target: Program,
  ledger: Ledger,
  i: number,
  paceMs: number,
  onAnswer: (action: string, ms: number) => void,
) {
  const chargePointId = `BENCH-${String(i).padStart(5, '0')}`;
  const station = new Station({ url: target.url, chargePointId, answerTimeoutMs: 30_000 });
  const charging = new Charging(station, ledger, { idTag: `TAG${i}`, paceMs, onAnswer });
  await charging.boot();
  return { station, charging };
}

async function repeat(step: () => Promise<void>, over: () => boolean): Promise<void> {
  while (!over()) await step();
}

async function persisted(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<
    { n: number }[]
  >`SELECT count(*)::int AS n FROM message WHERE starts_with(charge_point_id, 'BENCH-')`;
  return row?.n ?? 0;
}

/** Old transactions of 1,000 other stations, in the last year; the first tags are those the stations use. */
async function fill(sql: postgres.Sql, history: number, tags: number): Promise<void> {
  const step = 20_000;
  for (let from = 0; from < history; from += step) {
    await sql`
      INSERT INTO transaction (charge_point_id, transaction_id, connector_id, id_tag, id_tag_status, started_at,
        start_timestamp, meter_start, stopped_at, meter_stop, stop_reason, "end", energy_wh, version)
      SELECT 'OLD-' || i % 1000, 1000000000 + i, 1, 'TAG' || i % 1000, 'Accepted', now() - i * interval '30 s',
        'x', 0, now() - i * interval '20 s', 1000, 'Local', 'station', 1000, 1
      FROM generate_series(${from}::int, ${Math.min(history, from + step) - 1}::int) AS i`;
    progress(`${from + step} of ${history} old transactions`);
  }
  for (let from = 0; from < tags; from += step) {
    await sql`
      INSERT INTO id_tag (key, id_tag, status)
      SELECT 'TAG' || i, 'TAG' || i, 'Accepted'
      FROM generate_series(${from}::int, ${Math.min(tags, from + step) - 1}::int) AS i`;
  }
}

function show(result: Awaited<ReturnType<typeof bench>>): void {
  const { latencies, processes, differences, refused, ...summary } = result;
  console.table(summary);
  console.table(latencies);
  console.table(processes);
  console.log(
    differences.length + refused.length === 0
      ? 'ledger: every answered message is in the database exactly once, in order'
      : `ledger: ${[...differences, ...refused].join('\n')}`,
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${text}` : `${text}\n`);
}
