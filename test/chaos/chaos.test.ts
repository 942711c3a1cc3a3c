import { afterAll, beforeAll, describe, it } from 'vitest';
import { runScenario } from '../../chaos/run.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { scenarios } from '../../chaos/scenarios/table.ts';
import { System, type Mode } from '../../chaos/system.ts';

/** The wait for a system included. */
const LONG = 900_000;
/** Systems side by side: most of a scenario is waiting. */
const LANES = 2;

/** Replays histories in its own process, which vitest's loader cannot do: `npm run chaos` does. */
const NOT_HERE = 'new-workflow-version';

/** With `ACKNOWLEDGE=actor` where stations see something else. */
const jobs = scenarios
  .filter(({ name, isLong, possible }) => name !== NOT_HERE && !isLong && possible?.() !== false)
  .flatMap((scenario) => modesOf(scenario).map((mode) => ({ scenario, mode })));

describe.concurrent('nothing lost, nothing twice', () => {
  const lanes: { system: System; fresh: boolean }[] = [];
  const idle: typeof lanes = [];
  const waiting: ((lane: (typeof lanes)[number]) => void)[] = [];

  beforeAll(async () => {
    const systems = await Promise.all(Array.from({ length: LANES }, () => System.start()));
    lanes.push(...systems.map((system) => ({ system, fresh: false })));
    idle.push(...lanes);
  }, LONG);

  afterAll(async () => {
    await Promise.all(lanes.map(({ system }) => system.dispose()));
  }, LONG);

  for (const { scenario, mode } of jobs) {
    it(`${scenario.fault} (ACKNOWLEDGE=${mode})`, ({ expect }) => through(scenario, mode, expect), LONG);
  }

  async function through(scenario: Scenario, mode: Mode, expect: typeof import('vitest').expect): Promise<void> {
    const lane = idle.pop() ?? (await new Promise<(typeof lanes)[number]>((resolve) => waiting.push(resolve)));
    try {
      await lane.system.serve({ ACKNOWLEDGE: mode, ...scenario.environment }, { fresh: lane.fresh });
      lane.fresh = true;
      const { differences } = await runScenario(lane.system, scenario, { mode, seed: 1, short: true });
      expect(differences).toEqual([]);
      lane.fresh = false;
    } finally {
      const next = waiting.shift();
      if (next) next(lane);
      else idle.push(lane);
    }
  }
});

function modesOf({ expected }: Scenario): Mode[] {
  const modes = Object.keys(expected) as Mode[];
  const same = expected.actor?.during === expected.journal?.during;
  return modes.filter((mode) => mode === 'journal' || !same);
}
