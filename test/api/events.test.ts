import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiTest, boot, newId, OPERATOR_TOKEN } from './support.ts';

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

interface Received {
  event: string;
  id: string;
  data: { chargePointId: string; kind: string; data: Record<string, unknown> };
}

/** A client as browsers have it: keeps the last id, and comes back with it. */
class Follower {
  readonly received: Received[] = [];
  lastEventId: string | undefined;
  readonly #query: string;
  #abort = new AbortController();

  constructor(query: string, lastEventId?: string) {
    this.#query = query;
    this.lastEventId = lastEventId;
  }

  /** Resolves when it follows. */
  async open(): Promise<void> {
    this.#abort = new AbortController();
    const response = await fetch(`${test.url}/v1/events?${this.#query}`, {
      headers: {
        Authorization: `Bearer ${OPERATOR_TOKEN}`,
        ...(this.lastEventId ? { 'Last-Event-ID': this.lastEventId } : {}),
      },
      signal: this.#abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await new Promise<void>((resolve) => void this.#read(response, resolve));
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response, onStart: () => void): Promise<void> {
    let text = '';
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) this.#take(block, onStart);
      }
    } catch {
      // Cut off: the test opens it again.
    }
  }

  #take(block: string, onStart: () => void): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const id = field('id');
    if (id === undefined) return;
    this.lastEventId = id;
    onStart();
    const data = field('data');
    if (data === undefined) return;
    this.received.push({ event: field('event') ?? '', id, data: JSON.parse(data) as Received['data'] });
  }
}

async function statuses(chargePointId: string, names: string[]): Promise<void> {
  const station = test.station(chargePointId);
  for (const status of names) {
    await station.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status, info: status });
  }
  station.stop();
}

const seen = (follower: Follower) => follower.received.map(({ data }) => data.data.info ?? data.data.status);

describe('GET /v1/events', () => {
  it('tells what changes from now on, of one charge point and one kind', async () => {
    const id = newId('events');
    const [all, status] = [new Follower(`chargePointId=${id}`), new Follower(`chargePointId=${id}&kind=status`)];
    await statuses(id, ['Available']);
    // Stored in this order: its status, and that it is gone.
    await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).body.online as boolean).toBe(false);
    await Promise.all([all.open(), status.open()]);
    const station = test.station(id);
    await station.call('BootNotification', boot);
    await station.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging', info: 'x' });
    await statuses(newId('other'), ['Available']);
    await expect.poll(() => seen(status), { timeout: 20_000 }).toEqual(['x']);
    expect(status.received[0]).toMatchObject({
      event: 'status',
      id: expect.stringMatching(/^\d+-\d+$/),
      data: { chargePointId: id, kind: 'status', data: { connectorId: 1, status: 'Charging' } },
    });
    await expect.poll(() => new Set(all.received.map(({ event }) => event))).toEqual(new Set(['presence', 'status']));
    expect(all.received.every(({ data }) => data.chargePointId === id)).toBe(true);
    all.close();
    status.close();
  });

  it('goes on exactly where it was, over a restart of the program', async () => {
    const id = newId('resume');
    const follower = new Follower(`chargePointId=${id}&kind=status`);
    await follower.open();
    const names = (from: number) => Array.from({ length: 10 }, (_, i) => `n${from + i}`);
    const send = async (from: number) => {
      const station = test.station(id);
      for (const info of names(from)) {
        await station.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', info });
      }
      station.stop();
    };
    await send(0);
    await expect.poll(() => seen(follower).length, { timeout: 20_000 }).toBeGreaterThan(3);
    follower.close();
    await send(10);
    await test.program.end('SIGTERM');
    await test.program.start();
    await follower.open();
    await send(20);
    await expect.poll(() => seen(follower).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(30);
    expect(seen(follower)).toEqual([...names(0), ...names(10), ...names(20)]);
    follower.close();
    // Also from any event in between, with the query as well as with the header.
    const middle = follower.received[14]!;
    const again = new Follower(`chargePointId=${id}&kind=status&lastEventId=${middle.id}`);
    await again.open();
    await expect.poll(() => seen(again).length).toBe(15);
    expect(seen(again)).toEqual([...names(10).slice(5), ...names(20)]);
    again.close();
  });

  it('says that some may be missing where they are too old to be kept, and goes on with the oldest', async () => {
    const id = newId('gap');
    await statuses(id, ['Available']);
    await expect
      .poll(() => test.sql`SELECT id FROM event WHERE charge_point_id = ${id} AND kind = 'status'`)
      .toHaveLength(1);
    // As the retention leaves it.
    await test.sql`DELETE FROM event WHERE (xid, id) < (SELECT xid, id FROM event WHERE charge_point_id = ${id} AND kind = 'status')`;
    const follower = new Follower(`chargePointId=${id}&kind=status`, '3-1');
    await follower.open();
    await expect.poll(() => follower.received.map(({ event }) => event)).toEqual(['gap', 'status']);
    follower.close();
    const foreign = new Follower(`chargePointId=${id}&kind=status`, '999999999999-1');
    await foreign.open();
    await expect.poll(() => foreign.received.map(({ event }) => event)).toEqual(['gap', 'status']);
    foreign.close();
  });

  it('cuts off a client that does not read, and serves the others', async () => {
    const id = newId('slow');
    const reader = new Follower(`chargePointId=${id}`);
    await reader.open();
    const sleeper = connect(test.program.ports.api, '127.0.0.1');
    await once(sleeper, 'connect');
    sleeper.write(
      `GET /v1/events?chargePointId=${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`,
    );
    await once(sleeper, 'readable');
    const cut = new Promise((resolve) => sleeper.once('close', resolve).once('error', resolve));
    const [rounds, each] = [12, 1_000];
    for (let round = 0; round < rounds; round += 1) {
      await test.sql`
        INSERT INTO event (charge_point_id, kind, data)
        SELECT ${id}, 'status', json_build_object('info', n, 'x', repeat('x', 1500)) FROM generate_series(1, ${each}) n`;
      await expect.poll(() => reader.received.length, { timeout: 20_000 }).toBe((round + 1) * each);
    }
    // What is gone answers to bytes that are sent to it.
    const knocking = setInterval(() => sleeper.write('\r\n'), 50);
    await cut;
    clearInterval(knocking);
    sleeper.destroy();
    reader.close();
  });
});
