import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/edge/journal.ts';
import { ActorNotFound, Outbox, type Deliver, type OutboxOptions } from '../../src/edge/outbox.ts';
import type { EventBatch } from '../../workflows/events.ts';
import {
  callResult,
  callSent,
  connected,
  malformed,
  message,
  openJournal,
  silent,
  temporaryDirectory,
} from './journalEvents.ts';

interface Delivery {
  chargePointId: string;
  start: boolean;
  batch: EventBatch;
}

let directory: string;
let remove: () => void;
let journal: Journal;
let outbox: Outbox;
let deliveries: Delivery[];

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
  journal = openJournal(directory);
  deliveries = [];
});

afterEach(async () => {
  await outbox.stop();
  await journal.close();
  remove();
});

describe('Outbox', () => {
  it('delivers what was flushed, in order, and says what it follows', async () => {
    startOutbox();
    journal.append('A', connected('1-1'));
    await journal.append('A', malformed('2')).flushed;
    await delivered('A', 2);
    await journal.append('A', malformed('3')).flushed;
    await delivered('A', 3);
    expect(deliveries.map(({ batch }) => [batch.journal, batch.after, batch.events.map(({ seq }) => seq)])).toEqual([
      [journal.id, 0, [1, 2]],
      [journal.id, 2, [3]],
    ]);
    await expect.poll(() => outbox.backlog()).toEqual({ events: 0, stations: 0, inFlight: 0, window: 4 });
  });

  it('gathers what comes until the database has confirmed what went before', async () => {
    startOutbox();
    await bornActor('A');
    await journal.append('A', malformed('2')).flushed;
    await delivered('A', 2);
    // In one turn: the rest need not outlast several flushes.
    await Promise.all(['3', '4', '5'].map((raw) => journal.append('A', malformed(raw)).flushed));
    expect(deliveries).toHaveLength(2);
    outbox.persisted('A', journal.id, 2);
    await delivered('A', 5);
    expect(deliveries.at(-1)?.batch.events).toHaveLength(3);
  });

  it('gathers no longer than a moment where no confirmation comes', async () => {
    startOutbox();
    await bornActor('A');
    for (const seq of [2, 3, 4]) {
      await journal.append('A', malformed(String(seq))).flushed;
      await delivered('A', seq);
    }
  });

  it('delivers how a CALL ended at once, together with the CALL, whatever is not confirmed', async () => {
    startOutbox();
    await bornActor('A');
    await journal.append('A', callSent('one')).flushed;
    await journal.append('A', callResult('one')).flushed;
    await delivered('A', 3);
    expect(deliveries.at(-1)?.batch.events).toHaveLength(2);
    await journal.append('A', callSent('two')).flushed;
    const { flushed } = journal.append('A', callResult('two'));
    await flushed;
    await delivered('A', 5);
    expect([...outbox.unpersisted()]).toMatchObject([{ delivered: 5, persisted: 1 }]);
  });

  it('delivers a CALL without its answer after a moment', async () => {
    startOutbox();
    await bornActor('A');
    await journal.append('A', callSent('one')).flushed;
    expect(deliveries).toHaveLength(1);
    await delivered('A', 2);
  });

  it('delivers at once what an answer waits for', async () => {
    startOutbox({ liveWindow: { least: 1, most: 1 } });
    for (const each of ['A', 'B']) await bornActor(each);
    await journal.append('A', malformed('2')).flushed;
    await delivered('A', 2);
    const { seq, flushed } = journal.append('B', malformed('2'));
    await flushed;
    await outbox.accepted('B', seq);
    expect(deliveries.at(-1)).toMatchObject({ chargePointId: 'B', batch: { after: 1 } });
  });

  it('lets what is urgent go on at once, too, where it comes while a delivery is under way', async () => {
    let release = (): void => undefined;
    let held: Promise<void> | undefined;
    startOutbox({
      // Nothing goes out while A's delivery is held, however long that takes.
      maxInFlight: 1,
      deliver: async (chargePointId, batchText, options) => {
        await record(chargePointId, batchText, options);
        if (chargePointId === 'A') await held;
      },
    });
    for (const each of ['A', 'B']) await bornActor(each);
    await journal.append('B', malformed('2')).flushed;
    await delivered('B', 2);
    held = new Promise((resolve) => (release = resolve));
    await journal.append('A', malformed('2')).flushed;
    await delivered('A', 2);
    // It rests, unconfirmed, and comes later than what is urgent, though its rest is over sooner.
    await journal.append('B', malformed('3')).flushed;
    await journal.append('A', callResult('one')).flushed;
    held = undefined;
    release();
    await delivered('A', 3);
    await delivered('B', 3);
    expect(deliveries.slice(-2).map(({ chargePointId }) => chargePointId)).toEqual(['A', 'B']);
  });

  it('counts as accepted what the database has, though the answer to its delivery was lost', async () => {
    startOutbox({
      deliver: async (...delivery) => {
        await record(...delivery);
        if (deliveries.length > 1) throw new Error('no answer');
      },
      backoff: { first: 600_000, most: 600_000 },
    });
    await bornActor('A');
    const { seq, flushed } = journal.append('A', malformed('2'));
    await flushed;
    const accepted = outbox.accepted('A', seq);
    await delivered('A', seq);
    outbox.persisted('A', journal.id, seq);
    await accepted;
  });

  it('lets few live charge points have deliveries that are not confirmed', async () => {
    startOutbox({ liveWindow: { least: 2, most: 2 } });
    const all = ['A', 'B', 'C', 'D'];
    for (const each of all) await bornActor(each);
    for (const each of all) journal.append(each, malformed('2'));
    await journal.store.settled();
    await expect.poll(() => deliveries.length, { interval: 2 }).toBe(6);
    const [first, second] = deliveries.slice(4).map(({ chargePointId }) => chargePointId);
    outbox.persisted(first as string, journal.id, 2);
    outbox.persisted(second as string, journal.id, 2);
    await expect.poll(() => deliveries.length, { interval: 2 }).toBe(8);
  });

  it('starts the actor at the first delivery and at every new connection, and signals otherwise', async () => {
    startOutbox();
    for (const event of [malformed('1'), malformed('2'), connected('1-2'), malformed('4')]) {
      const { seq, flushed } = journal.append('A', event);
      await flushed;
      await delivered('A', seq);
    }
    expect(deliveries.map(({ start }) => start)).toEqual([true, false, true, false]);
  });

  it('starts an actor that is not found, at once', async () => {
    let gone = false;
    startOutbox({
      deliver: (chargePointId, text, options) => {
        if (gone && !options.start) return Promise.reject(new ActorNotFound(chargePointId));
        return record(chargePointId, text, options);
      },
      backoff: { first: 60_000, most: 60_000 },
    });
    await journal.append('A', malformed('1')).flushed;
    await delivered('A', 1);
    gone = true;
    await journal.append('A', malformed('2')).flushed;
    await delivered('A', 2);
    expect(deliveries.at(-1)).toMatchObject({ start: true, batch: { after: 1 } });
  });

  it('delivers leftovers of earlier boots first, each under its own journal', async () => {
    const ids = [journal.id];
    await journal.append('A', connected('1-1')).flushed;
    for (const raw of ['second', 'third']) {
      await journal.close();
      journal = openJournal(directory);
      ids.push(journal.id);
      if (raw === 'second') await journal.append('A', malformed(raw)).flushed;
    }
    outbox = newOutbox();
    await journal.closeOpenConnections();
    await journal.append('A', malformed('third')).flushed;
    outbox.start();
    await outbox.drained();
    expect(deliveries.map(({ batch, start }) => [batch.journal, batch.events.map(({ kind }) => kind), start])).toEqual([
      [ids[0], ['connected'], true],
      [ids[1], ['malformed'], false],
      [ids[2], ['disconnected', 'malformed'], false],
    ]);
  });

  it('lets heartbeats ride along, and sends them alone only after a while', async () => {
    startOutbox({ heartbeatMs: 2_000 });
    await journal.append('A', malformed('1')).flushed;
    await delivered('A', 1);
    await journal.append('A', message('Heartbeat')).flushed;
    await journal.append('A', message('Heartbeat')).flushed;
    await sleep(50);
    expect(deliveries).toHaveLength(1);
    expect(outbox.backlog()).toMatchObject({ events: 2, stations: 0 });
    await journal.append('A', malformed('4')).flushed;
    await delivered('A', 4);
    expect(deliveries).toHaveLength(2);
    await journal.append('A', message('Heartbeat')).flushed;
    await delivered('A', 5);
  });

  it('sends heartbeats too when it is drained', async () => {
    startOutbox();
    await journal.append('A', message('Heartbeat')).flushed;
    await outbox.drained();
    expect(deliveries).toHaveLength(1);
  });

  it('stops at the credit, and goes on when the events are persisted', async () => {
    startOutbox({ credit: { events: 10, bytes: 1e6 } });
    let blocked = 0;
    outbox.onBlocked(() => blocked++);
    for (let count = 0; count < 25; count++) journal.append('A', malformed(String(count)));
    await journal.store.settled();
    await delivered('A', 10);
    await expect.poll(() => blocked).toBe(1);
    expect(outbox.backlog()).toMatchObject({ events: 15, stations: 1 });
    expect([...outbox.unpersisted()]).toEqual([
      { chargePointId: 'A', journal: journal.id, delivered: 10, persisted: 0 },
    ]);
    outbox.persisted('A', journal.id, 4);
    await delivered('A', 14);
    outbox.persisted('A', journal.id, 14);
    await delivered('A', 24);
    outbox.persisted('A', journal.id, 24);
    await delivered('A', 25);
  });

  it('stops at the credit of bytes, and lets one larger event through', async () => {
    startOutbox({ credit: { events: 500, bytes: 5_000 }, batchBytes: 2_000 });
    for (let count = 0; count < 3; count++) journal.append('A', malformed('x'.repeat(10_000)));
    await journal.store.settled();
    await delivered('A', 1);
    await expect.poll(() => outbox.hasBlocked()).toBe(true);
    outbox.persisted('A', journal.id, 1);
    await delivered('A', 2);
  });

  it('says so when it delivers again', async () => {
    startOutbox();
    for (let count = 0; count < 3; count++) await journal.append('A', malformed(String(count))).flushed;
    await outbox.drained();
    const before = deliveries.length;
    outbox.persisted('A', journal.id, 1);
    expect(outbox.redeliver('A', journal.id, 1)).toBe(true);
    await outbox.drained();
    expect(deliveries.slice(before)).toMatchObject([{ start: true, batch: { after: 1, redelivered: true } }]);
    await journal.append('A', malformed('4')).flushed;
    await outbox.drained();
    expect(deliveries.at(-1)?.batch).toEqual({
      journal: journal.id,
      after: 3,
      events: [expect.objectContaining({ seq: 4 })],
    });
  });

  it('does not let a busy charge point delay the others', async () => {
    startOutbox({ maxInFlight: 1, batchBytes: 1_000 });
    for (let count = 0; count < 400; count++) journal.append('busy', malformed('x'.repeat(400)));
    await journal.store.settled();
    await expect.poll(() => deliveries.length, { interval: 1 }).toBeGreaterThan(0);
    for (let station = 0; station < 5; station++) journal.append(`calm${station}`, malformed('1'));
    await journal.store.settled();
    const before = deliveries.length;
    await outbox.drained();
    const next = deliveries.slice(before, before + 8).map(({ chargePointId }) => chargePointId);
    expect(next.filter((id) => id.startsWith('calm'))).toHaveLength(5);
  });

  it('does not hammer Temporal while it is away, and goes on by itself', async () => {
    let attempts = 0;
    let away = true;
    startOutbox({
      deliver: (...delivery) => {
        attempts++;
        return away ? Promise.reject(new Error('unavailable')) : record(...delivery);
      },
      backoff: { first: 20, most: 100 },
    });
    for (let station = 0; station < 2_000; station++) journal.append(`CP${station}`, malformed('1'));
    await journal.store.settled();
    await expect.poll(() => attempts).toBeGreaterThan(17);
    const before = attempts;
    await sleep(500);
    expect(attempts - before).toBeLessThan(15);
    expect(outbox.backlog()).toMatchObject({ events: 2_000, stations: 2_000 });
    away = false;
    await outbox.drained();
    expect(new Set(deliveries.map(({ chargePointId }) => chargePointId)).size).toBe(2_000);
  });

  it('leaves the others alone when one charge point cannot be delivered to', async () => {
    startOutbox({
      deliver: (chargePointId, ...rest) =>
        chargePointId === 'odd' ? Promise.reject(new Error('odd')) : record(chargePointId, ...rest),
      backoff: { first: 1, most: 5 },
    });
    await journal.append('odd', malformed('1')).flushed;
    await sleep(100);
    const { flushed } = journal.append('A', malformed('1'));
    await flushed;
    const since = performance.now();
    await delivered('A', 1);
    expect(performance.now() - since).toBeLessThan(1_000);
  });
});

function newOutbox(options: Partial<OutboxOptions> = {}): Outbox {
  return new Outbox({ journal, deliver: record, log: silent, ...options });
}

function startOutbox(options: Partial<OutboxOptions> = {}): void {
  outbox = newOutbox(options);
  outbox.start();
}

const record: Deliver = async (chargePointId, batchText, { start }) => {
  deliveries.push({ chargePointId, start, batch: JSON.parse(batchText) as EventBatch });
  await new Promise(setImmediate);
};

/** Its first event is delivered and stored. */
async function bornActor(chargePointId: string): Promise<void> {
  await journal.append(chargePointId, connected('1-1')).flushed;
  await delivered(chargePointId, 1);
  outbox.persisted(chargePointId, journal.id, 1);
}

async function delivered(chargePointId: string, seq: number): Promise<void> {
  await expect
    .poll(() => deliveries.findLast((one) => one.chargePointId === chargePointId)?.batch.events.at(-1)?.seq, {
      interval: 2,
    })
    .toBe(seq);
}
