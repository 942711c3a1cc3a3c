import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/edge/journal.ts';
import { Outbox, type Deliver } from '../../src/edge/outbox.ts';
import { Trimming, type Cursor, type TrimmingOptions } from '../../src/edge/trimming.ts';
import type { EventBatch } from '../../workflows/events.ts';
import { malformed, MANY, openJournal, silent, temporaryDirectory } from './journalEvents.ts';

let directory: string;
let remove: () => void;
let journal: Journal;
let outbox: Outbox;
let trimming: Trimming;
let batches: EventBatch[];
let cursors: Cursor[] | undefined;
let reads: number;
let dropped: number[];
let restarted: string[];
/** Up to which event each charge point's actor was given. */
let last: Map<string, number>;

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
  journal = openJournal(directory);
  batches = [];
  cursors = [];
  reads = 0;
  dropped = [];
  restarted = [];
  last = new Map();
});

afterEach(async () => {
  await stop();
  remove();
});

describe('Trimming', () => {
  it('trims the journal to what the database has stored', async () => {
    await start();
    await append(5);
    await outbox.drained();
    store(3);
    await expect.poll(() => seqsKept(journal.id)).toEqual([4, 5]);
    store(5);
    await expect.poll(() => [...outbox.unpersisted()]).toEqual([]);
    await expect.poll(() => seqsKept(journal.id)).toEqual([]);
  });

  it('asks for nothing when nothing is open', async () => {
    await start();
    await append(1);
    store(1);
    await outbox.drained();
    await expect.poll(() => [...outbox.unpersisted()]).toEqual([]);
    const before = reads;
    await sleep(100);
    expect(reads).toBe(before);
  });

  it('delivers again, patiently, what the cursor stays behind of', async () => {
    await start({ patience: { first: 100, most: 200 } });
    await append(4);
    await outbox.drained();
    store(2);
    await expect.poll(() => batches.filter((batch) => batch.redelivered).length).toBeGreaterThanOrEqual(3);
    for (const batch of batches.filter(({ redelivered }) => redelivered)) {
      expect(batch).toMatchObject({ after: 2, events: [{ seq: 3 }, { seq: 4 }] });
    }
    store(4);
    await expect.poll(() => seqsKept(journal.id)).toEqual([]);
    await expect.poll(() => [...outbox.unpersisted()]).toEqual([]);
    const before = batches.length;
    await sleep(300);
    expect(batches).toHaveLength(before);
  });

  it('doubles its patience each time', async () => {
    await start({ patience: { first: 100, most: 100_000 } });
    await append(1);
    await sleep(1_000); // after 100, 300 and 700 ms
    const redelivered = batches.filter((batch) => batch.redelivered).length;
    expect(redelivered).toBeGreaterThanOrEqual(1);
    expect(redelivered).toBeLessThanOrEqual(3);
  });

  it('is as patient as those that are stored by themselves need it', async () => {
    await start({ patience: { first: 3_000, most: 100_000 } });
    const startedAt = Date.now();
    journal.append('B', malformed('b'));
    await append(1);
    await sleep(2_000);
    cursors = [{ chargePointId: 'B', journal: journal.id, seq: 1 }];
    const took = Date.now() - startedAt;
    await expect.poll(() => batches.some((batch) => batch.redelivered), { timeout: 30_000 }).toBe(true);
    expect(Date.now() - startedAt).toBeGreaterThan(1.5 * took);
    expect(Date.now() - startedAt).toBeGreaterThan(3_500);
  }, 60_000);

  it('restarts an actor that stores nothing of what it is given again and again, while others store theirs', async () => {
    await start({ patience: { first: 20, most: 40 } });
    await append(4);
    store(2);
    await expect.poll(() => batches.filter((batch) => batch.redelivered).length).toBeGreaterThan(8);
    expect(restarted).toEqual([]);
    const storedUpTo = (seqOfA: number) => {
      cursors = [
        { chargePointId: 'A', journal: journal.id, seq: seqOfA },
        { chargePointId: 'B', journal: journal.id, seq: last.get('B') ?? 0 },
      ];
    };
    const othersMove = () => {
      storedUpTo(2);
      journal.append('B', malformed('b'));
    };
    const moving = setInterval(othersMove, 10);
    try {
      await expect.poll(() => restarted, { interval: 5 }).toEqual(['A']);
      await expect.poll(() => restarted, { interval: 5 }).toEqual(['A', 'A again']);
    } finally {
      clearInterval(moving);
    }
    await outbox.drained();
    storedUpTo(4);
    await expect.poll(() => [...outbox.unpersisted()]).toEqual([]);
    expect(restarted).toEqual(['A', 'A again']);
  });

  it('does not deliver again because the database is away', async () => {
    await start({ patience: { first: 100, most: 100 } });
    cursors = undefined;
    await append(4);
    await sleep(400);
    expect(batches.filter((batch) => batch.redelivered)).toEqual([]);
    expect(seqsKept(journal.id)).toEqual([1, 2, 3, 4]);
    cursors = [];
    store(4);
    await expect.poll(() => seqsKept(journal.id)).toEqual([]);
  });

  it('reads the cursors soon when a charge point waits for credit', async () => {
    await start(
      { interval: { normal: 60_000, soon: 10 }, readCursors: storeAll },
      { credit: { events: 5, bytes: 1e6 } },
    );
    await append(50);
    await expect.poll(() => batches.at(-1)?.events.at(-1)?.seq).toBe(50);
  });

  it('begins after a restart where the database stands', async () => {
    const [old] = [journal.id];
    await append(5);
    await journal.close();
    journal = openJournal(directory);
    cursors = [{ chargePointId: 'A', journal: old, seq: 3 }];
    await start();
    await outbox.drained();
    expect(batches).toMatchObject([{ journal: old, after: 3, events: [{ seq: 4 }, { seq: 5 }] }]);
  });

  it('begins after a restart at the first event kept when the database is away', async () => {
    const [old] = [journal.id];
    await append(5);
    journal.trim(old, 'A', 2);
    await journal.close();
    journal = openJournal(directory);
    cursors = undefined;
    await start();
    await outbox.drained();
    expect(batches).toMatchObject([{ journal: old, after: 2, events: [{ seq: 3 }, { seq: 4 }, { seq: 5 }] }]);
  });

  it('does not wait at the start for a database that hangs', async () => {
    await append(1);
    await journal.close();
    journal = openJournal(directory);
    await start({ readCursors: () => sleep(1_000, []), startTimeoutMs: 50 });
    await outbox.drained();
    expect(batches).toHaveLength(1);
  });

  it('closes the journal of an earlier boot when all of it is stored', async () => {
    const [old] = [journal.id];
    await append(2);
    await journal.close();
    journal = openJournal(directory);
    await start({ closeAfterMs: 50 });
    await outbox.drained();
    await sleep(100);
    expect(dropped).toEqual([]);
    cursors = [{ chargePointId: 'A', journal: old, seq: 2 }];
    await expect.poll(() => dropped).toEqual([old]);
    await expect.poll(() => journal.oldJournals()).toEqual([]);
  });

  it('forgets, but does not close, a journal that has gone on beside this copy of its folder', async () => {
    const [old] = [journal.id];
    await append(2);
    await journal.close();
    journal = openJournal(directory);
    cursors = [{ chargePointId: 'A', journal: old, seq: 5 }];
    await start({ closeAfterMs: 50 });
    await expect.poll(() => journal.oldJournals()).toEqual([]);
    expect(dropped).toEqual([]);
  });
});

