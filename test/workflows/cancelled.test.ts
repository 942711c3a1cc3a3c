import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { workflowId } from '../../src/temporal/actors.ts';
import type { Client } from '../edge/edge.ts';
import type { EdgeInParts } from './edgeInParts.ts';
import { SkippedTime } from './skippedTime.ts';

const LONG = 180_000;
const WITHIN = { timeout: 60_000, interval: 50 };

describe('an actor that is cancelled while a command of it is with an edge', () => {
  let time: SkippedTime;
  let edge: EdgeInParts;
  beforeAll(async () => {
    time = await SkippedTime.start();
    edge = await time.startEdge();
    await edge.serve();
  }, LONG);
  afterAll(async () => {
    await edge?.close();
    await time?.close();
  }, LONG);

  // Handing over while it is to end is shown in test/durability: this server does not know it.
  it(
    'ends when the edge has told what came of it, sends nothing else, and the next one goes on with it',
    async () => {
      const { station, messageId } = await writtenAndUntold('CANCELLED');
      await cancel('CANCELLED');
      await time.actors.submit('CANCELLED', { action: 'ClearCache', payload: {}, commandId: 'next' });
      expect(await told('CANCELLED')).toEqual({ GetConfiguration: 'dispatching', ClearCache: 'queued' });

      edge.hold(false);
      await ends('CANCELLED', 'CANCELLED');
      expect(await rows('CANCELLED')).toEqual({ GetConfiguration: 'sent', ClearCache: 'queued' });
      // Its next word begins the next actor, which knows of both.
      station.send([3, messageId, { configurationKey: [] }]);
      const [, second, action] = await station.nextCall();
      expect(action).toBe('ClearCache');
      station.send([3, second, { status: 'Accepted' }]);
      await vi.waitFor(
        async () => expect(await rows('CANCELLED')).toEqual({ GetConfiguration: 'completed', ClearCache: 'completed' }),
        WITHIN,
      );
    },
    LONG,
  );

  /** Its station has a CALL that the actor has not heard of. */
  async function writtenAndUntold(id: string): Promise<{ station: Client; messageId: string }> {
    const station = await edge.test.connect(`/${id}`);
    await station.call('BootNotification', { chargePointVendor: 'Maker', chargePointModel: 'One' });
    await vi.waitFor(
      async () => expect(await time.actors.state(id)).toMatchObject({ chargePoint: { vendor: 'Maker' } }),
      WITHIN,
    );
    edge.hold(true);
    await time.actors.submit(id, { action: 'GetConfiguration', payload: {}, commandId: 'first' });
    const [, messageId, action] = await station.nextCall();
    expect(action).toBe('GetConfiguration');
    return { station, messageId };
  }

  async function cancel(id: string): Promise<void> {
    await time.temporal.client.workflow.getHandle(workflowId(id)).cancel();
  }

  async function ends(id: string, status: string): Promise<void> {
    const handle = time.temporal.client.workflow.getHandle(workflowId(id));
    await vi.waitFor(async () => expect((await handle.describe()).status.name).toBe(status), WITHIN);
  }

  /** State by action, as the actor has it. */
  async function told(id: string): Promise<Record<string, string>> {
    const { commands } = await time.state(id);
    return Object.fromEntries(commands.map(({ action, state }) => [action, state]));
  }

  /** State by action, as the database has it. */
  async function rows(id: string): Promise<Record<string, string>> {
    const found = await time.sql`SELECT action, state FROM command WHERE charge_point_id = ${id}`;
    return Object.fromEntries(found.map(({ action, state }) => [action, state]));
  }
});
