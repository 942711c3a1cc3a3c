import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransactionIds, type TransactionIdsOptions } from '../../src/directory/transactionIds.ts';
import { Store } from '../../src/storage/store.ts';
import { silent, temporaryDirectory } from '../edge/journalEvents.ts';

let directory: string;
let remove: () => void;
let store: Store;
let ids: TransactionIds;
let taken: number;
let away: boolean;

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
  store = openStore();
  taken = 0;
  away = false;
});

afterEach(async () => {
  await ids.stop();
  await store.close();
  remove();
});

describe('TransactionIds', () => {
  it('gives the ids of a block in order, and has the next one before it is used up', async () => {
    await start();
    const given: (number | undefined)[] = [];
    for (let count = 0; count < 25; count++) {
      given.push(ids.take());
      await sleep(1);
    }
    expect(given).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(taken).toBeGreaterThanOrEqual(4);
  });

  it('refills at half, once', async () => {
    await start();
    for (let count = 0; count < 4; count++) ids.take();
    await sleep(20);
    expect(taken).toBe(1);
    ids.take();
    ids.take();
    await expect.poll(() => ids.left).toBe(14);
    expect(taken).toBe(2);
  });

  it('gives none when there is none, and goes on when the database is back', async () => {
    away = true;
    await start();
    expect(ids.take()).toBeUndefined();
    away = false;
    await expect.poll(() => ids.take()).toBe(1);
  });

  it('throws the rest of a block away at a restart', async () => {
    await start();
    expect(ids.take()).toBe(1);
    await restart();
    expect(ids.take()).toBe(11);
  });

  it('goes on with the rest when the database is away at a restart, and never gives an id twice', async () => {
    await start();
    const given = [ids.take(), ids.take(), ids.take()];
    away = true;
    await restart();
    for (let count = 0; count < 4; count++) given.push(ids.take());
    await restart();
    for (let count = 0; count < 4; count++) given.push(ids.take());
    expect(given).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, undefined]);
  });

  it('throws away blocks it has had: the database was restored from an older copy', async () => {
    await start();
    for (let count = 0; count < 15; count++) {
      expect(ids.take()).toBe(count + 1);
      await sleep(1);
    }
    const highest = 10 * taken;
    taken = 0;
    await restart();
    expect(ids.take()).toBe(highest + 1);
  });

  it('does not wait for a database that hangs, and takes its block when it comes', async () => {
    await start();
    expect(ids.take()).toBe(1);
    let comes!: (block: { first: number; last: number }) => void;
    const hanging = new Promise<{ first: number; last: number }>((resolve) => {
      comes = resolve;
    });
    await restart({ takeBlock: () => hanging, startTimeoutMs: 20 });
    expect(ids.take()).toBe(2);
    comes({ first: 1001, last: 1010 });
    await expect.poll(() => ids.left).toBeGreaterThan(10);
  });

  it.each([
    { first: 0, last: 10 },
    { first: 5, last: 4 },
    { first: 2_147_483_640, last: 2_147_483_650 },
  ])('does not take $first to $last for a block', async (block) => {
    await start({ takeBlock: () => Promise.resolve(block) });
    expect(ids.take()).toBeUndefined();
  });
});

async function start(options: Partial<TransactionIdsOptions> = {}): Promise<void> {
  ids = new TransactionIds({ store, takeBlock, log: silent, retry: { first: 10, most: 20 }, ...options });
  await ids.start();
}

/** Ten ids a block. */
function takeBlock(): Promise<{ first: number; last: number }> {
  if (away) return Promise.reject(new Error('away'));
  const first = taken++ * 10 + 1;
  return Promise.resolve({ first, last: first + 9 });
}

/** As after a crash: what was queued is on the disk, nothing is said goodbye to. */
async function restart(options: Partial<TransactionIdsOptions> = {}): Promise<void> {
  await ids.stop();
  await store.close();
  store = openStore();
  await start(options);
}

function openStore(): Store {
  return Store.open({ directory, mapBytes: 1e8, log: silent });
}
