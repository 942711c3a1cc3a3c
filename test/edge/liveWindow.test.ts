import { describe, expect, it } from 'vitest';
import { LiveWindow } from '../../src/edge/liveWindow.ts';

const LIMITS = { least: 4, most: 100 };

describe('LiveWindow', () => {
  it('is full with as many as it is wide, until one is confirmed', () => {
    const window = new LiveWindow<number>(LIMITS);
    for (let one = 0; one < 4; one++) {
      expect(window.from(one)).toBe(one);
      window.begins(one, one, 0);
    }
    expect(window.from(10)).toBeGreaterThan(10);
    window.confirmed(2, 20);
    expect(window.from(20)).toBe(20);
  });

  it('does not wait for one that takes far longer than others', () => {
    const window = new LiveWindow<number>(LIMITS);
    for (let one = 0; one < 4; one++) window.begins(one, one, 0);
    const from = window.from(10);
    expect(from).toBeLessThan(2_000);
    expect(window.from(from)).toBe(from);
    expect(window.isOpen(from)).toBe(true);
    expect(window.isOpen(from + 2_000)).toBe(false);
  });

  it('widens where confirmations are quick and somebody waits, and narrows again where they are slow', () => {
    const window = new LiveWindow<number>(LIMITS);
    let now = run(window, { from: 0, takes: 50, turns: 100 });
    const widened = window.size;
    expect(widened).toBeGreaterThan(20);
    now = run(window, { from: now, takes: 450, turns: 100 });
    expect(window.size).toBeLessThan(widened);
    run(window, { from: now, takes: 450, turns: 500 });
    expect(window.size).toBe(LIMITS.least);
  });

  it('stays as it is where nobody waits', () => {
    const window = new LiveWindow<number>(LIMITS);
    for (let now = 0; now < 60_000; now += 100) {
      window.begins(now, now, 0);
      window.confirmed(now, now + 50);
    }
    expect(window.size).toBe(LIMITS.least);
  });

  it('widens where everybody waits for long, though confirmations are slow', () => {
    const window = new LiveWindow<number>(LIMITS);
    run(window, { from: 0, takes: 450, waited: 10_000, turns: 100 });
    expect(window.size).toBeGreaterThan(20);
  });

  it('learns nothing from those that waited for a worker or database that was away', () => {
    const window = new LiveWindow<number>(LIMITS);
    const now = run(window, { from: 0, takes: 50, turns: 100 });
    const before = window.size;
    run(window, { from: now, takes: 10_000, turns: 20 });
    expect(window.size).toBe(before);
  });
});

/** In each turn as many as may begin do so, and are confirmed together. Returns when the last one was. */
function run(
  window: LiveWindow<number>,
  { from, takes, waited = 0, turns }: { from: number; takes: number; waited?: number; turns: number },
): number {
  let now = from;
  for (let turn = 0; turn < turns; turn++) {
    const begun: number[] = [];
    for (; window.from(now) <= now; begun.push(begun.length)) window.begins(begun.length, now, waited);
    now += takes;
    for (const one of begun) window.confirmed(one, now);
  }
  return now;
}
