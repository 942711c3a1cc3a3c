import { randomFillSync } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { open, rename, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A file that keeps disk space for bad times. LMDB needs fresh pages also for removing something: on a disk that others
 * have filled up, a store could not even be emptied without it.
 */
export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;

  constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Makes the file if there is none and the disk has ample space. */
  async ensure(): Promise<void> {
    if (existsSync(this.#file)) return;
    const { bavail, bsize } = await statfs(dirname(this.#file));
    if (bavail * bsize < 4 * this.#bytes) return;
    const chunk = randomFillSync(Buffer.alloc(Math.min(this.#bytes, 1024 * 1024))); // nothing that could be compressed
    try {
      await writeWhole(`${this.#file}.new`, this.#bytes, chunk);
      await rename(`${this.#file}.new`, this.#file);
    } finally {
      rmSync(`${this.#file}.new`, { force: true });
    }
  }

  /** Gives the space free. False if it was free already. */
  release(): boolean {
    if (!existsSync(this.#file)) return false;
    rmSync(this.#file);
    return true;
  }
}

async function writeWhole(path: string, bytes: number, chunk: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let left = bytes; left > 0; left -= chunk.length) await file.write(chunk, 0, Math.min(left, chunk.length));
  } finally {
    await file.close();
  }
}
