import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Journal } from '../../src/edge/journal.ts';
import { ActorNotFound, Outbox, type Deliver, type OutboxOptions } from '../../src/edge/outbox.ts';
import type { Ahead, EventBatch } from '../../workflows/events.ts';
import { connected, disconnected, malformed, openJournal, silent, temporaryDirectory } from './journalEvents.ts';

/** Five of them make a batch. */
const EVENT = malformed('x'.repeat(400));
/** A charge point with so many is not taken for a live one. */
const MANY = 110;
const SMALL_BATCHES: Partial<OutboxOptions> = { batchBytes: 2_000, maxInFlight: 4 };

let directory: string;
let remove: () => void;
let journal: Journal;
let outbox: Outbox;
let deliveries: { chargePointId: string; batch: EventBatch }[];
/** Awaited in each delivery, so that what happens in the middle of a backlog does not depend on time. */
let afterDelivery: () => void | Promise<void>;

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
  journal = openJournal(directory);
  deliveries = [];
  afterDelivery = () => undefined;
});

afterEach(async () => {
  await outbox.stop();
  await journal.close();
  remove();
});

describe('Outbox with a backlog', () => {
  it('delivers a live message after few deliveries, though 300 charge points drain a backlog', async () => {
    outbox = newOutbox(SMALL_BATCHES);
    await fill(300, 40);
    let sentAfter = Infinity;
    afterDelivery = async () => {
      if (deliveries.length !== 500) return;
      await journal.append('live', malformed('1')).flushed;
      sentAfter = deliveries.length;
    };
    outbox.start();
    await allDelivered();
    const at = deliveries.findIndex(({ chargePointId }) => chargePointId === 'live');
    expect(at).toBeGreaterThanOrEqual(sentAfter);
    expect(at - sentAfter).toBeLessThan(10);
  });

  it('drains a backlog though live charge points never stop', async () => {
    // Time stands still: what is live stays so, however long the disk takes for it.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    outbox = newOutbox({ ...SMALL_BATCHES, maxInFlight: 1 });
    await fill(1, 40);
    let live = 0;
    // For every delivery two new live ones: the live ones alone would take all turns.
    afterDelivery = () => {
      if (delivered('backlog0') === 40 || live > 1_000) return;
      journal.append(`live${live++}`, malformed('1'));
      return journal.append(`live${live++}`, malformed('1')).flushed;
    };
    for (let n = 0; n < 50; n++) journal.append(`live${live++}`, malformed('1'));
    await journal.store.settled();
    outbox.start();
    await expect.poll(() => delivered('backlog0'), { timeout: 60_000 }).toBe(40);
    const end = deliveries.findLastIndex(({ chargePointId }) => chargePointId === 'backlog0');
    const turns = deliveries.slice(0, end + 1).filter(({ chargePointId }) => chargePointId === 'backlog0').length;
    expect(end + 1).toBeLessThanOrEqual(turns * 5 + 1);
    await allDelivered();
  });

  it('keeps what all backlogs have delivered and not yet persisted short, but lets live ones pass', async () => {
    outbox = newOutbox({ ...SMALL_BATCHES, backlogCredit: 20 });
    await fill(50, MANY);
    outbox.start();
    await expect.poll(() => outbox.hasBlocked()).toBe(true);
    expect(outbox.backlog().events).toBeGreaterThan(50 * MANY - 100);
    const before = deliveries.length;
    for (let n = 0; n < 10; n++) await journal.append(`live${n}`, malformed('1')).flushed;
    await expect.poll(() => delivered('live9')).toBe(1);
    const backlogs = deliveries.slice(before).filter(({ chargePointId }) => chargePointId.startsWith('backlog'));
    expect(backlogs.length).toBeLessThan(10);
    // Without this there would be one a second.
    persistEverything();
    const persistedAfter = deliveries.length;
    await expect.poll(() => deliveries.length, { timeout: 3_000 }).toBeGreaterThan(persistedAfter + 3);
  });

  it('goes on slowly with the backlogs though nobody says that anything is persisted', async () => {
    outbox = newOutbox({ ...SMALL_BATCHES, backlogCredit: 1 });
    await fill(5, MANY);
    outbox.start();
    await expect.poll(() => outbox.hasBlocked()).toBe(true);
    const before = deliveries.length;
    await expect.poll(() => deliveries.length).toBeGreaterThan(before);
  });

  it('tells ahead which connections are open, of all charge points before anybody has a second batch', async () => {
    outbox = newOutbox(SMALL_BATCHES);
    await fill(30, MANY, '1-1');
    for (let n = 0; n < 30; n++) {
      journal.append(`backlog${n}`, disconnected('1-1'));
      if (n % 2 === 0) journal.append(`backlog${n}`, connected('1-2'));
    }
    await journal.store.settled();
    outbox.start();
    await allDelivered();
    const first = deliveries.slice(0, 30);
    expect(new Set(first.map(({ chargePointId }) => chargePointId)).size).toBe(30);
    for (const { chargePointId, batch } of first) {
      const isOpen = Number(chargePointId.slice('backlog'.length)) % 2 === 0;
      const last = MANY + (isOpen ? 3 : 2);
      expect(batch.ahead).toEqual({ upTo: { [journal.id]: last }, open: isOpen ? [open('1-2')] : [] });
    }
    // Once is enough.
    expect(deliveries.slice(30).filter(({ batch }) => batch.ahead !== undefined)).toEqual([]);
  });

  it('tells it again when a connection opens or ends meanwhile, and not for other events', async () => {
    outbox = newOutbox({ ...SMALL_BATCHES, maxInFlight: 1 });
    await fill(1, 60, '1-1');
    journal.append('backlog0', connected('1-2'));
    await journal.store.settled();
    const later = [malformed('nothing new'), disconnected('1-1'), connected('1-3')];
    afterDelivery = () => {
      const event = deliveries.length % 3 === 0 ? later.shift() : undefined;
      if (event !== undefined) return journal.append('backlog0', event).flushed;
    };
    outbox.start();
    await allDelivered();
    expect(later).toEqual([]);
    expect(aheads('backlog0').map((ahead) => ahead.open.map(({ connection }) => connection))).toEqual([
      ['1-1', '1-2'],
      ['1-2'],
      ['1-2', '1-3'],
    ]);
  });

  it('lets a charge point that reconnects meanwhile go first among the backlogs', async () => {
    outbox = newOutbox(SMALL_BATCHES);
    await fill(100, MANY);
    let flushedAfter = Infinity;
    let flushed: Promise<void> | undefined;
    afterDelivery = async () => {
      // No delivery ends before it is on the disk: the backlogs do not drain meanwhile.
      if (deliveries.length !== 150) return flushed;
      ({ flushed } = journal.append('backlog20', connected('1-2')));
      await flushed;
      flushedAfter = deliveries.length;
    };
    outbox.start();
    await allDelivered();
    const told = deliveries.findIndex(({ batch }) => batch.ahead !== undefined);
    expect(deliveries[told]).toMatchObject({ chargePointId: 'backlog20', batch: { ahead: { open: [open('1-2')] } } });
    expect(told - flushedAfter).toBeLessThan(10);
  });

  it('tells nothing ahead where a batch takes everything, or where no connection changed', async () => {
    outbox = newOutbox(SMALL_BATCHES);
    await fill(3, 20);
    journal.append('small', connected('1-1'));
    await journal.store.settled();
    outbox.start();
    await allDelivered();
    expect(deliveries.filter(({ batch }) => batch.ahead !== undefined)).toEqual([]);
  });

  it('knows that the connections of earlier boots are over', async () => {
    const before = journal.id;
    await fill(1, 20, '0-1');
    await journal.close();
    journal = openJournal(directory);
    outbox = newOutbox(SMALL_BATCHES);
    await journal.closeOpenConnections();
    await journal.append('backlog0', connected('1-1')).flushed;
    outbox.start();
    await allDelivered();
    expect(aheads('backlog0')).toEqual([{ upTo: { [before]: 21, [journal.id]: 2 }, open: [open('1-1')] }]);
  });

  it('tells it again to an actor that was started anew', async () => {
    let gone = false;
    outbox = newOutbox({
      ...SMALL_BATCHES,
      deliver: (chargePointId, text, { start }) => {
        if (gone && !start) return Promise.reject(new ActorNotFound(chargePointId));
        gone = deliveries.length === 2;
        return record(chargePointId, text, { start });
      },
    });
    await fill(1, 60, '1-1');
    journal.append('backlog0', connected('1-2'));
    await journal.store.settled();
    outbox.start();
    await allDelivered();
    expect(aheads('backlog0')).toHaveLength(2);
  });
});

