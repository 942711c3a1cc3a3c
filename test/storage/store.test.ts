import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Store } from '../../src/storage/store.ts';
import { silent, temporaryDirectory } from '../edge/journalEvents.ts';

let directory: string;
let remove: () => void;

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
});

afterEach(() => remove());

describe('Store', () => {
  it('commits what is written in one turn together', async () => {
    const store = Store.open({ directory, mapBytes: 1e8, log: silent });
    const table = store.table<number>('table', 'json');
    const first = store.write({ apply: () => void table.put('a', 1) });
    const second = store.write({ apply: () => void table.put('b', 2) });
    expect(second).toBe(first);
    expect(table.get('a')).toBeUndefined();
    await first;
    expect([table.get('a'), table.get('b')]).toEqual([1, 2]);
    await store.close();
  });

  it('has on the disk what was written before it is closed', async () => {
    const store = Store.open({ directory, mapBytes: 1e8, log: silent });
    const table = store.table<number>('table', 'json');
    void store.write({ apply: () => void table.put('a', 1) });
    await store.close();
    const reopened = Store.open({ directory, mapBytes: 1e8, log: silent });
    expect(reopened.table<number>('table', 'json').get('a')).toBe(1);
    await reopened.close();
  });

  it('lets fail with a commit what was queued behind it, and nothing that comes later', { timeout: 120_000 }, () => {
    const script = fileURLToPath(new URL('storeLimited.child.ts', import.meta.url));
    const command = `trap '' XFSZ; ulimit -f 4000; exec "$0" --import tsx "$1" "$2"`;
    const { stdout } = spawnSync('bash', ['-c', command, process.execPath, script, directory], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({
      outcomes: [
        'before resolved',
        'large rejected: CommitFailed',
        'together rejected: CommitFailed',
        'queued rejected: CommitFailed',
        'after resolved',
        'closed rejected: Error',
      ],
      calls: [
        'before committed',
        'large failed',
        'together failed',
        'queued failed',
        'after committed',
        'closed failed',
      ],
      keys: ['after', 'before'],
    });
  });
});
