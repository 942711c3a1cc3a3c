/**
 * The black box: what an actor was given, run through its reducer again, step by step. It reads only.
 */
import type { Database } from '../../drizzle/client.ts';
import { readEvents, readRefusedEvents, readSteps, type StepLink } from '../../drizzle/queries/steps.ts';
import { inputOf, instantOf, type StoredEvents, type StoredInput, type StoredStep } from '../../drizzle/steps.ts';
import type { StationEvent } from '../../workflows/events.ts';
import type { LiveStep } from '../../workflows/handlers.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import { apply, type Input } from '../../workflows/state/inputs.ts';
import type { JudgedEvent } from '../../workflows/state/model.ts';
import { finish, resume, take } from '../../workflows/state/steps.ts';
import { findChain, NotRecorded, type Chain } from './chain.ts';
import { differences } from './differences.ts';

/** One step, done again. */
export interface ReplayedStep {
  /** ms since 1970 */
  step: number;
  /** An actor began with it, in the state `before`. */
  born: boolean;
  inputs: Input[];
  /** Its events, with what the actor made of them. */
  judged: JudgedEvent[];
  before: ActorState;
  after: ActorState;
  /** Where the state that was kept with the step differs; absent where none was kept. */
  differences?: string[];
}

/** Rows that a step refers to are not there. */
export class EventsGone extends Error {}

/** In one statement. */
const STEPS_MOST = 200;
const EVENTS_MOST = 2_000;

/**
 * @param from ms since 1970: the steps before are run, not told
 * @throws EventsGone where the replay can't go on
 */
export async function* replay(
  database: Database,
  chargePointId: string,
  { links }: Chain,
  from = -Infinity,
): AsyncGenerator<ReplayedStep> {
  let state: ActorState | undefined;
  for await (const { stored, inputs } of stepsOf(database, chargePointId, links)) {
    if (!state && !stored.born && stored.snapshot) {
      // What came before the first state that is known is not run.
      state = stored.snapshot;
      continue;
    }
    const before = stored.born ?? state;
    if (!before) throw new NotRecorded(`step ${instantOf(stored.step)} keeps no state to begin with`);
    const { after, judged } = again(before, inputs, stored.now);
    state = after;
    const compared = stored.snapshot ? { differences: differences(stored.snapshot, after) } : {};
    const born = stored.born !== undefined;
    if (stored.step >= from) yield { step: stored.step, born, inputs, judged, before, after, ...compared };
  }
}

/**
 * All that is stored of a charge point's actors run again, compared with every state that was kept; and with the live one,
 * where its `step` query is given.
 *
 * @returns where they differ; empty: they agree
 */
export async function replayedDifferences(
  database: Database,
  chargePointId: string,
  { live }: { live?: LiveStep | undefined } = {},
): Promise<string[]> {
  if (live?.step === 0) return [];
  const chain = await findChain(database, chargePointId, { from: -Infinity, to: live?.step });
  const found: string[] = [];
  let state: ActorState | undefined;
  let last = 0;
  for await (const replayed of replay(database, chargePointId, chain)) {
    state = replayed.after;
    last = replayed.step;
    found.push(...(replayed.differences ?? []).map((one) => `step ${instantOf(last)}: ${one}`));
  }
  if (!live) return found;
  if (!state || last !== live.step) return [...found, `the actor's last step ${instantOf(live.step)} is not stored`];
  for (const input of live.pending) if (input.kind !== 'events') state = apply(state, input);
  return [...found, ...differences(live.state, state).map((one) => `the live state: ${one}`)];
}

/** As the actor does it: drain, then persist. */
function again(before: ActorState, inputs: Input[], now: number): { after: ActorState; judged: JudgedEvent[] } {
  let next = resume(before, undefined);
  for (const input of inputs) next = take(next, input);
  const { course, stored } = finish(next, now);
  return { after: course.state, judged: stored.runs.flatMap(({ events }) => events) };
}

/** The steps with their inputs, read in bounded pages. */
async function* stepsOf(
  database: Database,
  chargePointId: string,
  links: StepLink[],
): AsyncGenerator<{ stored: StoredStep; inputs: Input[] }> {
  for (let at = 0; at < links.length; at += STEPS_MOST) {
    const wanted = links.slice(at, at + STEPS_MOST).map(({ step }) => step);
    const read = await readSteps(database, chargePointId, wanted);
    const lost = wanted.find((step, i) => read[i]?.step !== step);
    if (lost !== undefined) throw new EventsGone(`step ${instantOf(lost)} is gone: retention? Replay a later time.`);
    for (const page of pagesOf(read)) {
      const runs = page.flatMap(({ inputs }) => inputs.filter(isEvents)).filter(([, , , from]) => from > 0);
      const events =
        runs.length === 0 ? new Map<string, StationEvent>() : await readEvents(database, chargePointId, runs);
      for (const stored of page) {
        const inputs: Input[] = [];
        for (const input of stored.inputs) {
          inputs.push(await restored(database, chargePointId, { links, stored, input, events }));
        }
        yield { stored, inputs };
      }
    }
  }
}

async function restored(
  database: Database,
  chargePointId: string,
  { links, stored, input, events }: Restoring,
): Promise<Input> {
  if (!isEvents(input)) return input;
  const [journal, after, upTo] = input;
  const found = new Map<number, StationEvent>();
  for (let seq = after + 1; seq <= upTo; seq++) {
    const event = events.get(`${journal}:${seq}`);
    if (event) found.set(seq, event);
  }
  const whole = inputOf(input, found);
  if (!('missing' in whole)) return whole;
  const refused = await readRefusedEvents(database, chargePointId, input);
  const mended = inputOf(input, new Map([...found, ...refused]));
  if (!('missing' in mended)) return mended;
  const next = links.find(
    ({ step, hasSnapshot, previous }) => step > stored.step && (hasSnapshot || previous === null),
  );
  throw new EventsGone(
    `${mended.missing} of the events ${journal}:${after + 1} to ${journal}:${upTo} that step ${instantOf(stored.step)} took in ` +
      `are not in table message any more (its retention is 90 days unless you changed it). ` +
      (next ? `Go on with --from ${instantOf(next.step)}.` : 'No later step keeps a whole state to go on with.'),
  );
}

interface Restoring {
  links: StepLink[];
  stored: StoredStep;
  input: StoredInput;
  events: ReadonlyMap<string, StationEvent>;
}

/** Steps whose events are read together. */
function* pagesOf(steps: StoredStep[]): Generator<StoredStep[]> {
  let page: StoredStep[] = [];
  let events = 0;
  for (const step of steps) {
    page.push(step);
    events += step.inputs.filter(isEvents).reduce((sum, [, after, upTo]) => sum + upTo - after, 0);
    if (events < EVENTS_MOST) continue;
    yield page;
    [page, events] = [[], 0];
  }
  if (page.length > 0) yield page;
}

function isEvents(input: StoredInput): input is StoredEvents {
  return Array.isArray(input);
}
