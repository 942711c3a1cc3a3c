import { setTimeout as sleep } from 'node:timers/promises';
import type { Expected } from './scenario.ts';
import type { Load } from './load.ts';

/** Time (ms) for what was under way when a fault began, on a busy machine too. */
const GRACE_MS = 5_000;

/** Between two answers of every station that is answered as ever, at most. */
const ANSWERED_WITHIN_MS = 15_000;

/** After that grace waits for `ms`, and holds what the stations see meanwhile against what is expected. */
export async function watched(
  load: Load,
  { during }: Expected,
  { ms, patience }: { ms: number; patience: number },
): Promise<void> {
  await sleep(GRACE_MS);
  const end = Date.now() + ms;
  const { answers, connects } = load;
  const rest = () => end - Date.now();
  if (during === 'answered') {
    while (rest() > 0) await load.more(load.stations.length, ANSWERED_WITHIN_MS * patience);
    if (load.connects !== connects) {
      throw new Error(`${load.connects - connects} reconnects while all were to be served on their connections`);
    }
    return;
  }
  while (rest() > 0) await sleep(Math.min(100, Math.max(1, rest())));
  if (during === 'served') return;
  const answered = load.answers - answers;
  if (answered > 0) throw new Error(`${answered} messages were answered that were to stay unanswered`);
}
