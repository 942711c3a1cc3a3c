import type { World } from '../scenario.ts';

/** Does each of them again and again while what the stations see is watched; rejects with the first that failed. */
export async function meanwhile({ outage }: World, ms: number, ...all: (() => Promise<void>)[]): Promise<void> {
  const over = new AbortController();
  const watched = outage(ms).finally(() => over.abort());
  const doing = all.map(async (once) => {
    while (!over.signal.aborted) await once();
  });
  for (const result of await Promise.allSettled([watched, ...doing])) {
    if (result.status === 'rejected') throw result.reason;
  }
}
