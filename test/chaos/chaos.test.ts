import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../chaos/run.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { scenarios } from '../../chaos/scenarios/table.ts';
import { System, type Mode } from '../../chaos/system.ts';

const LONG = 300_000;

/** Those that take seconds; `npm run chaos -- --short` does all. With `ACKNOWLEDGE=actor` where stations see something else. */
const IN_SECONDS = [
  'edge-killed',
  'worker-killed',
  'everything-killed',
  'temporal-killed',
  'temporal-down',
  'temporal-hangs',
  'temporal-store-lost',
  'database-killed',
  'database-down',
  'database-hangs',
  'database-read-only',
  'actors-terminated',
  'actors-cancelled',
  'actors-reset',
  'actors-garbage',
];
const jobs = scenarios
  .filter(({ name }) => IN_SECONDS.includes(name))
  .flatMap((scenario) => modesOf(scenario).map((mode) => ({ scenario, mode })));

describe.sequential('nothing lost, nothing twice', () => {
  let system: System;
  let fresh = false;

  beforeAll(async () => {
    system = await System.start();
  }, LONG);

  afterAll(async () => {
    await system?.dispose();
  }, LONG);

  for (const { scenario, mode } of jobs) {
    it(`${scenario.fault} (ACKNOWLEDGE=${mode})`, () => through(scenario, mode), LONG);
  }

  async function through(scenario: Scenario, mode: Mode): Promise<void> {
    await system.serve({ ACKNOWLEDGE: mode, ...scenario.environment }, { fresh });
    fresh = true;
    const { differences } = await runScenario(system, scenario, { mode, seed: 1, short: true });
    expect(differences).toEqual([]);
    fresh = false;
  }
});

function modesOf({ expected }: Scenario): Mode[] {
  const modes = Object.keys(expected) as Mode[];
  const same = expected.actor?.during === expected.journal?.during;
  return modes.filter((mode) => mode === 'journal' || !same);
}
