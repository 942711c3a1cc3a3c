/** What happens to sockets: cut with CALLs in flight, flapping, half open, two of one id; and thousands that boot at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { answerTo } from '../operator.ts';
import type { Expected, Scenario, World } from '../scenario.ts';
import { until } from '../system.ts';

const served: Expected = { during: 'served', servedWithin: 5 };
const answered: Expected = { during: 'answered', servedWithin: 5 };

export const connections: Scenario[] = [
  {
    name: 'tcp-cut',
    fault: 'TCP connections cut 300 times at random moments, with CALLs in flight in both directions',
    expected: { journal: served, actor: { during: 'served', servedWithin: 15 } },
    load: { station: { reconnectMs: 50, onCall: answerTo } },
    async run({ load, random, times }) {
      for (let cut = 0; cut < times(300); cut++) {
        random.pick(load.stations).cut();
        await sleep(random.between(0, 150));
      }
    },
  },
  {
    name: 'flapping',
    fault: 'three stations connect, boot and are cut again ten times a second for 20 s; the others charge',
    expected: { journal: answered },
    run: flapping,
  },
  {
    name: 'half-open',
    fault: 'connections lost without a word, as with mobile data: the stations come back, the old sockets stay open',
    expected: { journal: served },
    async run({ load, random, times }) {
      for (let lost = 0; lost < times(30); lost++) {
        random.pick(load.stations).abandon();
        await sleep(random.between(100, 800));
      }
    },
  },
  {
    name: 'two-sockets',
    fault: 'a second socket of the same id beside the first one, which is used in turn and closed again, for 20 s',
    expected: { journal: answered },
    run: twoSockets,
  },
  {
    name: 'boot-storm',
    fault: '5,000 connected stations lose their edge, come back at once and boot',
    expected: { journal: { during: 'served', servedWithin: 60 } },
    seeds: 1,
    alone: true,
    environment: { MAX_CACHED_WORKFLOWS: '6000' },
    run: bootStorm,
  },
];

async function flapping({ system, load, lasts, outage, note }: World): Promise<void> {
  const prefix = `flap-${load.prefix}`;
  const stations = Array.from({ length: 3 }, (_, i) => station(system.edge.url, `${prefix}${i}`));
  const over = new AbortController();
  const flaps = stations.map(async (flapper) => {
    while (!over.signal.aborted) {
      await flapper.connect();
      void flapper.tryCall('BootNotification', BOOT);
      await sleep(50);
      flapper.cut();
      await sleep(50);
    }
  });
  await outage(20_000);
  over.abort();
  await Promise.all(flaps);
  await Promise.all(stations.map((flapper) => new Charging(flapper, newLedger(), { idTag: 'TAG' }).boot()));
  note(`${stations.reduce((sum, { connects }) => sum + connects, 0)} connections of 3 flapping stations`);
  try {
    await until('each flapping station is shown with one open connection', () => oneOpen(prefix), 60_000);
  } finally {
    for (const flapper of stations) flapper.stop();
  }
  await lasts(1_000);

  async function oneOpen(ids: string): Promise<boolean> {
    const rows = await system.sql<{ online: boolean; open: number }[]>`
      SELECT online, (SELECT count(*)::int FROM connection AS c
        WHERE c.charge_point_id = p.charge_point_id AND closed_at IS NULL) AS open
      FROM charge_point AS p WHERE starts_with(charge_point_id, ${ids})`;
    return rows.length === 3 && rows.every(({ online, open }) => online && open === 1);
  }
}

async function twoSockets({ system, load, outage, random }: World): Promise<void> {
  const seconds = load.stations.slice(0, 4).map(({ chargePointId }) => station(system.edge.url, chargePointId));
  load.others.push(...seconds);
  const over = new AbortController();
  const talk = seconds.map(async (second) => {
    while (!over.signal.aborted) {
      await second.connect();
      for (let said = 0; said < 5 && !over.signal.aborted; said++) {
        await second.tryCall('Heartbeat', {});
        await sleep(random.between(50, 300));
      }
      if (random.chance(0.5)) second.cut();
      else second.close();
      await sleep(random.between(0, 300));
    }
  });
  await outage(20_000);
  over.abort();
  await Promise.all(talk);
  for (const second of seconds) second.stop();
}

async function bootStorm({ system, short, note }: World): Promise<void> {
  const count = short ? 300 : 5_000;
  const prefix = `storm-${Date.now().toString(36)}-`;
  const stations = Array.from({ length: count }, (_, i) => station(system.edge.url, `${prefix}${i}`));
  try {
    // As an installation grows, not all at once.
    const beganAt = Date.now();
    for (let from = 0; from < count; from += 100) await Promise.all(stations.slice(from, from + 100).map(boot));
    await until('all are shown as online', () => online(count, new Date(0)), 900_000, 1_000);
    note(`${count} actors born within ${Math.round((Date.now() - beganAt) / 1_000)} s`);

    const killedAt = Date.now();
    await system.edge.end('SIGKILL');
    const starting = system.edge.start();
    const storm = stations.map(async (each) => {
      await each.closed();
      await boot(each);
    });
    await starting;
    const startedAt = Date.now();
    await Promise.all(storm);
    note(`${count} boots answered ${((Date.now() - startedAt) / 1_000).toFixed(1)} s after the edge was up again`);
    await until('all are shown as booted again', () => online(count, new Date(killedAt)), 900_000, 1_000);
    note(`all shown as booted after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
  } finally {
    for (const each of stations) each.stop();
  }

  async function boot(each: Station): Promise<void> {
    const reply = await each.call('BootNotification', BOOT);
    if (!('result' in reply)) throw new Error(`${each.chargePointId}: BootNotification got ${reply.error}`);
  }

  async function online(expected: number, bootedSince: Date): Promise<boolean> {
    const [row] = await system.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM charge_point
      WHERE starts_with(charge_point_id, ${prefix}) AND online AND last_boot_at >= ${bootedSince.toISOString()}`;
    return row?.n === expected;
  }
}

const BOOT = { chargePointVendor: 'Simulated', chargePointModel: 'One', firmwareVersion: '1.0' };

function station(url: string, chargePointId: string): Station {
  return new Station({ url, chargePointId, reconnectMs: 100, answerTimeoutMs: 30_000, onCall: answerTo });
}
