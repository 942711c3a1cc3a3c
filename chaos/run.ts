import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../src/simulator/random.ts';
import { backToNormal, commands, messages, replays, type Gap } from './check.ts';
import { keepEvidence } from './evidence.ts';
import { LimitsRecorder, NONE, type Limits } from './limits.ts';
import { Load } from './load.ts';
import { answerTo, Operator } from './operator.ts';
import { watched } from './outage.ts';
import type { Expected, Scenario, World } from './scenario.ts';
import type { Mode, System } from './system.ts';

export interface Result {
  scenario: string;
  mode: Mode;
  seed: number;
  expected: Expected;
  seconds: number;
  /** CALLs answered that must last. */
  answered: number;
  commands: number;
  /** From the end of the fault until every station was answered again (s). */
  served: number;
  /** From the last answer until the last row (s). */
  stored: number;
  limits: Limits;
  notes: string[];
  /** What is not as it must be; empty: passed. */
  differences: string[];
}

export interface RunOptions {
  mode: Mode;
  seed: number;
  short: boolean;
  /** Directory for what actors that differ had in mind, and their histories. */
  evidence?: string | undefined;
}

/** So many times as long may things take in the short form. */
const PATIENCE = 6;

let runs = 0;

/** Runs a scenario once on a system that serves in its mode. What goes wrong becomes a difference, never a rejection. */
export async function runScenario(system: System, scenario: Scenario, options: RunOptions): Promise<Result> {
  const { mode, seed, short } = options;
  const random = new Random(seed).fork(scenario.name);
  const prefix = `${scenario.name}-${mode[0]}${seed}-${(++runs).toString(36)}-`;
  const expected = scenario.expected[mode] as Expected;
  const gaps: { messages: Gap[]; commands: Gap[] } = { messages: [], commands: [] };
  const load = new Load({
    url: system.edge.url,
    prefix,
    stations: short ? 6 : 12,
    paceMs: short ? 80 : 120,
    random: random.fork('load'),
    // In the short form, which is for tests, a slow machine is no fault: stations that are answered as ever wait for long.
    station: {
      onCall: answerTo,
      answerTimeoutMs: short && (expected.during === 'answered' || scenario.patient) ? 30_000 : 5_000,
    },
    ...scenario.load,
  });
  const operator = new Operator({ actors: system.actors, random: random.fork('operator'), meanMs: 400 });
  const result: Result = {
    scenario: scenario.name,
    mode,
    seed,
    expected,
    seconds: 0,
    answered: 0,
    commands: 0,
    served: 0,
    stored: 0,
    limits: NONE,
    notes: [],
    differences: [],
  };
  const world: World = {
    system,
    load,
    operator,
    random: random.fork('fault'),
    mode,
    expected,
    short,
    lasts: (ms) => sleep(short ? ms / 10 : ms),
    times: (count) => (short ? Math.ceil(count / 10) : count),
    outage: (ms) =>
      watched(load, expected, short ? { ms: Math.max(3_000, ms / 10), patience: PATIENCE } : { ms, patience: 1 }),
    mayLose: (from, to) => gaps.messages.push({ from, to }),
    mayLoseCommands: (from, to) => gaps.commands.push({ from, to }),
    note: (text) => result.notes.push(text),
  };
  const limits = new LimitsRecorder(
    system,
    prefix,
    load.stations.map((station) => station.chargePointId),
  );
  const began = Date.now();
  try {
    load.start();
    await load.more(5 * load.stations.length);
    operator.start(load.stations);
    await sleep(random.between(200, 1_500));
    await scenario.run(world);

    const ended = Date.now();
    await load.more(3 * load.stations.length, (expected.servedWithin + 60) * 1_000);
    result.served = seconds(load.servedAllAt(ended) - ended);
    if (result.served > expected.servedWithin * (short ? PATIENCE : 1)) {
      result.differences.push(`all served after ${result.served} s, expected within ${expected.servedWithin} s`);
    }
    await Promise.all([load.finish(), operator.end()]);
    const last = Date.now();
    result.differences.push(...(await messages(system.sql, load, gaps.messages)));
    result.stored = seconds(Date.now() - last);
    result.differences.push(
      ...(await commands(system.sql, { load, accepted: operator.accepted, gaps: gaps.commands })),
    );
    result.differences.push(...(await backToNormal(system, load)));
    result.differences.push(...(await replays(system, load)));
    result.limits = await limits.end();
  } catch (error) {
    result.differences.push(wordsOf(error));
    await limits.end().catch(() => NONE);
  } finally {
    if (result.differences.length > 0 && options.evidence) await keepEvidence(system, result, load, options.evidence);
    load.disconnect();
    await Promise.race([operator.end(), sleep(1_000)]).catch(() => undefined);
  }
  result.answered = load.answers;
  result.commands = operator.accepted.length;
  result.seconds = seconds(Date.now() - began);
  return result;
}

/** Errors of the network come with many causes and no message. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ') || String(error.stack);
  return error instanceof Error ? error.message || String(error.stack) : String(error);
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
