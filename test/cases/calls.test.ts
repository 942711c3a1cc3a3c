import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import type { CallResult } from '../../workflows/events.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { boot } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
let client: Client;
let connection: string;

beforeEach(async () => {
  test = await startTestEdge();
  client = await test.connect('/CP1');
  await client.call('BootNotification', boot);
  connection = test.events('CP1')[0]!.connection;
});
afterEach(() => test.close());

const send = () =>
  test.edge.calls.send({
    chargePointId: 'CP1',
    connection,
    commandId: randomUUID(),
    action: 'Reset',
    payload: { type: 'Soft' },
  });
const outcomes = () =>
  test
    .events('CP1')
    .filter((event): event is CallResult => event.kind === 'callResult')
    .map(({ outcome }) => outcome);
const ended = (count = 1) => eventually(() => outcomes().length === count, `${count} results`);

describe('an answer to nothing', () => {
  rule(27, 'ids never used, answers that are none', async () => {
    for (const frame of [
      '[3,"unknown",{}]',
      '[4,"unknown","GenericError","",{}]',
      '[3]',
      '[4,"x"]',
      '[4,"x",1,2,3]',
      '[3,"x",null]',
      '[3,"",{}]',
      '[3,null,{}]',
      '[4]',
      '[4,"x",{},[],null]',
    ]) {
      client.send(frame);
      await client.answersHeartbeatOnly();
    }
  });

  rule(27, 'given twice, or for a CALL before', async () => {
    await send();
    const [, first] = await client.nextCall();
    client.send([3, first, { status: 'Accepted' }]);
    client.send([3, first, { status: 'Rejected' }]);
    await client.answersHeartbeatOnly();
    await send();
    client.send([4, first, 'GenericError', '', {}]);
    const [, second] = await client.nextCall();
    client.send([3, second, { status: 'Rejected' }]);
    await ended(2);
    expect(outcomes()).toEqual([{ result: { status: 'Accepted' } }, { result: { status: 'Rejected' } }]);
  });

  rule(27, 'given on another connection of the station', async () => {
    await send();
    const [, messageId] = await client.nextCall();
    const newer = await test.connect('/CP1');
    newer.send([3, messageId, { status: 'Accepted' }]);
    await newer.answersHeartbeatOnly();
    expect(outcomes()).toEqual([]);
  });

  rule(27, 'too late', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await send();
      const [, messageId] = await client.nextCall();
      vi.advanceTimersByTime(29_999);
      await client.answersHeartbeatOnly();
      expect(outcomes()).toEqual([]);
      vi.advanceTimersByTime(1);
      vi.useRealTimers();
      await ended();
      expect(outcomes()).toEqual([{ timeout: true }]);
      await send();
      await client.nextCall();
      client.send([3, messageId, { status: 'Accepted' }]);
      await client.answersHeartbeatOnly();
      expect(outcomes()).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a CALL to the station', () => {
  rule(28, 'a second one does not go out before the first has ended', async () => {
    await send();
    await expect(send()).rejects.toMatchObject({ reason: 'busy' });
    const [, messageId] = await client.nextCall();
    client.send([3, messageId, { status: 'Accepted' }]);
    await ended();
    await send();
    await client.nextCall();
  });

  rule(28, 'the station’s own are answered meanwhile, and other stations are not concerned', async () => {
    const other = await test.connect('/CP2');
    await send();
    const [, messageId] = await client.nextCall();
    await client.answersHeartbeatOnly();
    await other.answersHeartbeatOnly();
    client.send([3, messageId, { status: 'Accepted' }]);
    await ended();
  });

  rule(28, 'a lost connection ends it before it ends itself', async () => {
    await send();
    await client.nextCall();
    client.socket.terminate();
    await eventually(() => test.events('CP1').at(-1)?.kind === 'disconnected', 'disconnected');
    const kinds = test.events('CP1').map(({ kind }) => kind);
    expect(kinds.slice(-3)).toEqual(['callSent', 'callResult', 'disconnected']);
    expect(outcomes()).toEqual([{ connectionLost: true }]);
  });

  rule(25, 'errors in other spellings, and with nothing but an id', async () => {
    for (const [code, read] of [
      ['FormatViolation', 'FormationViolation'],
      ['OccurrenceConstraintViolation', 'OccurenceConstraintViolation'],
      ['NotSupported', 'NotSupported'],
      [undefined, 'GenericError'],
    ]) {
      await send();
      const [, messageId] = await client.nextCall();
      client.send(code === undefined ? [4, messageId] : [4, messageId, code, 'words', null]);
      const before = outcomes().length;
      await ended(before + 1);
      expect(outcomes().at(-1)).toEqual({ error: read, description: code === undefined ? '' : 'words' });
    }
  });

  rule(31, 'nothing but what the specification has is sent', async () => {
    const request = { chargePointId: 'CP1', connection, action: 'Reset' };
    for (const payload of [{ type: 'Soft', force: true }, { type: 'soft' }, { type: null }, {}]) {
      await expect(test.edge.calls.send({ ...request, commandId: randomUUID(), payload })).rejects.toMatchObject({
        name: 'InvalidCommand',
      });
    }
    await client.answersHeartbeatOnly();
  });
});
