import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotSent } from '../../src/edge/calls.ts';
import type { CallResult } from '../../workflows/events.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from './edge.ts';

let test: TestEdge;
let client: Client;
let connection: string;

beforeEach(async () => {
  test = await startTestEdge();
  client = await test.connect('/CP1');
  await client.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
  connection = test.events('CP1')[0]!.connection;
});
afterEach(() => test.close());

const reset = (overrides: Partial<{ chargePointId: string; connection: string; commandId: string }> = {}) => ({
  chargePointId: 'CP1',
  connection,
  commandId: randomUUID(),
  action: 'Reset',
  payload: { type: 'Soft' },
  ...overrides,
});
const ofCalls = () => test.events('CP1').filter(({ kind }) => kind === 'callSent' || kind === 'callResult');
const results = () => test.events('CP1').filter((event): event is CallResult => event.kind === 'callResult');
const ended = (count = 1) => eventually(() => results().length === count, `${count} results`);
/** Why the CALL was not sent. */
const refusal = (request: Parameters<TestEdge['edge']['calls']['send']>[0]) =>
  test.edge.calls.send(request).then(
    () => 'sent',
    (error: unknown) => (error instanceof NotSent ? error.reason : error),
  );

describe('a CALL', () => {
  it('is journalled, written, and its answer journalled', async () => {
    const request = reset();
    await test.edge.calls.send(request);
    const [, messageId, action, payload] = await client.nextCall();
    expect([action, payload]).toEqual(['Reset', { type: 'Soft' }]);
    expect(messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(ofCalls()).toMatchObject([
      { kind: 'callSent', connection, commandId: request.commandId, messageId, payload },
    ]);
    client.send([3, messageId, { status: 'Accepted' }]);
    await ended();
    expect(results()[0]).toMatchObject({
      commandId: request.commandId,
      messageId,
      action: 'Reset',
      outcome: { result: { status: 'Accepted' } },
    });
  });

  it.each([
    [(id: string) => [4, id, 'NotSupported', 'no', {}], { error: 'NotSupported', description: 'no' }],
    [(id: string) => [4, id, 'FormatViolation', 'x', null], { error: 'FormationViolation', description: 'x' }],
    [(id: string) => [4, id], { error: 'GenericError', description: '' }],
    [(id: string) => [3, id, 'Accepted'], { error: 'FormationViolation', description: expect.any(String) }],
    [(id: string) => [3, id, null], { error: 'FormationViolation', description: expect.any(String) }],
    [(id: string) => [3, id, { status: 'Accepted', extra: 1 }], { result: { status: 'Accepted' } }],
  ])('answered otherwise ends with what the station said (%#)', async (answer, outcome) => {
    await test.edge.calls.send(reset());
    const [, messageId] = await client.nextCall();
    client.send(answer(messageId));
    await ended();
    expect(results()[0]?.outcome).toEqual(outcome);
    await client.answersHeartbeatOnly();
  });

  it('with an answer nested deeper than JSON can be written again ends all the same', async () => {
    await test.edge.calls.send(reset());
    const [, messageId] = await client.nextCall();
    client.send(`[3,"${messageId}",{"status":${'['.repeat(200_000)}${']'.repeat(200_000)}}]`);
    await ended();
    expect(results()[0]?.outcome).toMatchObject({ error: 'FormationViolation' });
    await client.answersHeartbeatOnly();
  });

  it('with an answer that is longer than is kept ends with an error that says so', async () => {
    const ask = async (unknownKey: string) => {
      await test.edge.calls.send({ ...reset(), action: 'GetConfiguration', payload: {} });
      const [, messageId] = await client.nextCall();
      client.send([3, messageId, { unknownKey: [unknownKey], vendorSays: 'x'.repeat(300_000) }]);
    };
    const around = JSON.stringify({ unknownKey: [''] }).length;
    await ask('k'.repeat(250_000 - around));
    await ended();
    expect(results()[0]?.outcome).toHaveProperty('result.unknownKey');
    await ask('k'.repeat(250_001 - around));
    await ended(2);
    expect(results()[1]?.outcome).toEqual({
      error: 'FormationViolation',
      description: 'GetConfiguration.conf: 250,001 characters, of which at most 250,000 are taken',
    });
    await client.answersHeartbeatOnly();
  });

  it('with an answer that is sound, and nested deeper than JSON can be written again, ends all the same', async () => {
    const request = { action: 'GetCompositeSchedule', payload: { connectorId: 1, duration: 60 } };
    await test.edge.calls.send({ ...reset(), ...request });
    const [, messageId] = await client.nextCall();
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    client.send(`[3,"${messageId}",{"status":"Accepted","chargingSchedule":{"deep":${deep}}}]`);
    await ended();
    expect(results()[0]?.outcome).toMatchObject({ error: 'FormationViolation' });
    await client.answersHeartbeatOnly();
  });

  it('whose socket closes before it is written counts as sent, and is lost', async () => {
    const sent = test.edge.calls.send(reset());
    client.socket.terminate();
    await sent;
    await eventually(() => test.events('CP1').at(-1)?.kind === 'disconnected', 'disconnected');
    expect(results().map(({ outcome }) => outcome)).toEqual([{ connectionLost: true }]);
  });

  it('in flight on a socket that is cut leaves other stations served', async () => {
    const other = await test.connect('/CP2');
    await test.edge.calls.send(reset());
    await client.nextCall();
    client.socket.terminate();
    await other.answersHeartbeatOnly();
    const again = await test.connect('/CP1');
    await again.answersHeartbeatOnly();
  });
});

describe('a CALL is not sent', () => {
  it('twice under one command id', async () => {
    const request = reset();
    await test.edge.calls.send(request);
    const [, messageId] = await client.nextCall();
    client.send([3, messageId, { status: 'Accepted' }]);
    await ended();
    expect(await refusal(request)).toBe('already sent');
    expect(ofCalls()).toHaveLength(2);
  });

  it('is not what another charge point has a command of the same id for', async () => {
    const request = reset({ commandId: 'nightly' });
    await test.edge.calls.send(request);
    const [, messageId] = await client.nextCall();
    client.send([3, messageId, { status: 'Accepted' }]);
    const other = await test.connect('/CP2');
    await other.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    const of = test.events('CP2').find(({ kind }) => kind === 'connected')!.connection;
    await test.edge.calls.send({ ...request, chargePointId: 'CP2', connection: of });
    expect(await other.nextCall()).toMatchObject([2, expect.any(String), 'Reset', { type: 'Soft' }]);
  });

  it('to a connection that is not open here, or belongs to another charge point', async () => {
    expect(await refusal(reset({ connection: '1-1' }))).toBe('not connected');
    expect(await refusal(reset({ chargePointId: 'CP2' }))).toBe('not connected');
    client.socket.close();
    await eventually(() => !test.edge.isOpen(connection), 'closed');
    expect(await refusal(reset())).toBe('not connected');
  });

  it('to any but the newest connection, and to the older one again when the newest has ended', async () => {
    const newer = await test.connect('/CP1');
    await newer.answersHeartbeatOnly();
    expect(await refusal(reset())).toBe('not the newest connection');
    newer.socket.terminate();
    await eventually(() => test.edge.connections() === 1, 'the newest has ended');
    expect(await refusal(reset())).toBe('sent');
  });

  it('when what it reserves is over', async () => {
    const reservation = { connectorId: 1, idTag: 'TAG', reservationId: 1 };
    const reserve = (expiryDate: string) =>
      test.edge.calls.send({ ...reset(), action: 'ReserveNow', payload: { ...reservation, expiryDate } });
    await expect(reserve(new Date().toISOString())).rejects.toMatchObject({
      name: 'InvalidCommand',
      message:
        'no valid ReserveNow.req (OCPP 1.6 §6.37): expiryDate: it is over, and the reservation with it (OCPP 1.6 §5.13)',
    });
    await client.answersHeartbeatOnly();
    await reserve('2099-12-31T22:00:00Z');
    expect(await client.nextCall()).toMatchObject([2, expect.any(String), 'ReserveNow', {}]);
  });

  it('when it cannot be journalled', async () => {
    await test.journal.close();
    const request = reset();
    expect(await refusal(request)).toBe('not journalled');
    expect(await refusal(request)).toBe('not journalled');
    await client.pong();
    expect(client.unread).toEqual([]);
  });
});
