import { setTimeout as sleep } from 'node:timers/promises';

/** Rounds of collection: the workers' threads are told by the main one, and memory goes back to the system late. */
const ROUNDS = 2;
const ROUND_MS = 1_500;

const onSignal = `
  import { BroadcastChannel, isMainThread } from 'node:worker_threads';
  const threads = new BroadcastChannel('collect garbage');
  threads.onmessage = () => gc();
  threads.unref();
  if (isMainThread) process.on('SIGUSR2', () => { gc(); threads.postMessage(0); });
`;

/** Options for a Node.js process that collects its garbage, in all its threads, at a signal. */
export const collectable = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(onSignal)}`];

/** So that what a process holds is compared, not what it has not thrown away yet. */
export async function collectGarbage(pid: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    process.kill(pid, 'SIGUSR2');
    await sleep(ROUND_MS);
  }
}
