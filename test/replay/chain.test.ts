import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import { findChain, NotRecorded } from '../../src/replay/chain.ts';
import { EventsGone, replay, replayedDifferences } from '../../src/replay/replay.ts';
import type { Message, StationEvent } from '../../workflows/events.ts';
import { begin, finish, take, type Finished } from '../../workflows/state/steps.ts';
import { born as bornState } from '../../workflows/state/actor.ts';
import type { Step } from '../../workflows/state/model.ts';
import { input, JOURNAL, later, log, messageEvent, newChargePointId, open } from '../drizzle/support.ts';

let database: Database;
let breaker: Breaker;
let writer: Writer;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  breaker = createBreaker({ database, log });
  writer = createWriter({ database, breaker, log });
});

afterAll(async () => {
  await writer.close();
  breaker.close();
  await database.close();
});

const NOW = Date.parse('2026-01-02T04:00:00.000Z');
const EMPTY = {
  chargePoint: null,
  cursors: {},
  openConnections: [],
  connectors: [],
  transactions: [],
  commands: [],
  heard: [],
  version: 0,
};
const newState = (id: string) => bornState(id, EMPTY, { transactionEndGraceMs: 900_000 });

describe('the chain of steps', () => {
  /** Steps of the form [its number, the one before, whether it keeps the state]; a null before it: born. */
  async function stored(id: string, steps: [number, number | null, boolean?][]): Promise<void> {
    for (const [number, before, keeps] of steps) {
      const state = newState(id);
      const step: Step = {
        step: NOW + number,
        previous: before === null ? null : NOW + before,
        now: NOW + number,
        inputs: [],
        ...(before === null ? { born: state } : {}),
        ...(keeps ? { snapshot: state } : {}),
      };
      await writer.persist(input(id, [], { step }));
    }
  }
  const numbers = async (id: string, from: number, to?: number) => {
    const { links, beginsLate } = await findChain(database, id, {
      from: NOW + from,
      to: to === undefined ? undefined : NOW + to,
    });
    return { steps: links.map(({ step }) => step - NOW), late: beginsLate !== undefined };
  };

  it('goes back to the last known state before the time asked for, past what was done again', async () => {
    const id = newChargePointId();
    await stored(id, [
      [1, null],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 2, true],
      [6, 5],
      [7, 6],
      [8, 7],
    ]);
    expect(await numbers(id, 0)).toEqual({ steps: [1, 2, 5, 6, 7, 8], late: false });
    expect(await numbers(id, 7)).toEqual({ steps: [5, 6, 7, 8], late: false });
    expect(await numbers(id, 3)).toEqual({ steps: [1, 2, 5, 6, 7, 8], late: false });
    expect(await numbers(id, 0, 4)).toEqual({ steps: [1, 2, 3, 4], late: false });
  });

  it('goes on with the actor before, where an actor was born', async () => {
    const id = newChargePointId();
    await stored(id, [
      [1, null],
      [2, 1],
      [5, null],
      [6, 5],
    ]);
    expect(await numbers(id, 0)).toEqual({ steps: [1, 2, 5, 6], late: false });
    expect(await numbers(id, 5)).toEqual({ steps: [5, 6], late: false });
  });

  it('begins late where steps are not stored any more, with the first state that is known', async () => {
    const id = newChargePointId();
    await stored(id, [
      [2, 1],
      [3, 2],
      [4, 3, true],
      [5, 4],
    ]);
    expect(await numbers(id, 0)).toEqual({ steps: [4, 5], late: true });
    // Its state is the one after it.
    expect(await numbers(id, 4)).toEqual({ steps: [4, 5], late: true });
    expect(await numbers(id, 5)).toEqual({ steps: [4, 5], late: false });
    await expect(numbers(id, 0, 3)).rejects.toThrow(NotRecorded);
    await expect(numbers(newChargePointId(), 0)).rejects.toThrow('no step');
  });

  it('takes the later one of two steps of one number', async () => {
    const id = newChargePointId();
    await stored(id, [
      [1, null],
      [2, 1],
      [2, 1, true],
    ]);
    expect(await replayedDifferences(database, id)).toEqual([]);
    expect((await findChain(database, id, { from: NOW })).links.at(-1)?.hasSnapshot).toBe(true);
  });
});

