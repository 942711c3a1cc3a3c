/** The edge's disk: its journal at its limit, the disk full, its data folder restored from an older copy, or copied. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { copyFolder } from '../../test/support/copyFolder.ts';
import { settledDifferences } from '../../test/support/ledgerCheck.ts';
import { answerTo } from '../operator.ts';
import type { Scenario, World } from '../scenario.ts';
import { until } from '../system.ts';

/** A small disk of the edge's own (MB). */
const DISK_MB = 160;

export const disks: Scenario[] = [
  {
    name: 'journal-full',
    fault: 'TimescaleDB away until the journal (64 MB) is at its limit, then there again',
    expected: { journal: { during: 'served', servedWithin: 60 } },
    seeds: 1,
    alone: true,
    environment: { JOURNAL_LIMIT_MB: '64' },
    async run({ system, load, note, short }) {
      await system.database.down();
      const filler = new Filler(system.edge.url, `fill-${load.prefix}`);
      try {
        await filler.untilUnanswered(short ? 180_000 : 300_000);
        const { journal } = await system.health();
        note(`full after ${filler.answered} large messages, health of the journal ${journal.ok ? 'ok' : 'not ok'}`);
        // Transactions have a share of their own: the load goes on.
        await load.more(load.stations.length, 30_000);
      } finally {
        await system.database.up();
      }
      await filler.answeredAgain();
      await filler.stored(system);
    },
  },
  {
    name: 'disk-full',
    fault: `the edge's disk (${DISK_MB} MB) filled up by a neighbour for 20 s, then space again`,
    expected: { journal: { during: 'served', servedWithin: 60 } },
    seeds: 1,
    possible: canMount,
    run: diskFull,
  },
  {
    name: 'edge-folder-old',
    fault: "the edge's data folder restored from a copy that is 15 s old",
    expected: {
      journal: {
        during: 'served',
        servedWithin: 15,
        lost: 'what was answered just before and was still waiting in the journal',
      },
    },
    async run({ system, load, lasts, mayLose }) {
      const copy = path.join(system.directory, 'edge-copy');
      await copyFolder(system.edge.dataDir, copy, system.edge.pid);
      await lasts(15_000);
      await load.more(load.stations.length);
      // What was answered before the oldest that waits, its Temporal has: it needs no journal any more.
      const asked = Date.now();
      const { backlog } = await system.health();
      await system.edge.end('SIGKILL');
      const killed = Date.now();
      await rm(system.edge.dataDir, { recursive: true });
      await cp(copy, system.edge.dataDir, { recursive: true });
      await system.edge.start();
      mayLose(asked - (backlog.oldestMs ?? 0), killed);
    },
  },
  {
    name: 'edge-folder-copied',
    fault: "the edge's data folder copied to a second edge, which serves other stations beside the first",
    expected: { journal: { during: 'answered', servedWithin: 5 } },
    async run({ system, load, outage, mode }) {
      const second = await system.program('edge', { ACKNOWLEDGE: mode });
      await copyFolder(system.edge.dataDir, second.dataDir, system.edge.pid);
      await second.start();
      const ledger = newLedger();
      const prefix = `second-${load.prefix}`;
      const stations = [1, 2, 3].map(
        (i) => new Station({ url: second.url, chargePointId: `${prefix}${i}`, onCall: answerTo }),
      );
      const sessions = stations.map(async (station) => {
        const charging = new Charging(station, ledger, { idTag: 'TAG', paceMs: 50 });
        await charging.boot();
        await charging.transaction();
        await charging.transaction();
      });
      await outage(15_000);
      await Promise.all(sessions);
      const [difference] = await settledDifferences(system.sql, ledger, prefix, 60_000);
      for (const station of stations) station.stop();
      await second.end('SIGTERM');
      if (difference) throw new Error(difference);
    },
  },
];

async function diskFull({ system, load, note, lasts }: World): Promise<void> {
  const disk = path.join(system.directory, 'small-disk');
  await mkdir(disk, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
  if (mounted.status !== 0)
    throw new Error(`a small disk cannot be mounted (root is needed): ${mounted.stderr.toString()}`);
  try {
    await system.edge.end('SIGTERM');
    await cp(system.edge.dataDir, disk, { recursive: true });
    system.edge.environment.DATA_DIR = disk;
    await system.edge.start();
    await load.more(load.stations.length, 30_000);
    const neighbour = path.join(disk, 'neighbour');
    fill(neighbour);
    await lasts(20_000);
    const { status, journal } = await system.health();
    note(`health with the disk full: ${status}, journal ${journal.ok ? 'ok' : journal.reason}`);
    rmSync(neighbour);
    await load.more(load.stations.length, 60_000);
    // Back on its own disk, with everything it had.
    await system.edge.end('SIGTERM');
    system.edge.environment.DATA_DIR = system.edge.dataDir;
    await rm(system.edge.dataDir, { recursive: true, force: true });
    await cp(disk, system.edge.dataDir, { recursive: true });
    await system.edge.start();
  } finally {
    system.edge.environment.DATA_DIR = system.edge.dataDir;
    spawnSync('umount', ['-l', disk]);
  }
}

function canMount(): boolean {
  const directory = mkdtempSync(path.join(tmpdir(), 'ocpp-actors-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]).status === 0;
  if (mounted) spawnSync('umount', [directory]);
  rmdirSync(directory);
  return mounted;
}

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(65_536, 1));
  } catch {
    // Full.
  }
}

/** A station that fills the journal with large messages that are no transaction's. */
class Filler {
  answered = 0;
  readonly #station: Station;
  readonly #vendorId = 'x'.repeat(200);

  constructor(url: string, chargePointId: string) {
    this.#station = new Station({ url, chargePointId, answerTimeoutMs: 3_000 });
  }

  async untilUnanswered(withinMs: number): Promise<void> {
    const end = Date.now() + withinMs;
    await this.#station.connect();
    while (Date.now() < end) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => this.#say()));
      const answered = replies.filter((reply) => reply !== undefined).length;
      this.answered += answered;
      if (answered < replies.length) return;
    }
    throw new Error(`the journal took ${this.answered} large messages and was not full`);
  }

  async answeredAgain(): Promise<void> {
    await until(
      'what is no transaction is answered again',
      async () => {
        await this.#station.connect();
        if ((await this.#say()) === undefined) return false;
        this.answered += 1;
        return true;
      },
      120_000,
    );
  }

  /** Everything that was answered is a row. */
  async stored(system: World['system']): Promise<void> {
    const { chargePointId } = this.#station;
    await until(
      `${this.answered} large messages are stored`,
      async () => {
        const [row] = await system.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM message WHERE charge_point_id = ${chargePointId} AND action = 'DataTransfer'`;
        if ((row?.n ?? 0) < this.answered) throw new Error(`${row?.n} are`);
        return true;
      },
      300_000,
    );
    this.#station.stop();
    await sleep(100);
  }

  #say() {
    return this.#station.tryCall('DataTransfer', { vendorId: this.#vendorId, data: 'x'.repeat(100_000) });
  }
}
