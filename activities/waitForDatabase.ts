import { cancellationSignal, heartbeat, sleep } from '@temporalio/activity';
import type { Breaker } from '../drizzle/breaker.ts';
import type { Activities } from './activities.ts';

const STEP_MS = 500;
const LONGEST_MS = 10_000;

/** Carries no rows: an actor that waits for the database stays small (its events wait in the edge's journal). */
export function waitForDatabase({ breaker }: { breaker: Breaker }): Activities['waitForDatabase'] {
  return async (attempt) => {
    const beat = setInterval(heartbeat, 5_000);
    try {
      await sleep(Math.min(attempt * STEP_MS, LONGEST_MS));
      await breaker.whenClosed(cancellationSignal());
    } finally {
      clearInterval(beat);
    }
  };
}
