/** Temporal killed, away, hanging, and its store lost or restored from an older copy. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UNSTORED_MS, type Expected, type Scenario } from '../scenario.ts';

/** An actor that stores nothing is restarted with its fourth delivery in vain: after 10, 20, 40 and 80 s. */
const UNTIL_RESTARTED_MS = 220_000;

const answered: Expected = { during: 'answered', servedWithin: 5 };
const unanswered: Expected = { during: 'unanswered', servedWithin: 30 };

export const temporal: Scenario[] = [
  {
    name: 'temporal-killed',
    fault: 'Temporal killed, its init system starts it again',
    expected: { journal: answered, actor: { during: 'served', servedWithin: 30 } },
    async run({ system, outage }) {
      system.temporal.kill();
      await outage(5_000);
    },
  },
  {
    name: 'temporal-down',
    fault: 'Temporal killed and away for 60 s',
    expected: { journal: answered, actor: unanswered },
    async run({ system, outage }) {
      await system.temporal.down();
      await outage(60_000);
      await system.shownAsAway('temporal');
      await system.temporal.up();
    },
  },
  {
    name: 'temporal-hangs',
    fault: 'Temporal stopped (SIGSTOP) for 30 s: it neither answers nor refuses',
    expected: { journal: answered, actor: unanswered },
    async run({ system, outage }) {
      system.temporal.pause();
      try {
        await outage(30_000);
        await system.shownAsAway('temporal');
      } finally {
        system.temporal.resume();
      }
    },
  },
  {
    name: 'temporal-store-lost',
    fault: "Temporal's store lost while the database hangs: what Temporal had accepted is nowhere but in the journal",
    expected: {
      journal: { ...answered, lost: 'commands taken in the last seconds before, that the database did not have' },
      actor: { during: 'served', servedWithin: 30, lost: 'commands taken in the last seconds before' },
    },
    async run({ system, lasts, mayLoseCommands, load }) {
      const from = Date.now();
      system.database.pause();
      await lasts(10_000);
      await load.more(load.stations.length);
      mayLoseCommands(from - UNSTORED_MS, Date.now() + 30_000);
      const restored = system.temporal.restore();
      await sleep(1_000);
      system.database.resume();
      await restored;
    },
  },
  {
    name: 'temporal-store-old',
    fault: "Temporal's store restored from a copy that is 15 s old, and the workers started anew, which remember more",
    expected: { journal: answered, actor: { during: 'served', servedWithin: 30 } },
    async run({ system, lasts, load }) {
      const copy = path.join(system.directory, 'temporal-copy');
      await system.temporal.copy(copy);
      await lasts(15_000);
      await load.more(load.stations.length);
      await system.temporal.restore(copy);
      await system.worker.end('SIGKILL');
      await system.restart(system.worker);
    },
  },
  {
    name: 'temporal-older-than-workers',
    isLong: true,
    fault: "Temporal's store restored from a copy that is 15 s old, and the workers stay, which remember more",
    expected: { journal: answered, actor: { during: 'served', servedWithin: 30 } },
    async run({ system, lasts, load, note }) {
      const copy = path.join(system.directory, 'temporal-copy');
      await system.temporal.copy(copy);
      await lasts(15_000);
      await load.more(load.stations.length);
      const restored = new Date();
      await system.temporal.restore(copy);
      // Stuck actors are found while others move on.
      await sleep(UNTIL_RESTARTED_MS);
      const ended = `ExecutionStatus = 'Terminated' AND CloseTime > '${restored.toISOString()}'`;
      const { count } = await system.client.workflow.count(ended);
      note(`${count} actors were stuck, and restarted by the edge`);
    },
  },
];
