import { describe, expect, it } from 'vitest';
import type { ActorState } from '../../workflows/state/actor.ts';
import type { CommandRequest } from '../../workflows/state/commands.ts';
import type { Input } from '../../workflows/state/inputs.ts';
import { begin, carriedSteps, finish, resume, take, unfinished, type Course } from '../../workflows/state/steps.ts';
import { Station } from '../workflows/station.ts';

const NOW = Date.parse('2026-03-01T13:00:00.000Z');
const beginning = (): ActorState => new Station().state;

const request = (commandId: string): CommandRequest => ({
  commandId,
  action: 'GetConfiguration',
  payload: {},
  via: 'signal',
  requestedBy: null,
  requestedAt: '2026-03-01T12:59:00.000Z',
});
const asks = (commandId: string): Input => ({ kind: 'requested', request: request(commandId) });

function takeAll(course: Course, ...inputs: Input[]): Course {
  return inputs.reduce(take, course);
}

/** Messages of one station, each a batch of its own. */
function batches(count: number): Input[] {
  const station = new Station();
  return Array.from({ length: count }, (_, after) => {
    const status = { connectorId: 1, status: after % 2 ? 'Available' : 'Preparing', errorCode: 'NoError' };
    return { kind: 'events', batch: { journal: 1, after, events: [station.message('StatusNotification', status)] } };
  });
}

describe('a step', () => {
  it('keeps the inputs in their order, events by reference and runs that follow each other as one', () => {
    const [first, second, third] = batches(3) as [Input, Input, Input];
    const { stored } = finish(takeAll(begin(beginning()), first, second, asks('c1'), third), NOW);
    expect(stored.step.inputs).toEqual([
      { kind: 'events', journal: 1, after: 0, upTo: 2 },
      asks('c1'),
      { kind: 'events', journal: 1, after: 2, upTo: 3 },
    ]);
    expect(stored.runs).toMatchObject([{ journal: 1, upTo: 3, events: [{}, {}, {}] }]);
  });

  it('refers to what is new of a batch that overlaps', () => {
    const [first, second] = batches(2) as [Input & { kind: 'events' }, Input & { kind: 'events' }];
    const events = [...first.batch.events, ...second.batch.events];
    const course = finish(take(begin(beginning()), first), NOW).course;
    const both = take(course, { kind: 'events', batch: { journal: 1, after: 0, events } });
    expect(finish(both, NOW + 1).stored.step.inputs).toEqual([{ kind: 'events', journal: 1, after: 1, upTo: 2 }]);
  });

  it('follows the one before it, also when the clock stands still or goes back', () => {
    const [first, second, third] = batches(3) as [Input, Input, Input];
    const born = beginning();
    const one = finish(take(begin(born), first), NOW);
    const two = finish(take(one.course, second), NOW);
    const three = finish(take(two.course, third), NOW - 60_000);
    expect([one, two, three].map(({ stored }) => stored.step)).toMatchObject([
      { step: NOW, previous: null, born },
      { step: NOW + 1, previous: NOW, now: NOW },
      { step: NOW + 2, previous: NOW + 1, now: NOW - 60_000 },
    ]);
    expect(two.stored.step.born).toBeUndefined();
  });

  it('after a rebirth is above those of the actor before', () => {
    const old = finish(take(begin(beginning()), asks('c1')), NOW).course;
    const reborn = begin(beginning(), old.steps.last);
    expect(finish(take(reborn, asks('c2')), NOW - 5).stored.step).toMatchObject({ step: NOW + 1, previous: null });
  });

  it('keeps the state every 250 steps, and with the first one of a run', () => {
    let course = begin(beginning());
    const kept: number[] = [];
    for (const [i, batch] of batches(510).entries()) {
      const { course: next, stored } = finish(take(course, batch), NOW + i);
      if (stored.step.snapshot) kept.push(i);
      course = next;
    }
    expect(kept).toEqual([250, 500]);
    const carried = JSON.parse(JSON.stringify(carriedSteps(course))) as NonNullable<ReturnType<typeof carriedSteps>>;
    const { stored } = finish(take(resume(course.state, carried), asks('c1')), NOW + 900);
    expect(stored.step).toMatchObject({ previous: NOW + 509, snapshot: { commands: [{ commandId: 'c1' }] } });
  });
});

