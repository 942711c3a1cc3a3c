/** Stations that are a trouble to a server: they send what nobody can store, or do not read what they are sent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { usage } from '../../bench/processes.ts';
import type { Random } from '../../src/simulator/random.ts';
import { Station } from '../../src/simulator/station.ts';
import { answerTo } from '../operator.ts';
import type { Expected, Scenario, World } from '../scenario.ts';
import { until } from '../system.ts';
import { meanwhile } from './meanwhile.ts';

const answered: Expected = { during: 'answered', servedWithin: 5 };

export const stations: Scenario[] = [
  {
    name: 'poisoned-events',
    fault:
      'stations among the others send NUL, lone surrogates, numbers out of range and times of the years 1 and 9999, no event dies of it',
    expected: { journal: answered, actor: answered },
    async run(world) {
      const { system, load, random, short, note } = world;
      const prefix = `poison-${load.prefix}`;
      const url = system.edge.url;
      const poisoners = [1, 2, 3].map((i) => {
        const station = new Station({ url, chargePointId: `${prefix}${i}`, answerTimeoutMs: 20_000 });
        return { station, random: random.fork(`poison ${i}`), sent: 0 };
      });
      for (const { station } of poisoners) {
        await station.call('BootNotification', { chargePointVendor: 'P\u0000', chargePointModel: '\udfff' });
      }
      const poisoning = poisoners.map((each) => async () => {
        await poison(each.station, each.random, ++each.sent);
        await sleep(short ? 30 : 60);
      });
      await meanwhile(world, 60_000, ...poisoning);
      const sent = poisoners.reduce((sum, each) => sum + each.sent, 0);
      const stored = async () => {
        const [row] = await system.sql<{ n: number }[]>`
          SELECT count(DISTINCT charge_point_id || coalesce(message_id, substring(raw FROM 'poison-[0-9]+')))::int AS n
          FROM message
          WHERE starts_with(charge_point_id, ${prefix}) AND (message_id LIKE 'poison-%' OR raw LIKE '%"poison-%')`;
        return row?.n ?? 0;
      };
      await until(`${sent} poisoned messages are stored`, async () => (await stored()) >= sent, 60_000);
      if ((await stored()) !== sent) throw new Error(`${sent} poisoned messages have ${await stored()} rows`);
      const dead = await system.sql<{ key: string; reason: string }[]>`
        SELECT key, reason FROM dead_event WHERE starts_with(charge_point_id, ${prefix})`;
      if (dead.length > 0) throw new Error(`${dead.length} dead events, as: ${JSON.stringify(dead.slice(0, 3))}`);
      for (const { station } of poisoners) station.stop();
      note(`${sent} poisoned messages stored, no dead event`);
    },
  },
  {
    name: 'station-deaf',
    fault:
      'a station with commands waiting for it goes on sending and reads nothing, until the edge gives it up (in the short form: until it is cut)',
    expected: { journal: answered, actor: answered },
    async run(world) {
      const { system, load, outage, short, note } = world;
      const before = usage(system.edge.pid).megabytes;
      let most = before;
      const measuring = setInterval(() => (most = Math.max(most, usage(system.edge.pid).megabytes)), 200);
      const deaf = new Deaf(`deaf-${load.prefix}`, system.edge.url);
      const isDeaf = async () => {
        await deaf.sendUntilStuck(short ? FEW : Infinity);
        if (short) {
          // A socket that is cut may take what the edge has not read yet with it.
          await until(
            'something of it is stored',
            async () => (await rowsOf(world, deaf)).length > 0,
            STORED_WITHIN_MS,
          );
          deaf.cut();
        }
        const given = async () => (await system.health()).connections === load.stations.length;
        await until('its connection has ended', given, GIVEN_UP_WITHIN_MS, 500);
      };
      try {
        await deaf.boot();
        for (const data of ['1', '2', '3']) {
          const submission = {
            action: 'DataTransfer',
            payload: { vendorId: 'org.example', data },
            requestedBy: 'chaos',
          };
          await system.actors.submit(deaf.chargePointId, submission);
        }
        for (const result of await Promise.allSettled([outage(60_000), isDeaf()])) {
          if (result.status === 'rejected') throw result.reason;
        }
        if (most - before > MOST_MEGABYTES) throw new Error(`the edge grew from ${before} to ${most} MB`);
        const ended = Date.now();
        const closed = () => closeOf(world, deaf);
        await until('what it sent is stored', async () => (await closed()) !== undefined, STORED_WITHIN_MS, 500);
        const storing = Math.round((Date.now() - ended) / 1_000);
        const stored = await storedInOrder(world, deaf);
        await hearsAgain(world, deaf);
        const { statuses, heartbeats } = deaf;
        note(
          `${heartbeats} Heartbeats and ${statuses} StatusNotifications sent, ${stored} of these read, stored within ${storing} s; ` +
            `closed with ${(await closed())?.code}; edge ${before} to ${most} MB`,
        );
      } finally {
        clearInterval(measuring);
        deaf.cut();
      }
    },
  },
];

/** A message that no database can hold as it is. */
async function poison(station: Station, random: Random, n: number): Promise<void> {
  const id = `poison-${n}`;
  const timestamp = new Date().toISOString();
  const text = random.pick(['a\u0000b', 'a\ud800b', '\udc00', '\u0000'.repeat(50), '\uffff\u0001']);
  const time = random.pick([
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '-000001-01-01T00:00:00Z',
    `+275760-09-13`,
  ]);
  const number = random.pick(['92233720368547758070', '1e400', '-1e308', '1e-400', '99999999999999999999999999']);
  const status = { connectorId: 1, status: 'Charging', errorCode: 'NoError', timestamp };
  const reading = (value: string, at: string) => ({ timestamp: at, sampledValue: [{ value: String(n) }, { value }] });
  const [action, payload] = random.pick<[string, object]>([
    ['StatusNotification', { ...status, info: `${text} ${n}`, vendorId: text, vendorErrorCode: text }],
    ['StatusNotification', { ...status, timestamp: time, info: String(n) }],
    ['StatusNotification', { ...status, connectorId: '#', info: String(n) }],
    ['MeterValues', { connectorId: 1, meterValue: [reading(text, timestamp)] }],
    ['MeterValues', { connectorId: 1, meterValue: [reading(number, timestamp), reading('NaN', time)] }],
    ['MeterValues', { connectorId: 1, transactionId: '#', meterValue: [reading('1', timestamp)] }],
    ['StartTransaction', { connectorId: 1, idTag: text, meterStart: '#', timestamp }],
    ['StartTransaction', { connectorId: '#', idTag: String(n), meterStart: n, timestamp: time }],
    ['StopTransaction', { transactionId: '#', meterStop: n, timestamp, reason: text }],
    ['DataTransfer', { vendorId: text, messageId: text, data: `${text} ${n}` }],
    [`No\ud800such`, { text, n }],
  ]);
  const frame = JSON.stringify([2, id, action, payload]).replaceAll('"#"', number);
  for (let attempt = 1; attempt <= 5; attempt++) {
    await station.connect();
    if (await station.tryText(frame, id)) return;
  }
  throw new Error(`${station.chargePointId} was not answered: ${frame.slice(0, 300)}`);
}

