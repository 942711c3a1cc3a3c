/** TimescaleDB killed, away, hanging, slow, read-only, and restored from an older copy. */
import path from 'node:path';
import { openSql } from '../system.ts';
import type { Expected, Scenario } from '../scenario.ts';

const answered: Expected = { during: 'answered', servedWithin: 5 };
/** Temporal takes the events as ever: whether the database has them makes no difference to the answer. */
const same = { journal: answered, actor: answered };

export const database: Scenario[] = [
  {
    name: 'database-killed',
    fault: 'TimescaleDB killed, its init system starts it again',
    expected: same,
    async run({ system, outage }) {
      system.database.kill();
      await outage(5_000);
    },
  },
  {
    name: 'database-down',
    fault: 'TimescaleDB killed and away for 60 s',
    expected: same,
    async run({ system, outage }) {
      await system.database.down();
      await outage(60_000);
      await system.shownAsAway('database');
      await system.database.up();
    },
  },
  {
    name: 'database-hangs',
    fault: 'TimescaleDB stopped (SIGSTOP) for 30 s: it neither answers nor refuses',
    expected: same,
    async run({ system, outage }) {
      system.database.pause();
      try {
        await outage(30_000);
        await system.shownAsAway('database');
      } finally {
        system.database.resume();
      }
    },
  },
  {
    name: 'database-slow',
    fault: '300 ms added to everything to and from TimescaleDB for 30 s',
    expected: same,
    async run({ system, outage }) {
      system.database.gate.delayMs = 300;
      try {
        await outage(30_000);
      } finally {
        system.database.gate.delayMs = 0;
      }
    },
  },
  {
    name: 'database-read-only',
    fault: 'TimescaleDB refuses to write for 30 s',
    expected: same,
    async run({ system, outage }) {
      const set = async (value: 'on' | 'off') => {
        const sql = openSql(system.databaseUrl(system.database.port));
        await sql.unsafe(`SET default_transaction_read_only = ${value}`);
        await sql.end();
      };
      await set('on');
      try {
        await outage(30_000);
      } finally {
        await set('off');
      }
    },
  },
  {
    name: 'database-restored',
    fault: 'TimescaleDB restored from a copy that is 15 s old',
    expected: {
      journal: { ...answered, lost: "what the copy does not have and the edge's journal no longer has" },
      actor: { ...answered, lost: "what the copy does not have and the edge's journal no longer has" },
    },
    async run({ system, lasts, load, mayLose, mayLoseCommands }) {
      const copy = path.join(system.directory, 'database-copy');
      const copied = Date.now() - 30_000;
      await system.database.copy(copy);
      await lasts(15_000);
      await load.more(load.stations.length);
      await system.database.restore(copy);
      mayLose(copied, Date.now());
      mayLoseCommands(copied, Date.now());
    },
  },
];
