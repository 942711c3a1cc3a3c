/** `npm run simulate`: charge points with plausible lives against a running central system. */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { follow, misbehaviourTable, summary } from './report.ts';
import { Simulation, simulatedIdTags, type SimulationOptions, type Standing } from './simulation.ts';

/** What exit codes mean, to scripts. */
const EXIT = { right: 0, wrong: 1, unreached: 2 } as const;

interface Options {
  stations: number;
  speed: number;
  seconds?: number;
  url: string;
  seed: number;
  password?: string;
  faults?: true;
  misbehave?: string[];
  prefix: string;
  tags?: string[];
  answerTimeout: number;
  ledger?: string;
  json?: true;
}

const program = new Command('simulate')
  .description('Charge points with plausible lives, over real WebSockets, against a running OCPP 1.6 central system.')
  .option('--stations <n>', 'how many', whole, 10)
  .option('--speed <n>', 'simulated seconds per real second, at least 1', positive, 1)
  .option('--seconds <n>', 'real length of the run; without it until Ctrl-C', positive)
  .option('--url <url>', 'the central system; each station adds its id', websocket, 'ws://127.0.0.1:8080')
  .option('--seed <n>', 'the same seed makes the same stations, drivers and faults', whole, 1)
  .option('--password <text>', 'for basic authentication; the user is the charge point')
  .option('--faults', 'cuts, answers that never come, duplicates, and odd stations among the others')
  .option('--misbehave <names>', 'every station misbehaves so (a,b,…); all: one each; list: show them', list)
  .option('--prefix <text>', "what the charge points' ids begin with", 'SIM-')
  .option('--tags <idTags>', "the drivers' cards (a,b,…), else SIM00001 to SIM00100", list)
  .option('--answer-timeout <seconds>', 'silence for so long counts as a wrong answer', positive, 30)
  .option('--ledger <file>', 'write what the stations were answered, as JSON')
  .option('--json', 'print the summary as JSON, and nothing else')
  .showHelpAfterError('(--help shows the options)')
  .addHelpText(
    'after',
    `
Every answer is held against the schemas of OCPP 1.6 and against sense: transaction ids are positive and unique, the same
start gets the same id, transaction messages and StatusNotifications are never refused.

Exit codes: 0 every answer was right, 1 some were wrong, 2 a station could not connect at all or the options are wrong.

Examples:
  npm run simulate                                                   ten stations in real time
  npm run simulate -- --stations 20 --speed 60                       a minute per second
  npm run simulate -- --stations 50 --speed 60 --faults --seconds 60 a rough minute, and its verdict
  npm run simulate -- --misbehave stop-minus-one,clock-1970          odd in these two ways
  npm run simulate -- --misbehave list                               what else there is`,
  )
  .action(simulate);

program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.unreached));
await program.parseAsync();

async function simulate(options: Options): Promise<void> {
  if (options.misbehave?.includes('list')) return console.log(misbehaviourTable());
  const simulation = created(options);
  const interrupted = new AbortController();
  const interrupt = () => {
    // A second time there is no waiting.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const unfollow = options.json ? () => {} : follow(simulation, options.seconds, process.stderr);
  const began = Date.now();
  await simulation.run(interrupted.signal);
  unfollow();
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const { standing, ledger, wrong } = simulation;
  const unreached = simulation.stations.filter(({ station }) => station.connects === 0);
  if (options.ledger) {
    const facts = simulation.stations.filter((station) => station.keepsFacts).map((station) => station.chargePointId);
    await writeFile(options.ledger, JSON.stringify({ ...ledger, keepsFacts: facts }));
  }
  if (options.json) {
    const seconds = (Date.now() - began) / 1_000;
    const { answered } = ledger;
    console.log(
      JSON.stringify({ seconds, ...standing, answered, unreached: unreached.length, wrongAnswers: wrong }, null, 2),
    );
  } else {
    console.log(summary(standing, ledger.answered, wrong));
    for (const hint of hints(
      standing,
      unreached.map(({ station }) => station.lastError ?? 'no answer'),
      options,
    )) {
      console.error(hint);
    }
  }
  process.exitCode = standing.wrong > 0 ? EXIT.wrong : unreached.length > 0 ? EXIT.unreached : EXIT.right;
}

function created({ answerTimeout, tags, ...options }: Options): Simulation {
  const simulated: SimulationOptions = {
    ...options,
    faults: options.faults === true,
    answerTimeoutMs: answerTimeout * 1_000,
    idTags: tags ?? simulatedIdTags,
  };
  try {
    return new Simulation(simulated);
  } catch (error) {
    if (error instanceof RangeError) return program.error(`error: ${error.message}`, { exitCode: EXIT.unreached });
    throw error;
  }
}

function hints(standing: Standing, unreached: string[], { url }: Options): string[] {
  return [
    ...(unreached.length > 0 ? [`${unreached.length} stations never reached ${url}: ${unreached[0]}`] : []),
    ...(standing.started === 0 && standing.answers > 0
      ? [
          'No transaction began. If the cards are unknown there, register them, start the server with',
          'UNKNOWN_ID_TAGS=accept, or name cards it knows with --tags. Or the run was too short: try --speed 60.',
        ]
      : []),
  ];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is expected.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is expected.');
  return value;
}

function websocket(text: string): string {
  if (!/^wss?:\/\/[^/]/.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('ws://host:port is expected.');
  return text.replace(/\/+$/, '');
}

function list(text: string): string[] {
  const names = text.split(',').flatMap((name) => name.trim() || []);
  if (names.length === 0) throw new InvalidArgumentError('names, separated by commas, are expected.');
  return names;
}