function newOutbox(options: Partial<OutboxOptions>): Outbox {
  return new Outbox({ journal, deliver: record, log: silent, ...options });
}

/** Charge points `backlog<n>` with as many events, after a `connected` if one is given. */
async function fill(stations: number, events: number, connection?: string): Promise<void> {
  for (let n = 0; n < stations; n++) {
    if (connection !== undefined) journal.append(`backlog${n}`, connected(connection));
    for (let event = 0; event < events; event++) journal.append(`backlog${n}`, EVENT);
  }
  await journal.store.settled();
}

function open(connection: string): Ahead['open'][number] {
  return { connection, journal: journal.id, taskQueue: 'edge', openedAt: '2026-01-01T00:00:00.000Z' };
}

const record: Deliver = async (chargePointId, batchText) => {
  deliveries.push({ chargePointId, batch: JSON.parse(batchText) as EventBatch });
  await afterDelivery();
  await new Promise(setImmediate);
};

function aheads(chargePointId: string): Ahead[] {
  return deliveries.flatMap(({ chargePointId: id, batch }) => (id === chargePointId && batch.ahead) || []);
}

function delivered(chargePointId: string): number {
  return deliveries.findLast((one) => one.chargePointId === chargePointId)?.batch.events.at(-1)?.seq ?? 0;
}

function persistEverything(): void {
  for (const { chargePointId, journal: of, delivered: upTo } of Array.from(outbox.unpersisted())) {
    outbox.persisted(chargePointId, of, upTo);
  }
}

/** Persists, and checks that each stream came gapless and in order. */
async function allDelivered(): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (outbox.backlog().events > 0) {
    if (Date.now() > deadline) throw new Error(`not delivered: ${JSON.stringify(outbox.backlog())}`);
    persistEverything();
    await sleep(2);
  }
  const seen = new Map<string, number>();
  for (const { chargePointId, batch } of deliveries) {
    const key = `${batch.journal} ${chargePointId}`;
    expect(batch.after).toBe(seen.get(key) ?? 0);
    seen.set(key, batch.events.at(-1)?.seq ?? 0);
  }
}
