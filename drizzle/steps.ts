/** Rows of `actor_step`, and the inputs of a step out of them. */
import type { Instant, StationEvent } from '../workflows/events.ts';
import type { Input } from '../workflows/state/inputs.ts';
import type { PersistInput, RecordedInput, Step } from '../workflows/state/model.ts';
import { isKeptBy } from './messageRow.ts';
import type { actorStep } from './schema.ts';

export type StepRow = typeof actorStep.$inferSelect;

/** Small where there are many: events are a reference. */
export type StoredInput = StoredEvents | Exclude<RecordedInput, { kind: 'events' }>;

/** A run of events, those of `seq` > `after` up to `upTo`. */
export type StoredEvents = [
  journal: number,
  after: number,
  upTo: number,
  /** When they were received (ms since 1970): where their rows of `message` are. 0 where there are none. */
  from: number,
  /** ms after `from` */
  during: number,
  /** Those that no row of `message` holds in full. */
  whole?: StationEvent[],
];

export function stepRow(chargePointId: string, step: Step, runs: PersistInput['runs']): typeof actorStep.$inferInsert {
  const { inputs, born, snapshot } = step;
  return {
    chargePointId,
    at: instantOf(step.step),
    previous: step.previous === null ? null : instantOf(step.previous),
    clock: step.now === step.step ? null : instantOf(step.now),
    inputs: inputs.map((input) => (input.kind === 'events' ? storedEvents(input, runs) : input)),
    born,
    snapshot,
  };
}

function storedEvents(input: Extract<RecordedInput, { kind: 'events' }>, runs: PersistInput['runs']): StoredEvents {
  const { journal, after, upTo } = input;
  const whole: StationEvent[] = [];
  let [from, to] = [Infinity, 0];
  for (const { event } of runs.find((run) => run.journal === journal)?.events ?? []) {
    if (event.seq <= after || event.seq > upTo) continue;
    if (!isKeptBy(event)) {
      whole.push(event);
      continue;
    }
    const receivedAt = Date.parse(event.receivedAt);
    from = Math.min(from, receivedAt);
    to = Math.max(to, receivedAt);
  }
  const span: [number, number] = from === Infinity ? [0, 0] : [from, to - from];
  return whole.length > 0 ? [journal, after, upTo, ...span, whole] : [journal, after, upTo, ...span];
}

export interface StoredStep {
  step: number;
  previous: number | null;
  now: number;
  inputs: StoredInput[];
  born?: Step['born'];
  snapshot?: Step['snapshot'];
}

export function storedStep({ at, previous, clock, inputs, born, snapshot }: StepRow): StoredStep {
  return {
    step: Date.parse(at),
    previous: previous === null ? null : Date.parse(previous),
    now: Date.parse(clock ?? at),
    inputs,
    ...(born ? { born } : {}),
    ...(snapshot ? { snapshot } : {}),
  };
}

/** @param found events by `seq`, besides those kept whole. @returns the input, or how many events are missing */
export function inputOf(stored: StoredInput, found: ReadonlyMap<number, StationEvent>): Input | { missing: number } {
  if (!Array.isArray(stored)) return stored;
  const [journal, after, upTo, , , whole = []] = stored;
  const bySeq = new Map(whole.map((event) => [event.seq, event]));
  const events: StationEvent[] = [];
  for (let seq = after + 1; seq <= upTo; seq++) {
    const event = bySeq.get(seq) ?? found.get(seq);
    if (event) events.push(event);
  }
  const missing = upTo - after - events.length;
  return missing > 0 ? { missing } : { kind: 'events', batch: { journal, after, events } };
}

export function instantOf(ms: number): Instant {
  return new Date(ms).toISOString();
}
