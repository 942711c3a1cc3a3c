import type { Database } from '../../drizzle/client.ts';
import { listSteps, type StepLink } from '../../drizzle/queries/steps.ts';
import { instantOf } from '../../drizzle/steps.ts';

/** The steps to run again, the oldest first: it begins with an actor's first step, or with one that keeps the state. */
export interface Chain {
  links: StepLink[];
  /** Why it begins later than was asked for. */
  beginsLate?: string;
}

/** There is nothing to run again, or nothing to begin with. */
export class NotRecorded extends Error {}

const PAGE = 500;

/**
 * Follows the steps back from the newest one (up to `to`) to the last one before `from` whose state is known. What
 * is stored beside the chain was done again by its actor, and is left out. Before an actor's first step the chain of the
 * actor before it goes on.
 *
 * @param from ms since 1970
 * @param to ms since 1970
 * @throws NotRecorded
 */
export async function findChain(
  database: Database,
  chargePointId: string,
  { from, to }: { from: number; to?: number | undefined },
): Promise<Chain> {
  const newestFirst: StepLink[] = [];
  let wanted: number | undefined;
  let gone: string | undefined;
  let complete = false;
  for await (const link of newestSteps(database, chargePointId, to)) {
    if (wanted !== undefined && link.step > wanted) continue;
    if (wanted !== undefined && link.step < wanted) break;
    newestFirst.push(link);
    wanted = link.previous ?? undefined;
    // A birth keeps the state before it, the others that after them.
    complete = link.step < from ? isKnown(link) : link.step === from && link.previous === null;
    if (complete) break;
  }
  if (wanted !== undefined && !complete)
    gone = `step ${instantOf(wanted)} and what was before it are not stored: too old, or of a version that kept no steps`;
  const links = newestFirst.toReversed();
  if (links.length === 0) {
    const until = to === undefined ? '' : ` up to ${instantOf(to)}`;
    throw new NotRecorded(
      `no step of ${chargePointId} is stored${until}: has it ever connected, was it asked for anything?`,
    );
  }
  if (complete) return { links };
  const first = links.findIndex(isKnown);
  if (first === -1) {
    throw new NotRecorded(
      `${gone ?? 'no first step'}, and no later one keeps a whole state to begin with: ask for a later --to`,
    );
  }
  return { links: links.slice(first), ...(gone ? { beginsLate: gone } : {}) };
}

function isKnown({ previous, hasSnapshot }: StepLink): boolean {
  return previous === null || hasSnapshot;
}

async function* newestSteps(
  database: Database,
  chargePointId: string,
  to: number | undefined,
): AsyncGenerator<StepLink> {
  for (let upTo = to; ;) {
    const page = await listSteps(database, chargePointId, upTo, PAGE);
    yield* page;
    const oldest = page.at(-1);
    if (page.length < PAGE || !oldest) return;
    upTo = oldest.step - 1;
  }
}
