/** Runs under a limit on the size of files: a commit that is too large fails, smaller ones do not. */
import { pino } from 'pino';
import { Store } from '../../src/storage/store.ts';

const [directory = ''] = process.argv.slice(2);
console.error = () => undefined; // lmdb prints its errors
const store = Store.open({ directory, mapBytes: 1e8, log: pino({ level: 'silent' }) });
const table = store.table<string>('table', 'string');
const calls: string[] = [];

function write(key: string, value: string): Promise<string> {
  const written = store.write({
    apply: () => void table.put(key, value),
    committed: () => calls.push(`${key} committed`),
    failed: () => calls.push(`${key} failed`),
  });
  return written.then(
    () => `${key} resolved`,
    (error: unknown) => `${key} rejected: ${error instanceof Error ? error.name : String(error)}`,
  );
}

const outcomes = [await write('before', 'small')];
const large = write('large', 'x'.repeat(16_000_000));
const together = write('together', 'small');
await new Promise(setImmediate); // the large one is being written
const queued = write('queued', 'small');
outcomes.push(...(await Promise.all([large, together, queued])));
outcomes.push(await write('after', 'small'));
const keys = [...table.getKeys()];
await store.close();
outcomes.push(await write('closed', 'small'));
process.stdout.write(JSON.stringify({ outcomes, calls, keys }));
