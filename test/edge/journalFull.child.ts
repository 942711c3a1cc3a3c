/** On a small disk of its own: others fill the disk up, the journal refuses, is trimmed, and goes on. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Journal } from '../../src/edge/journal.ts';

const [directory = ''] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const maxBytes = 16 * 1024 * 1024;
const MANY = { bytes: 1e9, events: 1e9 };
console.error = () => undefined; // lmdb prints its errors

const journal = Journal.open({ directory: `${directory}/journal`, maxBytes, log });
const told: number[] = [];
journal.onFlushed((_, event) => told.push(event.seq));

async function append(count: number): Promise<boolean> {
  let flushed: Promise<void> | undefined;
  try {
    for (let index = 0; index < count; index++) {
      const event = { receivedAt: new Date().toISOString(), connection: '1-1', raw: 'x'.repeat(500), reason: 'test' };
      ({ flushed } = journal.append('A', { kind: 'malformed', ...event }));
    }
    await flushed;
    return true;
  } catch {
    return false;
  }
}

/** What the neighbours on the disk do. */
function fillDisk(): void {
  writeFileSync(`${directory}/neighbour`, '');
  try {
    for (;;) appendFileSync(`${directory}/neighbour`, Buffer.alloc(4096, 1));
  } catch {
    // full
  }
}

await append(12_000);
// The reserve is made in the background.
for (let wait = 0; !existsSync(`${directory}/journal/reserve`); wait++) {
  if (wait === 600) throw new Error('there is no reserve after 60 s');
  await sleep(100);
}
fillDisk();

let rejectedWhenFull = false;
let denseAcrossFailures = true;
for (let round = 0; round < 100; round++) {
  // The second is queued while the first is being flushed, and is numbered after it.
  const [first, second] = await Promise.all([append(20), new Promise(setImmediate).then(() => append(20))]);
  if (!first && second) denseAcrossFailures &&= told.every((seq, index) => seq === index + 1);
  rejectedWhenFull ||= !second;
}
denseAcrossFailures &&= told.every((seq, index) => seq === index + 1);
fillDisk();

const last = told.at(-1) ?? 0;
journal.trim(journal.id, 'A', last - 100);
let kept = 0;
for (let attempt = 0; attempt < 200 && kept !== 100; attempt++) {
  await sleep(100);
  kept = journal.read(journal.id, 'A', 0, MANY).texts.length;
}
let appendsAfterwards = false;
for (let attempt = 0; attempt < 200 && !appendsAfterwards; attempt++) {
  await sleep(100);
  appendsAfterwards = await append(1);
}
await journal.close();

const reopened = Journal.open({ directory: `${directory}/journal`, maxBytes, log });
const seqs = reopened.read(journal.id, 'A', 0, MANY).texts.map((text) => (JSON.parse(text) as { seq: number }).seq);
const denseAfterRestart = seqs.length > 100 && seqs.every((seq, index) => seq === last - 99 + index);
await reopened.close();
process.stdout.write(
  JSON.stringify({
    rejectedWhenFull,
    denseAcrossFailures,
    trimmedWhenFull: kept === 100,
    appendsAfterwards,
    denseAfterRestart,
  }),
);
