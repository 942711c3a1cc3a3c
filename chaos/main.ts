/** Faults on purpose: real processes killed, stopped and cut under load, then the ledger of answers against the database. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { pino } from 'pino';
import { installRuntime } from '../src/temporal/runtime.ts';
import { progress, summary, table, withTable } from './report.ts';
import { runScenario, type Result } from './run.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/table.ts';
import { System, type Mode } from './system.ts';

interface Options {
  scenario?: string[];
  mode?: Mode[];
  seed?: number;
  seeds?: number;
  lanes: number;
  short?: true;
  list?: true;
  json?: true;
  write?: string;
  evidence?: string;
  results?: string;
}

/** Seeds of a scenario in the mode that most systems run in; with `actor` one is enough to see what differs. */
const SEEDS: Record<Mode, number> = { journal: 2, actor: 1 };

const options = new Command('chaos')
  .description(
    'Does faults to a running system under load, and checks that nothing is lost and nothing is there twice.',
  )
  .option('--scenario <name...>', 'only these; part of a name is enough')
  .option('--mode <mode...>', 'only with ACKNOWLEDGE=journal, or =actor')
  .option('--seed <n>', 'only this seed: the same load and the same moments, as far as processes allow', Number)
  .option('--seeds <n>', 'so many seeds for each scenario, instead of its own number', Number)
  .option('--lanes <n>', 'systems side by side', Number, 2)
  .option('--short', 'outages of seconds, as in the tests')
  .option('--list', 'show what would be run')
  .option('--json', 'print the results as JSON')
  .option('--evidence <directory>', 'keep the state and the history of actors whose stations differ')
  .option('--results <file>', 'keep each result there as JSON, and go on where an earlier run with this file ended')
  .option('--write <file>', 'put the table into this Markdown file')
  .addHelpText(
    'after',
    `
Exit codes: 0 all as expected, 1 a difference, 2 nothing to run.

Examples:
  npm run chaos                                  everything
  npm run chaos -- --scenario temporal --seed 7  what is done to Temporal, with one seed
  npm run chaos -- --list`,
  )
  .parse()
  .opts<Options>();

const impossible = scenarios.filter(({ possible }) => possible?.() === false);
const jobs = scenarios
  .filter((scenario) => !impossible.includes(scenario))
  .filter(({ name }) => !options.scenario || options.scenario.some((part) => name.includes(part)))
  .flatMap((scenario) =>
    (Object.keys(scenario.expected) as Mode[])
      .filter((mode) => !options.mode || options.mode.includes(mode))
      .flatMap((mode) =>
        seedsOf(scenario, mode).map((seed) => ({ scenario, mode, seed, short: options.short ?? false })),
      ),
  );

if (jobs.length === 0) {
  console.error(`no scenario is called so: there are ${scenarios.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else if (options.list) {
  for (const { scenario, mode, seed } of jobs) console.log(`${scenario.name} ${mode} ${seed}: ${scenario.fault}`);
} else {
  await main();
}

async function main(): Promise<void> {
  installRuntime(pino({ level: 'silent' }));
  const results = await earlierResults();
  const isDone = (job: (typeof jobs)[number]) => results.some((result) => isOf(result, job));
  const open = jobs.filter((job) => !isDone(job));
  const report = progress(open.length);
  const lane = async (queue: typeof jobs) => {
    const system = await System.start();
    let fresh = false;
    try {
      for (let job = queue.shift(); job; job = queue.shift()) {
        const { scenario, mode } = job;
        report.begins(scenario.name, mode, job.seed);
        await system.serve({ ACKNOWLEDGE: mode, ...scenario.environment }, { fresh });
        const result = await runScenario(system, scenario, { ...job, evidence: options.evidence });
        fresh = result.differences.length > 0;
        results.push(result);
        if (options.results) await appendFile(options.results, `${JSON.stringify(result)}\n`);
        report.ended(result);
      }
    } finally {
      await system.dispose();
    }
  };
  const shared = open.filter(({ scenario }) => !scenario.alone);
  await Promise.all(Array.from({ length: Math.min(options.lanes, shared.length) }, () => lane(shared)));
  const alone = open.filter(({ scenario }) => scenario.alone);
  if (alone.length > 0) await lane(alone);
  report.end();
  for (const { name } of impossible) console.error(`${name} cannot be done on this machine`);
  const inOrder = results.toSorted((a, b) => order(a) - order(b));
  console.log(options.json ? JSON.stringify(inOrder) : `${table(inOrder)}\n${summary(inOrder)}`);
  if (options.write) await writeFile(options.write, withTable(await readFile(options.write, 'utf8'), inOrder));
  process.exitCode = results.some(({ differences }) => differences.length > 0) ? 1 : 0;
}

function seedsOf(scenario: Scenario, mode: Mode): number[] {
  if (options.seed !== undefined) return [options.seed];
  return Array.from({ length: options.seeds ?? scenario.seeds ?? SEEDS[mode] }, (_, i) => i + 1);
}

async function earlierResults(): Promise<Result[]> {
  const text = options.results ? await readFile(options.results, 'utf8').catch(() => '') : '';
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Result] : []));
}

function order(result: Result): number {
  return jobs.findIndex((job) => isOf(result, job));
}

function isOf(result: Result, { scenario, mode, seed }: (typeof jobs)[number]): boolean {
  return result.scenario === scenario.name && result.mode === mode && result.seed === seed;
}
