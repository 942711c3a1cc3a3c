/**
 * An actor's steps: what it takes in between two times that it stores something, kept with what came of it.
 *
 * Pure, and the only way from one state to the next: for the actor, and for who runs its stored steps again.
 */
import { changes, reduceBatch, type ActorState } from './actor.ts';
import { apply, type Input } from './inputs.ts';
import type { JudgedEvent, PersistInput, RecordedInput, Step } from './model.ts';

/** Where an actor stands. */
export interface Course {
  state: ActorState;
  /** The state that the rows in the database were made of; the same as `state` between two drains. */
  before: ActorState;
  /** Events reduced since then, by journal. */
  runs: ReadonlyMap<number, JudgedEvent[]>;
  steps: Steps;
}

/** Where its chain of steps stands; carried from run to run. */
export interface Steps {
  /** The last step of this actor, or of the one before it; 0: there was none. */
  last: number;
  /** Until the first step is stored: the state that the chain begins with. */
  born?: ActorState;
  /** Steps since one kept the whole state. */
  sinceSnapshot: number;
  /** Inputs since the last step. What changes no row waits for the next one that does. */
  pending: RecordedInput[];
}

/**
 * Steps from one kept state to the next: what a replay runs through before the part it was asked for. A busy station's
 * state has 50 KB, and is kept with its first step of each run anyway.
 */
const SNAPSHOT_EVERY = 250;

/** A chain that begins with this state. @param after the last step of an actor before it */
export function begin(state: ActorState, after = 0): Course {
  const steps: Steps = { last: after, born: state, sinceSnapshot: 0, pending: [] };
  return { state, before: state, runs: NO_RUNS, steps };
}

/** What a run hands to the next, whose first step keeps the whole state. */
export function carriedSteps({ state, steps }: Course): Steps | undefined {
  return state === steps.born ? undefined : { ...steps, sinceSnapshot: SNAPSHOT_EVERY };
}

/** @param steps absent where the run before kept none: a chain begins here */
export function resume(state: ActorState, steps: Steps | undefined): Course {
  return steps ? { state, before: state, runs: NO_RUNS, steps } : begin(state);
}

export function take(course: Course, input: Input): Course {
  if (input.kind === 'events') {
    const { batch } = input;
    const after = Math.max(batch.after, course.state.cursors[batch.journal] ?? 0);
    const { state, judged } = reduceBatch(course.state, batch);
    const runs = new Map(course.runs).set(batch.journal, [...(course.runs.get(batch.journal) ?? []), ...judged]);
    const upTo = batch.events.at(-1)?.seq ?? after;
    return { ...course, state, runs, steps: withEvents(course.steps, batch.journal, after, upTo) };
  }
  const state = apply(course.state, input);
  if (input.kind === 'tick' && state === course.state) return course;
  // The database hears of these with the command's next change.
  const before =
    input.kind === 'dispatched' ? state : input.kind === 'taken' ? withoutChange(course, state) : course.before;
  return { ...course, state, before, steps: withInput(course.steps, recorded(course.state, input)) };
}

/** What rows were made of, with the commands as they are in `state` where nothing else has changed them since. */
function withoutChange({ state: old, before }: Course, state: ActorState): ActorState {
  const now = new Map(old.commands.map((command, i) => [command, state.commands[i]]));
  return { ...before, commands: before.commands.map((command) => now.get(command) ?? command) };
}

/** @param now ms since 1970 */
export function finish({ before, state: after, runs, steps }: Course, now: number): Finished {
  const { state, rows } = changes(before, after, now);
  // A worker that dies has stored steps that its actor never hears of, and does again: as with versions, see `changes`.
  const step = Math.max(steps.last + 1, now);
  const snapshot = steps.sinceSnapshot >= SNAPSHOT_EVERY;
  const done: Steps = { last: step, sinceSnapshot: snapshot ? 1 : steps.sinceSnapshot + 1, pending: [] };
  const changed = rows.chargePoint || rows.connectors.length + rows.transactions.length + rows.commands.length > 0;
  return {
    course: { state, before: state, runs: NO_RUNS, steps: done },
    due: Boolean(changed) || runs.size > 0,
    stored: {
      runs: [...runs].map(([journal, events]) => ({ journal, upTo: state.cursors[journal] ?? 0, events })),
      cursors: state.cursors,
      ...rows,
      step: {
        step,
        previous: steps.born ? null : steps.last,
        now,
        inputs: steps.pending,
        ...(steps.born ? { born: steps.born } : {}),
        ...(snapshot ? { snapshot: state } : {}),
      },
    },
  };
}

/** A step that may be stored. */
export interface Finished {
  /** Where the actor stands when it is. */
  course: Course;
  /** Whether there is more to it than inputs. */
  due: boolean;
  stored: Omit<PersistInput, 'chargePointId'> & { step: Step };
}

/** Nothing is worth storing yet: its inputs wait. */
export function unfinished(course: Course): Course {
  return { ...course, before: course.state };
}

const NO_RUNS: ReadonlyMap<number, JudgedEvent[]> = new Map();

function withInput(steps: Steps, input: RecordedInput): Steps {
  return { ...steps, pending: [...steps.pending, input] };
}

/** By reference: the events are rows. Runs that follow each other are one. */
function withEvents(steps: Steps, journal: number, after: number, upTo: number): Steps {
  const last = steps.pending.at(-1);
  if (last?.kind !== 'events' || last.journal !== journal || last.upTo !== after) {
    return withInput(steps, { kind: 'events', journal, after, upTo });
  }
  return { ...steps, pending: [...steps.pending.slice(0, -1), { ...last, upTo }] };
}

/** Of what is asked again only the id is looked at: as it changes no row, it may wait for long. */
function recorded(state: ActorState, input: Exclude<Input, { kind: 'events' }>): RecordedInput {
  if (input.kind !== 'requested') return input;
  const { request } = input;
  const asked = state.commands.some((c) => c.commandId === request.commandId);
  return asked ? { ...input, request: { ...request, action: request.action.slice(0, 60), payload: null } } : input;
}