/** Heartbeats of the short form: they fill no buffer. */
const FEW = 1_500;
/** Three intervals of pings, and the one it is in. */
const GIVEN_UP_WITHIN_MS = 200_000;
/** One station's events are delivered one signal after the other: what fills the buffers takes minutes. */
const STORED_WITHIN_MS = 400_000;
/** A CALL whose answer is not seen is given up after 120 s, and what waits behind it has its turn then. */
const ENDED_WITHIN_MS = 180_000;
/** What one station that does not read may cost. */
const MOST_MEGABYTES = 150;
/** In its own socket, unsent. */
const STUCK_BYTES = 1_000_000;

/** A station on a connection that it can stop reading. */
class Deaf {
  readonly chargePointId: string;
  readonly url: string;
  statuses = 0;
  heartbeats = 0;
  #socket: WebSocket | undefined;

  constructor(chargePointId: string, url: string) {
    this.chargePointId = chargePointId;
    this.url = url;
  }

  /** Reads until its boot is answered, then never again. */
  async boot(): Promise<void> {
    const socket = new WebSocket(`${this.url}/${this.chargePointId}`, ['ocpp1.6'], { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('error', () => {});
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const reply = new Promise((resolve) => socket.once('message', resolve));
    socket.send(JSON.stringify([2, 'boot', 'BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' }]));
    await reply;
    socket.pause();
  }

  /**
   * Mostly Heartbeats with long ids: their answers are long, and wait for no journal. Resolves when the connection has
   * ended, or when the edge reads no more.
   *
   * @param most Heartbeats
   */
  async sendUntilStuck(most: number): Promise<void> {
    const socket = this.#socket as WebSocket;
    let moving = Date.now();
    while (socket.readyState === WebSocket.OPEN && Date.now() - moving < 3_000 && this.heartbeats < most) {
      if (socket.bufferedAmount < STUCK_BYTES) {
        moving = Date.now();
        for (let i = 0; i < 100; i++) {
          socket.send(JSON.stringify([2, `${++this.heartbeats}-`.padEnd(255, '.'), 'Heartbeat', {}]));
        }
        const status = { connectorId: 1, status: 'Available', errorCode: 'NoError', info: String(++this.statuses) };
        socket.send(JSON.stringify([2, String(this.statuses), 'StatusNotification', status]));
      }
      await sleep(50);
    }
  }

  cut(): void {
    this.#socket?.terminate();
  }
}

async function closeOf({ system }: World, { chargePointId }: Deaf): Promise<{ code: number } | undefined> {
  const [row] = await system.sql<{ code: number }[]>`
    SELECT close_code AS code FROM connection WHERE charge_point_id = ${chargePointId} AND closed_at IS NOT NULL`;
  return row;
}

function rowsOf({ system }: World, { chargePointId }: Deaf) {
  return system.sql<{ id: number }[]>`
    SELECT message_id::int AS id FROM message
    WHERE charge_point_id = ${chargePointId} AND action = 'StatusNotification' ORDER BY journal, seq`;
}

/** What the edge has read is stored once and without a gap. Resolves to how many. */
async function storedInOrder(world: World, deaf: Deaf): Promise<number> {
  const { chargePointId, statuses } = deaf;
  const rows = await rowsOf(world, deaf);
  const inOrder = rows.every(({ id }, i) => id === i + 1);
  if (!inOrder || rows.length === 0 || rows.length > statuses) {
    throw new Error(`${chargePointId} sent 1 to ${statuses}, stored are ${JSON.stringify(rows.map(({ id }) => id))}`);
  }
  return rows.length;
}

/** On its next connection it reads: it is answered, and its commands come to an end, each with one CALL at most. */
async function hearsAgain({ system }: World, { chargePointId, url }: Deaf): Promise<void> {
  const station = new Station({ url, chargePointId, onCall: answerTo });
  try {
    await station.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    const states = () => system.sql<{ state: string; ended: boolean }[]>`
      SELECT state, ended_at IS NOT NULL AS ended FROM command WHERE charge_point_id = ${chargePointId}`;
    await until('its commands have ended', async () => (await states()).every(({ ended }) => ended), ENDED_WITHIN_MS);
    const completed = (await states()).filter(({ state }) => state === 'completed').length;
    if ((await states()).length !== 3 || station.received.length !== completed) {
      throw new Error(`${station.received.length} CALLs received for ${JSON.stringify(await states())}`);
    }
  } finally {
    station.stop();
  }
}