describe('events', () => {
  const call = { commandId: 'c1', messageId: 'm1', action: 'Reset' };
  const event = (kind: StationEvent['kind'], fields: object): StationEvent =>
    ({ kind, seq: 0, receivedAt: later(1), connection: `${JOURNAL}-1`, ...fields }) as StationEvent;
  const message = (fields: Partial<Message>) => messageEvent(0, fields);

  const all: Record<string, StationEvent> = {
    connected: event('connected', { taskQueue: 'edge', remoteAddress: '::1', protocol: '', registration: 'pending' }),
    disconnected: event('disconnected', { code: 1006, reason: 'it\u0000s off \ud83d' }),
    malformed: event('malformed', { raw: '{{{', reason: 'no JSON' }),
    'malformed beyond UTF-8': event('malformed', { raw: '\ud83d \u0000', reason: 'no JSON' }),
    callSent: event('callSent', { ...call, payload: { type: 'Hard', odd: '\u0000\udc00' } }),
    'a CALLRESULT': event('callResult', { ...call, outcome: { result: { status: 'Accepted', list: [1.5, null] } } }),
    'an empty CALLRESULT': event('callResult', { ...call, outcome: { result: {} } }),
    'a CALLRESULT of nothing': event('callResult', { ...call, outcome: { result: null } }),
    'a CALLERROR': event('callResult', { ...call, outcome: { error: 'InternalError', description: '' } }),
    'a CALLERROR called timeout': event('callResult', { ...call, outcome: { error: 'timeout', description: 'x' } }),
    'a CALLERROR with NUL': event('callResult', { ...call, outcome: { error: 'X', description: '\u0000' } }),
    'no answer in time': event('callResult', { ...call, outcome: { timeout: true } }),
    'no connection any more': event('callResult', { ...call, outcome: { connectionLost: true } }),
    message: message({
      action: 'StatusNotification',
      payload: { connectorId: 1, status: 'Charging\u0000', errorCode: '\ud83d', info: 'ü' },
      at: later(-3600),
      raw: '[2,"x"]',
      notes: ['a: "quoted", {braces}', ''],
      hash: 'abc',
    }),
    'a message with empty notes': message({ notes: [], raw: '' }),
    'a message answered with an error': message({ answer: { error: 'FormationViolation', description: 'why' } }),
    'an error without description': message({ answer: { error: 'X' } as never }),
    'a message with an odd id': message({ messageId: 'a\u0000b', action: '\udc00' }),
    'a time that PostgreSQL writes differently': message({ at: '2026-01-01T24:00:00.000Z' }),
    'a time that PostgreSQL refuses': message({ at: '0000-01-01T00:00:00.000Z' }),
  };

  it.each(Object.keys(all))('are the same out of their rows: %s', async (which) => {
    const id = newChargePointId();
    const events = [1, 2, 3].map((seq) => ({ ...(seq === 2 ? all[which] : messageEvent(seq)), seq }) as StationEvent);
    const taken = takenIn(id, events);
    await writer.persist({ chargePointId: id, ...taken.stored });
    const chain = await findChain(database, id, { from: -Infinity });
    for await (const { inputs, after } of replay(database, id, chain)) {
      expect(inputs).toEqual([{ kind: 'events', batch: { journal: JOURNAL, after: 0, events } }]);
      expect(after).toEqual(taken.course.state);
    }
  });

  it('that are gone end the replay with what to do', async () => {
    const id = newChargePointId();
    const { stored } = takenIn(id, [messageEvent(1), messageEvent(2)]);
    await writer.persist({ chargePointId: id, ...stored, runs: [] });
    await expect(replayedDifferences(database, id)).rejects.toThrow(EventsGone);
  });

  function takenIn(id: string, events: StationEvent[]): Finished {
    return finish(take(begin(newState(id)), { kind: 'events', batch: { journal: JOURNAL, after: 0, events } }), NOW);
  }
});
