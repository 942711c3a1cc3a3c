import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { runScenario } from '../../chaos/run.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { scenarios } from '../../chaos/scenarios/table.ts';
import { System, type Mode } from '../../chaos/system.ts';

/** For a scenario that has its system. */
const LONG = 900_000;
/** And with the wait for it. */
const WAIT_AND_LONG = 3_600_000;
/** Systems side by side: most of a scenario is waiting. */
const LANES = 2;

/** Replays histories in its own process, which vitest's loader cannot do: `npm run chaos` does. */
const NOT_HERE = 'new-workflow-version';

/** With `ACKNOWLEDGE=actor` where stations see something else. */
const jobs = scenarios
  .filter(({ name, isLong, possible }) => name !== NOT_HERE && !isLong && possible?.() !== false)
  .flatMap((scenario) => modesOf(scenario).map((mode) => ({ scenario, mode })));

interface Lane {
  system: System;
  fresh: boolean;
}

describe.concurrent('nothing lost, nothing twice', () => {
  const lanes: Lane[] = [];
  const idle: Lane[] = [];
  /** In the order in which they came: who wants more than one is not passed by for ever. */
  const waiting: { count: number; take: (lanes: Lane[]) => void }[] = [];

  beforeAll(async () => {
    const systems = await Promise.all(Array.from({ length: LANES }, () => System.start()));
    lanes.push(...systems.map((system) => ({ system, fresh: false })));
    giveBack(lanes);
  }, LONG);

  afterAll(async () => {
    await Promise.all(lanes.map(({ system }) => system.dispose()));
  }, LONG);

  for (const { scenario, mode } of jobs) {
    it(`${scenario.fault} (ACKNOWLEDGE=${mode})`, ({ expect }) => through(scenario, mode, expect), WAIT_AND_LONG);
  }

  async function through(scenario: Scenario, mode: Mode, expect: typeof import('vitest').expect): Promise<void> {
    const taken = await new Promise<Lane[]>((take) => {
      waiting.push({ count: scenario.alone ? LANES : 1, take });
      serveWaiting();
    });
    // Only when it has really ended: another one on the same system would suffer from its fault.
    const ended = on(taken[0] as Lane, scenario, mode).finally(() => giveBack(taken));
    expect(await withinLong(ended, scenario)).toEqual([]);
  }

  /** Resolves to the differences. */
  async function on(lane: Lane, scenario: Scenario, mode: Mode): Promise<string[]> {
    await lane.system.serve({ ACKNOWLEDGE: mode, ...scenario.environment }, { fresh: lane.fresh });
    lane.fresh = true;
    const { differences } = await runScenario(lane.system, scenario, { mode, seed: 1, short: true });
    lane.fresh = differences.length > 0;
    return differences;
  }

  function giveBack(some: Lane[]): void {
    idle.push(...some);
    serveWaiting();
  }

  function serveWaiting(): void {
    for (let [next] = waiting; next && next.count <= idle.length; [next] = waiting) {
      waiting.shift();
      next.take(idle.splice(-next.count));
    }
  }
});

async function withinLong<T>(ended: Promise<T>, { name }: Scenario): Promise<T> {
  const clock = new AbortController();
  const late = sleep(LONG, undefined, { signal: clock.signal }).then(() => {
    throw new Error(`${name} has not ended ${LONG / 1_000} s after it had its system`);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    late.catch(() => undefined);
    clock.abort();
  }
}

function modesOf({ expected }: Scenario): Mode[] {
  const modes = Object.keys(expected) as Mode[];
  const same = expected.actor?.during === expected.journal?.during;
  return modes.filter((mode) => mode === 'journal' || !same);
}
