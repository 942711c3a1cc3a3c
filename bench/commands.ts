/**
 * Commands with the whole program on this machine: how soon they are at the station and ended, what waits for stations
 * that come back together, and what an actor with a full queue costs. Nothing is asserted but correctness: each command
 * was received once and in order, and has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { collectable } from './commands/garbage.ts';
import { latency } from './commands/latency.ts';
import { memory } from './commands/memory.ts';
import { offline } from './commands/offline.ts';
import { Target } from './commands/target.ts';

const FULL = { stations: 200, rate: 1_000, commands: 300, pace: 10, offline: 1_000, each: 1, actors: 200 };
const SHORT = { stations: 20, rate: 200, commands: 60, pace: 10, offline: 50, each: 3, actors: 20 };
const PARTS = ['latency', 'offline', 'memory'] as const;

type Sizes = typeof FULL;

interface Options extends Partial<Sizes> {
  within: number;
  queued: number;
  minutes: number;
  only?: (typeof PARTS)[number][];
  short?: true;
  json?: true;
}

const options = new Command('bench:commands')
  .description('Commands by REST to idle and to charging stations, to stations that come back, and queued for long.')
  .addOption(sized('stations', 'latency: stations, first idle, then charging'))
  .addOption(sized('rate', 'latency: their messages per second while they charge'))
  .addOption(sized('commands', 'latency: commands, while idle and again under load'))
  .addOption(sized('pace', 'latency: commands per second'))
  .addOption(sized('offline', 'offline: stations that come back'))
  .addOption(sized('each', 'offline: commands that wait for each'))
  .option('--within <s>', 'offline: seconds within which they come back', Number, 5)
  .addOption(sized('actors', 'memory: actors of stations that are offline'))
  .option('--queued <n>', 'memory: commands that wait in each', Number, 50)
  .addOption(new Option('--only <parts...>', 'not all parts').choices(PARTS))
  .option('--minutes <m>', 'what all of it is given at most', Number, 20)
  .option('--short', 'a run of less than a minute')
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench:commands -- --short\n  npm run bench:commands -- --only offline --offline 1000 --each 3',
  )
  .parse()
  .opts<Options>();

const sizes: Sizes = { ...(options.short ? SHORT : FULL), ...options };
const target = await Target.start(collectable);
try {
  const result = await Promise.race([measure(), overdue()]);
  const faults = faultsOf(result);
  if (options.json) console.log(JSON.stringify({ ...result, faults }, null, 2));
  else show(result, faults);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  await target.dispose();
}

async function measure(): Promise<Result> {
  const { stations, rate, commands, pace, offline: returning, each, actors } = sizes;
  const { within, queued } = options;
  return {
    ...(wanted('latency') ? { latency: await latency(target, { stations, rate, commands, pace }) } : {}),
    ...(wanted('offline') ? { offline: await offline(target, { stations: returning, each, within }) } : {}),
    ...(wanted('memory') ? { memory: await memory(target, { actors, queued }) } : {}),
  };
}

async function overdue(): Promise<never> {
  await sleep(options.minutes * 60_000, undefined, { ref: false });
  throw new Error(`not done after ${options.minutes} minutes: give it more with --minutes, or less to do`);
}

type Measured = Awaited<ReturnType<typeof latency>>['idle'];

interface Result {
  latency?: Awaited<ReturnType<typeof latency>>;
  offline?: Awaited<ReturnType<typeof offline>>;
  memory?: Awaited<ReturnType<typeof memory>>;
}

function faultsOf({ latency: measured, offline: returned }: Result): string[] {
  const commands = measured ? [measured.idle, measured.underLoad] : [];
  return [
    ...commands.filter(({ missing }) => missing > 0).map(({ missing }) => `${missing} commands have not completed`),
    ...commands.filter(({ doubled }) => doubled > 0).map(({ doubled }) => `${doubled} commands were received twice`),
    ...(measured?.differences ?? []),
    ...(returned?.faults ?? []),
  ];
}

function show({ latency: measured, offline: returned, memory: held }: Result, faults: string[]): void {
  if (process.stderr.isTTY) process.stderr.write('\n');
  if (measured) {
    const { idle, underLoad } = measured;
    console.log(`${measured.stations} stations, idle, and at ${underLoad.messagesPerSecond} messages/s`);
    console.table([...rows('idle', idle), ...rows('under load', underLoad)]);
    console.table({ 'cores kept busy, idle': idle.cores, 'cores kept busy, under load': underLoad.cores });
  }
  if (returned) {
    const { states, fromConnectingToReceived, faults: _faults, ...summary } = returned;
    console.table({
      ...summary,
      ...Object.fromEntries(Object.entries(states).map(([state, n]) => [`rows ${state}`, n])),
    });
    console.table({ 'from connecting to each of its commands': fromConnectingToReceived });
  }
  if (held) {
    const { stateBytes, megabytes, ...summary } = held;
    console.table({
      ...summary,
      'state bytes, none queued': stateBytes.none,
      'state bytes, queued': stateBytes.queued,
    });
    console.table(megabytes);
  }
  console.log(
    faults.length === 0
      ? 'each command was received once and in order, and has completed'
      : faults.slice(0, 20).join('\n'),
  );
}

function rows(name: string, { commands, toSocket, toRow, toAnswer, answeredBeforeTheEnd }: Measured) {
  return [
    { 'from the request to': `the CALL at the station, ${name}`, commands, ...toSocket },
    { 'from the request to': `the row that says completed, ${name}`, commands, ...toRow },
    {
      'from the request to': `the answer to Prefer: wait, ${name}`,
      commands: commands - answeredBeforeTheEnd,
      ...toAnswer,
    },
  ];
}

function wanted(part: (typeof PARTS)[number]): boolean {
  return options.only === undefined || options.only.includes(part);
}

function sized(name: keyof Sizes, description: string): Option {
  return new Option(`--${name} <n>`, `${description} (default ${FULL[name]}, short ${SHORT[name]})`).argParser(Number);
}
