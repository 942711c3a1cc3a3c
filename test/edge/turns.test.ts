import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turns, type Rank } from '../../src/edge/turns.ts';

interface Item {
  name: string;
  rank: Rank;
  nextAt: number;
}

describe('Turns', () => {
  it('gives turns by rank, and within a rank first come, first served', () => {
    const turns = newTurns();
    for (const name of ['b1', 'u1', 'l1', '!1', 'b2', 'u2', 'l2', '!2']) turns.push(item(name), 0);
    expect(taken(turns, 4)).toEqual(['!1', '!2', 'l1', 'l2']);
    expect(taken(turns, 4)).toEqual(['u1', 'u2', 'b1', 'b2']);
    expect(turns.next(0)).toBeUndefined();
  });

  it('gives one of the others a turn after every four of live ones', () => {
    const turns = newTurns();
    for (let n = 0; n < 10; n++) turns.push(item(`l${n}`), 0);
    for (let n = 0; n < 3; n++) turns.push(item(`b${n}`), 0);
    const ranks = taken(turns, 13).map((name) => name?.charAt(0));
    expect(ranks.join('')).toBe('llllbllllbllb');
  });

  it('lets nobody have a turn before his time, and says how long to wait', () => {
    const turns = newTurns();
    turns.push(item('l1', 50), 0);
    turns.push(item('b1', 30), 0);
    expect(turns.next(0)).toBe(30);
    expect(turns.next(0, { backlogs: 40 })).toBe(40);
    expect(turns.next(0, { backlogs: Infinity })).toBe(50);
    expect(turns.next(30)).toMatchObject({ name: 'b1' });
    expect(turns.next(30)).toBe(20);
    expect(turns.next(50)).toMatchObject({ name: 'l1' });
  });

  it('holds back those that are not live until they may', () => {
    const turns = newTurns();
    turns.push(item('u1'), 0);
    turns.push(item('b1'), 0);
    expect(turns.next(0, { backlogs: Infinity })).toBeUndefined();
    expect(turns.next(0, { backlogs: 7 })).toBe(7);
    turns.push(item('l1'), 0);
    expect(turns.next(0, { backlogs: 7 })).toMatchObject({ name: 'l1' });
    expect(turns.next(7, { backlogs: 7 })).toMatchObject({ name: 'u1' });
  });

  it('lets what is urgent, and newcomers, pass live ones that are held back', () => {
    const turns = newTurns();
    for (const name of ['l1', 'l2', 'n1', '!1']) turns.push(item(name), 0);
    expect(turns.next(0, { live: 9 })).toMatchObject({ name: '!1' });
    expect(turns.next(0, { live: 9 })).toMatchObject({ name: 'n1' });
    expect(turns.next(0, { live: 9 })).toBe(9);
    expect(turns.next(9, { live: 9 })).toMatchObject({ name: 'l1' });
  });

  it('lets newcomers and live ones have turns by turns', () => {
    const turns = newTurns();
    for (const name of ['l1', 'l2', 'l3', 'n1', 'n2']) turns.push(item(name), 0);
    expect(taken(turns, 5)).toEqual(['l1', 'n1', 'l2', 'n2', 'l3']);
  });

  it('gives those who rest their turns in the order in which they have rested', () => {
    const turns = newTurns();
    for (const [name, nextAt] of Object.entries({ l1: 50, l2: 20, l3: 70, l4: 20 })) turns.push(item(name, nextAt), 0);
    expect(turns.next(0)).toBe(20);
    const order = Array.from({ length: 4 }, () => turns.next(100));
    expect(order.map((one) => (typeof one === 'object' ? one.name : one))).toEqual(['l2', 'l4', 'l1', 'l3']);
  });

  it('moves who is not live any more behind those who are', () => {
    const turns = newTurns();
    const late = item('l1');
    turns.push(late, 0);
    turns.push(item('l2'), 0);
    late.rank = 'backlog';
    expect(taken(turns, 2)).toEqual(['l2', 'l1']);
  });

  it('gives one that is pushed again only its new place', () => {
    const turns = newTurns();
    const moved = item('b1');
    turns.push(moved, 0);
    turns.push(item('b2'), 0);
    moved.rank = 'untold';
    turns.push(moved, 0);
    expect(taken(turns, 2)).toEqual(['b1', 'b2']);
    expect(turns.next(0)).toBeUndefined();
  });

  it('starves nobody and gives every place one turn, whoever else is pushed', () => {
    // What is urgent is little: one CALL of a station at a time.
    const rank = fc.constantFrom<Rank>('live', 'newcomer', 'untold', 'backlog');
    fc.assert(
      fc.property(fc.array(rank, { maxLength: 40 }), fc.array(rank, { maxLength: 700 }), (first, later) => {
        const turns = newTurns();
        const waiting = new Set(first.map((each, n) => ({ name: `${each}${n}`, rank: each, nextAt: 0 })));
        for (const each of waiting) turns.push(each, 0);
        const mostTurns = 1 + (first.length + 1) * 5 * 101;
        let given = 0;
        // As many newcomers as turns: without a limit the best rank would have them all.
        for (let n = 0; waiting.size > 0 && n < mostTurns; n++) {
          const newcomer = later[n % Math.max(1, later.length)];
          if (newcomer !== undefined) turns.push({ name: 'newcomer', rank: newcomer, nextAt: 0 }, 0);
          const next = turns.next(0);
          if (typeof next !== 'object') throw new Error(`no turn, though ${waiting.size} wait`);
          if (waiting.delete(next)) given++;
          else expect(next.name).toBe('newcomer');
        }
        expect(given).toBe(first.length);
      }),
      { numRuns: 60 },
    );
  });
});

function newTurns(): Turns<Item> {
  return new Turns<Item>(({ rank }) => rank);
}

/** Named by the first letter of its rank. */
function item(name: string, nextAt = 0): Item {
  const ranks: Record<string, Rank> = { '!': 'urgent', l: 'live', n: 'newcomer', u: 'untold', b: 'backlog' };
  return { name, rank: ranks[name.charAt(0)] ?? 'backlog', nextAt };
}

function taken(turns: Turns<Item>, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => {
    const next = turns.next(0);
    return typeof next === 'object' ? next.name : undefined;
  });
}
