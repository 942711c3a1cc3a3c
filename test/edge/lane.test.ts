import { describe, expect, it } from 'vitest';
import { Lane } from '../../src/edge/lane.ts';

describe('Lane', () => {
  it('runs a task at once, and what is started from within it afterwards', () => {
    const done: string[] = [];
    const lane = new Lane((error) => done.push(String(error)));
    lane.run(() => {
      lane.run(() => void done.push('inner'));
      done.push('outer');
    });
    expect(done).toEqual(['outer', 'inner']);
  });

  it('lets tasks wait for one that returned a promise', async () => {
    const done: string[] = [];
    const lane = new Lane((error) => done.push(String(error)));
    lane.run(async () => {
      await Promise.resolve();
      done.push('slow');
    });
    lane.run(() => void done.push('quick'));
    expect(done).toEqual([]);
    await lane.idle();
    expect(done).toEqual(['slow', 'quick']);
  });

  it('goes on after a task that throws or rejects', async () => {
    const done: string[] = [];
    const lane = new Lane((error) => done.push(String(error)));
    lane.run(() => {
      throw new Error('thrown');
    });
    lane.run(() => Promise.reject(new Error('rejected')));
    lane.run(() => void done.push('next'));
    await lane.idle();
    expect(done).toEqual(['Error: thrown', 'Error: rejected', 'next']);
  });
});
