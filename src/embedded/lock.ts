import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessIdentity } from './processIdentity.ts';
import { identify, isRunning, parseIdentity } from './processIdentity.ts';

/** Another process uses the data directory. */
export class DataDirLockedError extends Error {
  override readonly name = 'DataDirLockedError';
  readonly pid: number;

  constructor(directory: string, pid: number) {
    super(
      `The data directory ${directory} is in use by process ${pid}: stop that process, or set DATA_DIR to another directory.`,
    );
    this.pid = pid;
  }
}

/**
 * Takes the data directory for this process; resolves to the function that gives it back.
 * The lock of a process that has ended, however it ended, is taken over.
 *
 * The lock is the highest-numbered file `lock.<n>`, which names its owner. A number is taken by creating its file,
 * which only one process can do, and never again: so two processes that find the same dead owner cannot both succeed.
 * @throws DataDirLockedError when a running process holds the lock
 */
export async function lockDataDir(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const self = identify(process.pid);
  if (!self) throw new Error('Cannot tell when this process started: is /proc mounted, or `ps` on the PATH?');

  for (;;) {
    const last = await lastLock(directory);
    const owner = last > 0 ? await ownerOf(directory, last) : undefined;
    if (owner && isRunning(owner)) throw new DataDirLockedError(directory, owner.pid);

    const mine = last + 1;
    if (!(await create(directory, mine, self))) continue;
    // Our view may have been old: somebody took a later number and removed the one we have now created.
    if ((await lastLock(directory)) !== mine) {
      await rm(lockFile(directory, mine), { force: true });
      continue;
    }
    await removeBefore(directory, mine);
    return () => release(directory, mine);
  }
}

const lockFile = (directory: string, number: number): string => join(directory, `lock.${number}`);

async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => {
    const match = /^lock\.(\d+)$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
}

async function lastLock(directory: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(directory)));
}

async function ownerOf(directory: string, number: number): Promise<ProcessIdentity | undefined> {
  const text = await readFile(lockFile(directory, number), 'utf8').catch(() => '');
  return parseIdentity(text);
}

/** A hard link appears with its content and fails where the name exists: nobody ever reads half a lock. */
async function create(directory: string, number: number, self: ProcessIdentity): Promise<boolean> {
  const draft = join(directory, `lock-draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(self));
  try {
    await link(draft, lockFile(directory, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function removeBefore(directory: string, mine: number): Promise<void> {
  const older = (await lockNumbers(directory)).filter((number) => number < mine);
  await Promise.all(older.map((number) => rm(lockFile(directory, number), { force: true })));
}

/** The file stays, without an owner: numbers must not start again while somebody is looking at them. */
async function release(directory: string, mine: number): Promise<void> {
  const draft = join(directory, `lock-draft.${randomUUID()}`);
  await writeFile(draft, '{}');
  await rename(draft, lockFile(directory, mine));
}
