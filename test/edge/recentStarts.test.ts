import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/edge/journal.ts';
import { RecentStarts } from '../../src/edge/recentStarts.ts';
import { openJournal, temporaryDirectory } from './journalEvents.ts';

const START = { connectorId: 1, idTag: 'ABC', timestamp: '2026-01-01T00:00:00Z', meterStart: 100 };
const NOW = '2026-01-01T00:00:05.000Z';

let directory: string;
let remove: () => void;
let journal: Journal;
let starts: RecentStarts;

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
  journal = openJournal(directory);
  starts = new RecentStarts(journal.store);
});

afterEach(async () => {
  await journal.close();
  remove();
});

describe('RecentStarts', () => {
  it('knows a start that is repeated, at once and after a restart', async () => {
    starts.remember('A', START, 'm1', 7, NOW);
    expect(starts.find('A', START, 'm2', NOW)).toBe(7);
    await restart();
    expect(starts.find('A', START, 'm2', later(24 * 60))).toBe(7);
  });

  it('knows what let a start charge, at once and after a restart', async () => {
    const grant = { commandId: 'c', until: later(5) };
    starts.remember('A', START, 'm1', 7, NOW);
    starts.remember('A', { ...START, connectorId: 2 }, 'm2', 8, NOW);
    starts.granted('A', 8, grant);
    for (const look of [async () => {}, restart]) {
      await look();
      expect([starts.grantOf('A', 7), starts.grantOf('A', 8)]).toEqual([undefined, grant]);
      expect([...starts.usedGrants('A')]).toEqual(['c']);
    }
    expect(starts.grantOf('B', 8)).toBeUndefined();
  });

  it('compares idTags without regard to case', () => {
    starts.remember('A', START, 'm1', 7, NOW);
    expect(starts.find('A', { ...START, idTag: 'abc' }, 'm2', NOW)).toBe(7);
  });

  it.each([
    ['connector', { connectorId: 2 }],
    ['idTag', { idTag: 'XYZ' }],
    ['timestamp', { timestamp: '2026-01-01T00:00:01Z' }],
    ['meter', { meterStart: 101 }],
  ])('takes a start with another %s for another one, also under the same message id', (_, other) => {
    starts.remember('A', START, 'm1', 7, NOW);
    expect(starts.find('A', { ...START, ...other }, 'm1', NOW)).toBeUndefined();
  });

  it('keeps charge points apart', () => {
    starts.remember('A', START, 'm1', 7, NOW);
    expect(starts.find('B', START, 'm1', NOW)).toBeUndefined();
  });

  it('takes the same start after the stop for another one, as of a station without a clock', async () => {
    starts.remember('A', START, 'm1', 7, NOW);
    starts.stopped('A', 7);
    expect(starts.find('A', START, 'm2', NOW)).toBeUndefined();
    await restart();
    expect(starts.find('A', START, 'm2', NOW)).toBeUndefined();
  });

  it('knows a stopped start by its message id for 10 minutes', () => {
    starts.remember('A', START, 'm1', 7, NOW);
    starts.stopped('A', 7);
    expect(starts.find('A', START, 'm1', later(9))).toBe(7);
    expect(starts.find('A', START, 'm1', later(11))).toBeUndefined();
  });

  it('forgets an open one after 30 days', () => {
    starts.remember('A', START, 'm1', 7, NOW);
    expect(starts.find('A', START, 'm2', later(29 * 24 * 60))).toBe(7);
    expect(starts.find('A', START, 'm2', later(31 * 24 * 60))).toBeUndefined();
  });

  it('keeps the 50 newest of a charge point', () => {
    for (let id = 1; id <= 60; id++) starts.remember('A', { ...START, meterStart: id }, `m${id}`, id, NOW);
    expect(starts.find('A', { ...START, meterStart: 10 }, 'm', NOW)).toBeUndefined();
    expect(starts.find('A', { ...START, meterStart: 11 }, 'm', NOW)).toBe(11);
    expect(starts.find('A', { ...START, meterStart: 60 }, 'm', NOW)).toBe(60);
  });
});

async function restart(): Promise<void> {
  await journal.close();
  journal = openJournal(directory);
  starts = new RecentStarts(journal.store);
}

function later(minutes: number): string {
  return new Date(Date.parse(NOW) + minutes * 60_000).toISOString();
}
