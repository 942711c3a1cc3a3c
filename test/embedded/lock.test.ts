import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataDirLockedError, lockDataDir } from '../../src/embedded/lock.ts';
import { otherProcess, temporaryDirectory } from './support.ts';

describe('the lock of a data directory', () => {
  it('refuses a second process at once and names the first', async () => {
    const directory = await temporaryDirectory();
    const other = await otherProcess(`
      const { lockDataDir } = await embedded('lock.ts');
      await lockDataDir(${JSON.stringify(directory)});
      say(process.pid);`);
    await expect(lockDataDir(directory)).rejects.toThrow(`${directory} is in use by process ${other.pid}`);
  });

  it('is taken over from a process that was killed', async () => {
    const directory = await temporaryDirectory();
    const other = await otherProcess(`
      const { lockDataDir } = await embedded('lock.ts');
      await lockDataDir(${JSON.stringify(directory)});
      say(process.pid);`);
    await other.kill9();
    await expect(lockDataDir(directory)).resolves.toBeTypeOf('function');
  });

  it('is taken over when its pid belongs to a later process', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'lock.1'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));
    await expect(lockDataDir(directory)).resolves.toBeTypeOf('function');
  });

  it('goes to exactly one of many who find the same dead owner', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'lock.1'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));
    const attempts = await Promise.allSettled(Array.from({ length: 30 }, () => lockDataDir(directory)));
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1);
    const refusals = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    expect(refusals.every((reason) => reason instanceof DataDirLockedError)).toBe(true);
  });

  it('can be taken again after it was given back, and leaves one file', async () => {
    const directory = await temporaryDirectory();
    for (let round = 0; round < 3; round++) {
      const release = await lockDataDir(directory);
      await expect(lockDataDir(directory)).rejects.toThrow(DataDirLockedError);
      await release();
    }
    expect(await readdir(directory)).toEqual(['lock.3']);
  });
});
