/** Our own processes killed: the edge, the worker, both, everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario, World } from '../scenario.ts';

const restarted = { during: 'served', servedWithin: 15 } as const;

export const processes: Scenario[] = [
  {
    name: 'edge-killed',
    fault: 'edge killed 20 times in a row, at random moments of its journal writes, and started again at once',
    expected: { journal: restarted, actor: restarted },
    async run({ system, times, random, load }) {
      for (let kill = 0; kill < times(20); kill++) {
        await system.edge.end('SIGKILL');
        await system.restart(system.edge);
        // Sometimes while its stations still come back, sometimes in the middle of their messages.
        if (random.chance(0.7)) await load.more(load.stations.length, 30_000);
        await sleep(random.between(0, 400));
      }
    },
  },
  {
    name: 'worker-killed',
    fault: 'worker killed 5 times in a row, and started again',
    expected: {
      journal: { during: 'answered', servedWithin: 5 },
      actor: { during: 'answered', servedWithin: 5 },
    },
    async run({ system, times, random, outage }) {
      for (let kill = 0; kill < times(5); kill++) {
        await system.worker.end('SIGKILL');
        await outage(random.between(500, 6_000));
        await system.restart(system.worker);
        await sleep(random.between(0, 2_000));
      }
    },
  },
  {
    name: 'edge-and-worker-killed',
    fault: 'edge and worker killed at the same time, 3 times',
    expected: { journal: restarted, actor: restarted },
    async run({ system, times, random, load }) {
      for (let kill = 0; kill < times(3); kill++) {
        await Promise.all([system.edge.end('SIGKILL'), system.worker.end('SIGKILL')]);
        await Promise.all([system.restart(system.edge), system.restart(system.worker)]);
        await load.more(load.stations.length, 30_000);
        await sleep(random.between(0, 2_000));
      }
    },
  },
  {
    name: 'everything-killed',
    fault: 'edge, worker, Temporal and TimescaleDB killed at the same moment',
    expected: { journal: restarted, actor: { during: 'served', servedWithin: 30 } },
    run: everythingKilled,
  },
];

async function everythingKilled({ system, random }: World): Promise<void> {
  await sleep(random.between(0, 1_000));
  const ended = [system.edge.end('SIGKILL'), system.worker.end('SIGKILL')];
  system.temporal.kill();
  system.database.kill();
  await Promise.all(ended);
  await Promise.all([system.restart(system.edge), system.restart(system.worker)]);
}
