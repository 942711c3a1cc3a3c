/** What leaves as a command, what does not, and how it ends: at a real edge, which has the last look at it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import type { CallResult } from '../../workflows/events.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { commandAfter } from './actor.ts';
import { refused, sound } from './payloads.ts';
import { boot } from './rows.ts';
import { rule } from './rule.ts';

const MINUTE = 60_000;

let test: TestEdge;
let stations = 0;
let id: string;
let client: Client;
beforeAll(async () => {
  test = await startTestEdge();
});
afterAll(() => test.close());
beforeEach(async () => {
  id = `CP${++stations}`;
  client = await test.connect(`/${id}`);
  await client.call('BootNotification', boot);
});

/** As the actor would, which is asked for it. */
async function send(action: string, payload: Record<string, unknown>) {
  const request = { commandId: randomUUID(), action, payload };
  await test.edge.calls.send({ chargePointId: id, connection: test.events(id)[0]!.connection, ...request });
  return request;
}
const outcomes = () =>
  test
    .events(id)
    .filter((event): event is CallResult => event.kind === 'callResult')
    .map(({ outcome }) => outcome);
const ended = (count = 1) => eventually(() => outcomes().length === count, `${count} results`);

async function neverLeaves(number: keyof typeof refused): Promise<void> {
  for (const { action, payload, words } of refused[number]) {
    const message = expect.stringMatching(words);
    await expect(send(action, payload)).rejects.toMatchObject({ name: 'InvalidCommand', message });
  }
  await client.answersHeartbeatOnly();
}

async function leaves(number: keyof typeof sound): Promise<void> {
  let count = 0;
  for (const [action, payload] of sound[number]) {
    await send(action, payload);
    const [, messageId, sentAction, sentPayload] = await client.nextCall();
    expect([sentAction, sentPayload]).toEqual([action, payload]);
    client.send([4, messageId, 'NotSupported', '', {}]);
    await ended(++count);
  }
}

describe('does not leave', () => {
  rule(73, 'a key of 51 characters', () => neverLeaves(73));
  rule(74, 'a key of 51 characters, a value of 501', () => neverLeaves(74));
  rule(75, 'for a connector below 0, and of another type', () => neverLeaves(75));
  rule(76, 'a tag of 21 characters, connector 0, another profile', () => neverLeaves(76));
  rule(77, 'an id that is none', () => neverLeaves(77));
  rule(79, 'connector 0', () => neverLeaves(79));
  rule(80, 'a trigger of a start or a stop', () => neverLeaves(80));
  rule(81, 'another time than UTC, a tag of 21 characters', () => neverLeaves(81));
  rule(82, 'version 0 and -1, a full list that deletes', () => neverLeaves(82));
  rule(83, 'a profile that is not sound', () => neverLeaves(83));
  rule(85, 'another time than UTC', () => neverLeaves(85));
  rule(89, 'without a vendor', () => neverLeaves(89));
});

describe('leaves exactly so', () => {
  rule(73, 'without keys, and with one of 50 characters', () => leaves(73));
  rule(74, 'a key of 50 characters, a value of 500 or none', () => leaves(74));
  rule(75, 'for connector 0', () => leaves(75));
  rule(76, 'without connector, and with a TxProfile', () => leaves(76));
  rule(77, 'any id there is', () => leaves(77));
  rule(81, 'the same reservation again, and for connector 0', () => leaves(81));
  rule(82, 'a full list and a differential one that deletes', () => leaves(82));
  rule(83, 'all limits of one digit, all purposes and kinds', () => leaves(83));
  rule(84, 'without fields and with several', () => leaves(84));
  rule(85, 'times in UTC', () => leaves(85));
});

describe('what nobody sees after it was accepted', () => {
  /** It stands as `answered` for that long and no longer. */
  async function waitsFor(ms: number, action: string, payload: Record<string, unknown>, status: string): Promise<void> {
    const request = await send(action, payload);
    const [, messageId] = await client.nextCall();
    client.send([3, messageId, { status }]);
    await ended();
    expect(commandAfter(test, id, request, ms - 5_000)).toMatchObject({ state: 'answered', endedAt: null });
    const over = { state: 'notObserved', answer: { status }, reason: 'accepted, but its effect was not seen' };
    expect(commandAfter(test, id, request, ms)).toMatchObject(over);
  }

  rule(75, 'Scheduled, and never done', () =>
    waitsFor(24 * 60 * MINUTE, 'ChangeAvailability', { connectorId: 1, type: 'Inoperative' }, 'Scheduled'),
  );
  rule(76, 'Accepted, and nobody plugged in', () =>
    waitsFor(5 * MINUTE, 'RemoteStartTransaction', { idTag: 'T' }, 'Accepted'),
  );
  rule(80, 'Accepted, and the message never came', () =>
    waitsFor(2 * MINUTE, 'TriggerMessage', { requestedMessage: 'MeterValues' }, 'Accepted'),
  );
});

describe('without an answer', () => {
  rule(88, 'after 30 s, or 60 s where much is read or written; the late answer is nobody’s', async () => {
    for (const [action, payload, seconds] of [
      ['ClearCache', {}, 30],
      ['SendLocalList', { listVersion: 1, updateType: 'Full' }, 60],
      ['GetConfiguration', {}, 60],
    ] as const) {
      const before = outcomes().length;
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const request = await send(action, payload);
        const [, messageId] = await client.nextCall();
        vi.advanceTimersByTime(seconds * 1_000 - 1);
        await client.answersHeartbeatOnly();
        expect(outcomes()).toHaveLength(before);
        vi.advanceTimersByTime(1);
        vi.useRealTimers();
        await ended(before + 1);
        client.send([3, messageId, { status: 'Accepted' }]);
        await client.answersHeartbeatOnly();
        expect(outcomes().slice(before)).toEqual([{ timeout: true }]);
        expect(commandAfter(test, id, request)).toMatchObject({ state: 'timedOut', answer: null });
      } finally {
        vi.useRealTimers();
      }
    }
  });
});