async function start(options: Partial<TrimmingOptions> = {}, outboxOptions = {}): Promise<void> {
  outbox = new Outbox({ journal, deliver, log: silent, ...outboxOptions });
  trimming = new Trimming({
    journal,
    outbox,
    readCursors: () => {
      reads++;
      return cursors === undefined ? Promise.reject(new Error('away')) : Promise.resolve(cursors);
    },
    restartActor: (chargePointId, again) => {
      restarted.push(again ? `${chargePointId} again` : chargePointId);
      return Promise.resolve();
    },
    closeAfterMs: 600_000,
    dropCursors: (id) => {
      dropped.push(id);
      return Promise.resolve();
    },
    log: silent,
    interval: { normal: 10, soon: 10 },
    ...options,
  });
  await trimming.start();
  outbox.start();
}

async function stop(): Promise<void> {
  await trimming.stop();
  await outbox.stop();
  await journal.close();
}

const deliver: Deliver = async (chargePointId, batchText) => {
  const batch = JSON.parse(batchText) as EventBatch;
  batches.push(batch);
  last.set(chargePointId, batch.events.at(-1)?.seq ?? 0);
  await new Promise(setImmediate);
};

function store(seq: number): void {
  cursors = [{ chargePointId: 'A', journal: journal.id, seq }];
}

/** The database has everything that was delivered. */
function storeAll(): Promise<Cursor[]> {
  store(batches.at(-1)?.events.at(-1)?.seq ?? 0);
  return Promise.resolve(cursors ?? []);
}

async function append(count: number): Promise<void> {
  for (let index = 0; index < count; index++) journal.append('A', malformed(String(index)));
  await journal.store.settled();
}

function seqsKept(id: number): number[] {
  return journal.read(id, 'A', 0, MANY).texts.map((text) => (JSON.parse(text) as { seq: number }).seq);
}