describe('inputs that change no row', () => {
  it('wait for the next step, also when the run ends before it', () => {
    const asked = finish(take(begin(beginning()), asks('c1')), NOW).course;
    const again = take(asked, asks('c1'));
    expect(finish(again, NOW + 1).due).toBe(false);
    const waiting = unfinished(again);
    const next = resume(waiting.state, carriedSteps(waiting));
    const { due, stored } = finish(takeAll(next, ...batches(1)), NOW + 2);
    expect(due).toBe(true);
    expect(stored.step.inputs).toMatchObject([{ request: { commandId: 'c1', payload: null } }, { kind: 'events' }]);
  });

  it('are none where only time has passed', () => {
    const course = take(begin(beginning()), { kind: 'tick', now: NOW });
    expect(course.steps.pending).toEqual([]);
  });

  it('of what its edge has taken are stored with what comes of it', () => {
    const station = new Station().connects('1-1').boots();
    const born = finish(take(begin(station.state), asks('c1')), NOW).course;
    const offered = unfinished(take(born, { kind: 'dispatched', commandId: 'c1', connection: '1-1' }));
    const taken = take(offered, { kind: 'taken', commandId: 'c1', at: '2026-03-01T13:00:01.000Z' });
    expect(taken.state.commands[0]).toMatchObject({ state: 'dispatching', sentAt: '2026-03-01T13:00:01.000Z' });
    expect(finish(taken, NOW + 1).due).toBe(false);
    // What else changed in the same drain is stored.
    const cancelled: Input = { kind: 'cancelled', commandId: 'c2', at: '2026-03-01T13:00:01.000Z', by: null };
    const more = takeAll(take(offered, asks('c2')), cancelled, {
      kind: 'taken',
      commandId: 'c1',
      at: '2026-03-01T13:00:01.000Z',
    });
    expect(finish(more, NOW + 1).stored.commands.map((c) => c.commandId)).toEqual(['c2']);
  });

  it('of an actor that was born and did nothing begin the chain anew', () => {
    expect(carriedSteps(begin(beginning()))).toBeUndefined();
  });
});

describe('the same inputs', () => {
  it('make the same state and rows again, of however many drains a step was', () => {
    const station = new Station().connects('1-1').boots();
    const born = finish(take(begin(station.state), asks('c1')), NOW).course;
    const sent: Input = { kind: 'dispatched', commandId: 'c1', connection: '1-1' };
    const later: Input[] = [
      asks('c1'),
      sent,
      { kind: 'notSent', commandId: 'c1', reason: 'the socket is closed' },
      { kind: 'silenceChecked', at: '2026-03-01T13:00:01.000Z' },
      { kind: 'connectionGone', connection: '1-1', at: '2026-03-01T13:00:02.000Z' },
      { kind: 'tick', now: NOW + 100 * 86_400_000 },
    ];
    // The actor: a drain of nothing new, the CALL offered, a drain of all that came of it.
    const drained = take(unfinished(take(born, asks('c1'))), sent);
    const live = finish(takeAll(drained, ...later.slice(2)), NOW + 3);
    const replayed = finish(takeAll(resume(born.state, undefined), ...later), NOW + 3);
    expect(live.stored.step.inputs).toMatchObject(later.map(({ kind }) => ({ kind })));
    expect(replayed.course.state).toEqual(live.course.state);
    expect({ ...replayed.stored, step: 0 }).toEqual({ ...live.stored, step: 0 });
    expect(live.course.state.commands).toMatchObject([{ state: 'expired' }]);
  });
});
