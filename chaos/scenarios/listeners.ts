/** Those who follow the events over REST: some that read, some that stop reading. */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../../bench/processes.ts';
import { Station } from '../../src/simulator/station.ts';
import type { Scenario, World } from '../scenario.ts';
import { OPERATOR_TOKEN, until } from '../system.ts';

const LIVE = 4;
const STALLED = 20;
/** What the API's process may grow by, for all of its clients together. */
const MOST_MEGABYTES = 300;
/** From the commit of an event until a client has it (ms): the feed is read every half second. */
const MOST_DELAY_MS = 10_000;

export const listeners: Scenario[] = [
  {
    name: 'listeners-stall',
    fault: `${STALLED} of ${LIVE + STALLED} clients of GET /v1/events stop reading while much happens, and go on later`,
    expected: { journal: { during: 'answered', servedWithin: 5 } },
    async run(world) {
      const { system, load, short, outage, note } = world;
      const api = await system.program('api');
      const followers: Follower[] = [];
      let most = 0;
      let measuring: NodeJS.Timeout | undefined;
      try {
        await api.start();
        for (let i = 0; i < LIVE + STALLED; i++) followers.push(new Follower(api.ports.api));
        await until('every client follows', () => followers.every(({ last }) => last !== undefined), 30_000);
        const live = followers.slice(0, LIVE);
        const stalled = followers.slice(LIVE);
        const before = usage(api.pid).megabytes;
        measuring = setInterval(() => (most = Math.max(most, usage(api.pid).megabytes)), 200);
        await load.more(load.stations.length);

        for (const follower of stalled) follower.stall();
        const [much] = await Promise.all([muchHappens(world, short ? 100 : 200), outage(30_000)]);
        await allHaveAll(world, live);
        const delay = Math.max(...live.map((follower) => follower.greatestDelayMs));
        if (delay > MOST_DELAY_MS * (short ? 6 : 1))
          throw new Error(`clients that read had an event only ${delay} ms after it`);
        if (most - before > MOST_MEGABYTES) throw new Error(`the API grew from ${before} to ${most} MB`);
        const cut = `${before} to ${most} MB`;

        for (const follower of stalled) follower.resume();
        const resumed = Date.now();
        await allHaveAll(world, followers);
        const caughtUp = (Date.now() - resumed) / 1_000;
        const again = stalled.filter(({ connects }) => connects > 1).length;
        note(
          `${(much / 1e6).toFixed(1)} MB of events unread by ${STALLED}, ${again} of them cut off; API ${cut}, ${most} MB when all had caught up, after ${caughtUp.toFixed(1)} s; at most ${delay} ms late`,
        );
      } finally {
        clearInterval(measuring);
        for (const follower of followers) follower.end();
        await api.dispose();
      }
    },
  },
];

/** A client as browsers have it (EventSource): it comes back with the id of the last event it had. */
class Follower {
  last: string | undefined;
  connects = 0;
  greatestDelayMs = 0;
  /** From where on it has everything. */
  start: string | undefined;
  readonly #had = new Map<string, number>();
  readonly #port: number;
  #response: IncomingMessage | undefined;
  #stalledSince = Infinity;
  #ended = false;
  gaps = 0;

  constructor(port: number) {
    this.#port = port;
    this.#connect();
  }

  stall(): void {
    this.#response?.pause();
    this.#stalledSince = Date.now();
  }

  resume(): void {
    this.#response?.resume();
  }

  end(): void {
    this.#ended = true;
    this.#response?.destroy();
  }

  /** How often it had the event with that id. */
  had(id: string): number {
    return this.#had.get(id) ?? 0;
  }

  #connect(): void {
    if (this.#ended) return;
    const headers = {
      Authorization: `Bearer ${OPERATOR_TOKEN}`,
      ...(this.last === undefined ? {} : { 'Last-Event-ID': this.last }),
    };
    const again = () => setTimeout(() => this.#connect(), 200);
    const request = get({ host: '127.0.0.1', port: this.#port, path: '/v1/events', headers, agent: false });
    request.once('error', again).once('response', (response) => {
      request.off('error', again).on('error', () => {});
      this.#response = response;
      this.connects += 1;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#took(block);
      });
      response.on('error', () => {});
      response.once('close', again);
    });
  }

  #took(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const id = field('id');
    const data = field('data');
    if (field('event') === 'gap') this.gaps += 1;
    if (id === undefined) return;
    this.last = id;
    this.start ??= id;
    if (data === undefined) return;
    this.#had.set(id, this.had(id) + 1);
    const { at } = JSON.parse(data) as { at: string };
    if (this.#stalledSince === Infinity)
      this.greatestDelayMs = Math.max(this.greatestDelayMs, Date.now() - Date.parse(at));
  }
}

/**
 * Long messages, one after the other, of stations beside the load. Resolves to how long their events are (bytes). Each tells
 * something else: the same readings of the same millisecond would be one fact, said again.
 */
async function muchHappens({ system, load }: World, messages: number): Promise<number> {
  const prefix = `much-${load.prefix}`;
  const talking = [1, 2, 3, 4].map(async (i) => {
    const station = new Station({ url: system.edge.url, chargePointId: `${prefix}${i}` });
    await station.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    for (let n = 0; n < messages; n++) {
      const sampledValue = Array.from({ length: 80 }, (_, j) => ({
        value: String(80 * n + j),
        context: 'Sample.Periodic',
      }));
      const meterValue = [{ timestamp: new Date().toISOString(), sampledValue }];
      await station.call('MeterValues', { connectorId: 1, meterValue });
      if (n % 10 === 9) await sleep(20);
    }
    station.stop();
  });
  await Promise.all(talking);
  const told = async () => {
    const [row] = await system.sql<{ n: number; bytes: string | null }[]>`
      SELECT count(*)::int AS n, sum(length(data::text)) AS bytes FROM event
      WHERE starts_with(charge_point_id, ${prefix}) AND kind = 'meterValues'`;
    return row;
  };
  await until('what happened is told', async () => ((await told())?.n ?? 0) >= 4 * messages, 300_000);
  return Number((await told())?.bytes ?? 0);
}

/** Every event that there is now, each once. */
async function allHaveAll({ system }: World, followers: Follower[]): Promise<void> {
  const rows = await system.sql<{ xid: string; id: string }[]>`SELECT xid::text AS xid, id::text AS id FROM event`;
  for (const [i, follower] of followers.entries()) {
    const [xid, id] = (follower.start ?? '0-0').split('-').map(BigInt) as [bigint, bigint];
    const after = rows
      .filter((row) => BigInt(row.xid) > xid || (BigInt(row.xid) === xid && BigInt(row.id) > id))
      .map((row) => `${row.xid}-${row.id}`);
    const lacking = () => after.filter((position) => follower.had(position) === 0);
    await until(`client ${i + 1} has ${after.length} events`, () => lacking().length === 0, 120_000).catch(() => {
      throw new Error(`client ${i + 1} lacks ${lacking().length} of ${after.length} events, as ${lacking()[0]}`);
    });
    const twice = after.filter((position) => follower.had(position) > 1);
    if (twice.length > 0) throw new Error(`client ${i + 1} had ${twice.length} events twice, as ${twice[0]}`);
    if (follower.gaps > 0) throw new Error(`client ${i + 1} was told of a gap that there is not`);
  }
}
