/** Faulty frames against the whole program: nothing may crash, stay unanswered, grow, or slow down a station that behaves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { usage } from '../bench/processes.ts';
import { Program } from '../test/support/program.ts';
import { fuzz } from './fuzz.ts';

const options = new Command('fuzz')
  .description('Sends frames with faults in them, from several stations, and says what became of them.')
  .option('--frames <n>', 'frames', Number, 200_000)
  .option('--seed <n>', 'the same seed sends the same frames', Number, 1)
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExample: npm run fuzz -- --frames 20000 --seed 7')
  .parse()
  .opts<{ frames: number; seed: number; json?: true }>();

const program = await Program.create({ environment: { UNKNOWN_ID_TAGS: 'accept' } });
try {
  await program.start();
  const before = usage(program.pid).megabytes;
  const began = performance.now();
  const result = await fuzz({ url: program.url, ...options, onProgress: progress });
  const seconds = (performance.now() - began) / 1_000;
  const drained = await untilDrained();
  const { latencies, unanswered, wrong, closed, ...counts } = result;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1));
  const shown = {
    ...counts,
    framesPerSecond: Math.round(result.frames / seconds),
    secondsUntilDelivered: drained,
    megabytesBefore: before,
    megabytesAfter: usage(program.pid).megabytes,
    quietStation: { beats: sorted.length, p50ms: at(0.5), p99ms: at(0.99), maxMs: at(1 - 1 / sorted.length) },
    unanswered: unanswered.slice(0, 10),
    wrong: wrong.slice(0, 10),
    closed,
  };
  console.log(JSON.stringify(shown, null, options.json ? 0 : 2));
  const faults = unanswered.length + wrong.length + closed.length;
  process.exitCode = faults > 0 || drained === null ? 1 : 0;
} finally {
  await program.dispose();
}

/** Seconds until the actors have everything; null where they do not get it. */
async function untilDrained(): Promise<number | null> {
  const began = performance.now();
  while (performance.now() - began < 1_200_000) {
    const response = await fetch(`http://127.0.0.1:${program.ports.edge}/health`);
    const { backlog } = (await response.json()) as { backlog: { stations: number } };
    if (backlog.stations === 0) return Math.round((performance.now() - began) / 1_000);
    await sleep(500);
  }
  return null;
}

function progress(frames: number): void {
  const text = `${frames} frames`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${text}` : frames % 10_000 === 0 ? `${text}\n` : '');
}
