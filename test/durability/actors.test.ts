import { Client, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActors, workflowId, type Actors } from '../../src/temporal/actors.ts';
import { Station } from '../../src/simulator/station.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import { Program } from '../support/program.ts';
import { openSql } from '../../chaos/system.ts';
import { chargingThrough } from './load.ts';

const LONG = 480_000;
/** temporal.api.enums.v1.EventType: of a workflow task scheduled, started, completed. */
const TASK_EVENTS = new Set([5, 6, 7]);
/** A batch that was seen before changes nothing: many of them make a run long in a short time. */
const SEEN = { journal: 1, after: 0, events: [] };

describe('an actor of a charging station', () => {
  let program: Program;
  let sql: postgres.Sql;
  let connection: NativeConnection;
  let client: Client;
  let actors: Actors;

  beforeAll(async () => {
    program = await Program.create();
    await program.start();
    sql = openSql(program.databaseUrl);
    connection = await NativeConnection.connect({ address: program.temporalAddress });
    client = new Client({ connection });
    actors = createActors({ connection, client, namespace: 'default', address: program.temporalAddress });
  }, LONG);

  afterAll(async () => {
    await connection?.close();
    await sql?.end({ timeout: 1 });
    await program?.dispose();
  }, LONG);

  it(
    'continues as new again and again while signals stream in, with every row exactly once',
    async () => {
      const busy = { url: program.url, prefix: 'endless-', stations: 1, paceMs: 0, after: 100 };
      await chargingThrough(sql, busy, async ({ stations }) => {
        const handle = actor(stations[0]?.chargePointId ?? '');
        const runs = new Set<string>();
        while (runs.size < 3) {
          runs.add((await handle.describe()).runId);
          await Promise.all(Array.from({ length: 50 }, () => handle.signal('events', SEEN)));
        }
      });
    },
    LONG,
  );

  it(
    'restarted again and again while signals stream in, loses nothing and keeps its commands',
    async () => {
      const busy = { url: program.url, prefix: 'restarted-', stations: 1, paceMs: 0, after: 100 };
      await chargingThrough(sql, busy, async ({ stations }) => {
        const chargePointId = stations[0]?.chargePointId ?? '';
        const runId = async () => (await actor(chargePointId).describe()).runId;
        const runs = new Set([await runId()]);
        for (let round = 1; round <= 5; round++) {
          const commandId = `restarted ${round}`;
          // Asked again where a restart was faster than the answer: it is queued once.
          const submitted = () => actors.submit(chargePointId, { action: 'GetConfiguration', payload: {}, commandId });
          await expect.poll(submitted, { timeout: 60_000 }).toEqual({ commandId });
          // One that waits for a worker in this moment is left as it is.
          const restarted = async () => {
            await actors.restart(chargePointId, 'a test');
            return runs.add(await runId()).size;
          };
          await expect.poll(restarted, { timeout: 60_000 }).toBe(round + 1);
        }
        const states = async () => [
          ...(await sql`select distinct state from command where command_id like 'restarted %'`),
        ];
        await expect.poll(states, { timeout: 60_000 }).toEqual([{ state: 'completed' }]);
      });
    },
    LONG,
  );

  it(
    'cancelled while signals stream in, serves on, and ends when they pause',
    async () => {
      const busy = { url: program.url, prefix: 'cancelled-', stations: 1, paceMs: 20, after: 30 };
      let cancelled: WorkflowHandle | undefined;
      await chargingThrough(sql, busy, async ({ stations: [station] }) => {
        const { chargePointId = '' } = station ?? {};
        const current = actor(chargePointId);
        const batch = JSON.stringify(SEEN);
        // A run that has just begun is far from handing over to a next one, also with all that comes now.
        const { runId } = await current.describe();
        while ((await current.describe()).runId === runId) {
          await Promise.all(Array.from({ length: 50 }, () => current.signal('events', SEEN)));
        }
        cancelled = client.workflow.getHandle(current.workflowId, (await current.describe()).runId);
        await cancelled.cancel();
        for (let round = 0; round < 5; round++) {
          await Promise.all(Array.from({ length: 20 }, () => actors.deliver(chargePointId, batch, { start: true })));
        }
      });
      const status = async () => (await cancelled?.describe())?.status.name;
      await expect.poll(status, { timeout: 60_000 }).toBe('CANCELLED');
      // Temporal refuses an end that is met by a signal: the task fails, and all of the history is replayed.
      const history = await cancelled?.fetchHistory();
      const before = history?.events?.slice(0, -1).findLast(({ eventType }) => !TASK_EVENTS.has(eventType ?? 0));
      expect(before?.timerFiredEventAttributes).toBeTruthy();
    },
    LONG,
  );

  it(
    'cancelled while so many signals stream in that it hands over, ends in its next run',
    async () => {
      const station = new Station({ url: program.url, chargePointId: 'HANDED' });
      try {
        await station.call('BootNotification', { chargePointVendor: 'Simulated', chargePointModel: 'One' });
        const handle = actor('HANDED');
        const running = async () => (await handle.describe().catch(() => undefined))?.runId;
        await expect.poll(running, { timeout: 30_000 }).toBeTypeOf('string');
        const first = await running();
        await handle.cancel();
        while ((await running()) === first) {
          await Promise.all(Array.from({ length: 100 }, () => handle.signal('events', SEEN)));
        }
        const next = client.workflow.getHandle(handle.workflowId, await running());
        await expect.poll(async () => (await next.describe()).status.name, { timeout: 60_000 }).toBe('COMPLETED');
      } finally {
        station.stop();
      }
    },
    LONG,
  );

  it(
    'takes over a command that was stored while it was born, by a worker that had not heard of the end of the one before',
    async () => {
      const station = new Station({
        url: program.url,
        chargePointId: 'ADOPTS',
        onCall: () => ({ status: 'Accepted' }),
      });
      const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One' };
      try {
        await station.call('BootNotification', boot);
        const seen = () => sql`select from charge_point where charge_point_id = 'ADOPTS'`;
        await expect.poll(async () => (await seen()).length, { timeout: 30_000 }).toBe(1);
        await actor('ADOPTS').terminate();
        await station.call('BootNotification', boot);
        const state = () => actor('ADOPTS').query<ActorState | undefined>('state');
        await expect.poll(async () => (await state())?.bornAt, { timeout: 30_000 }).toBeTypeOf('number');
        await sql`
          insert into command (charge_point_id, command_id, action, payload, state, via, requested_at, deadline, version)
          values ('ADOPTS', 'late', 'ClearCache', '{}', 'queued', 'update', now(), now() + interval '1 hour', 1)`;
        // What the station says brings the second look at the rows with it, which comes minutes later by itself.
        const received = async () => {
          await station.call('StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError' });
          return station.received;
        };
        await expect
          .poll(received, { timeout: 60_000, interval: 1_000 })
          .toEqual([{ action: 'ClearCache', payload: {} }]);
        const row = () => sql`select state from command where command_id = 'late'`;
        await expect.poll(async () => [...(await row())], { timeout: 30_000 }).toEqual([{ state: 'completed' }]);
        // An actor that was born once more meanwhile has the command from its rows, and looks later.
        const lookedAgain = async () => {
          await received();
          return (await state())?.bornAt;
        };
        await expect.poll(lookedAgain, { timeout: 60_000, interval: 1_000 }).toBeUndefined();
      } finally {
        station.stop();
      }
    },
    LONG,
  );

  it(
    'is started where something waits for it and its station says nothing: a deadline, an edge that is gone, a retired queue',
    async () => {
      const ids = ['AWAY', 'SILENT', 'GONE'];
      const rows = ids.map((id) => ({
        charge_point_id: id,
        online: id === 'SILENT',
        last_seen_at: new Date(Date.now() - 3_600_000),
        registration: id === 'GONE' ? 'retired' : 'accepted',
      }));
      await sql`insert into charge_point ${sql(rows)}`;
      await sql`
        insert into connection (charge_point_id, connection, journal, task_queue, opened_at)
        values ('SILENT', '9-1', 9, 'of an edge that is gone', now())`;
      const payload = '{"location":"ftp://localhost/","retrieveDate":"2026-01-01T00:00:00Z"}';
      // PostgreSQL keeps it, and cannot look into it.
      const unreadable = String.raw`{"effectWithinMs":3600000,"of nobody":"\u0000"}`;
      await sql`
        insert into command (charge_point_id, command_id, action, payload, options, state, via, requested_at, deadline, sent_at, version)
        select 'GONE', id, 'UpdateFirmware', ${payload}::text::json, ${unreadable}::text::json, state, 'update', now(), now() + interval '1 day', sent_at, 1
        from (values ('followed', 'answered', now()), ('waits', 'queued', null)) as rows (id, state, sent_at)`;
      const clear = { action: 'ClearCache', payload: {} };
      // It is over only after the actor is terminated, on a busy machine too.
      await actors.submit('AWAY', { ...clear, commandId: 'in a moment', deadlineMs: 45_000 });
      await actors.submit('AWAY', { ...clear, commandId: 'in an hour', deadlineMs: 3_600_000 });
      const commands = () => sql`
        select command_id, state, reason from command where charge_point_id in ${sql(ids)} order by command_id`;
      await expect.poll(async () => (await commands()).length, { timeout: 30_000 }).toBe(4);
      await actor('AWAY').terminate();

      await expect
        .poll(async () => [...(await commands())], { timeout: 180_000 })
        .toEqual([
          { command_id: 'followed', state: 'notObserved', reason: 'accepted, but the charge point was retired' },
          { command_id: 'in a moment', state: 'expired', reason: 'not sent before its deadline' },
          { command_id: 'in an hour', state: 'queued', reason: null },
          { command_id: 'waits', state: 'cancelled', reason: 'the charge point was retired' },
        ]);
      const silent = async () => [...(await sql`select online from charge_point where charge_point_id = 'SILENT'`)];
      await expect.poll(silent, { timeout: 60_000 }).toEqual([{ online: false }]);
      const status = async (id: string) => (await actor(id).describe()).status.name;
      await expect.poll(() => status('GONE'), { timeout: 30_000 }).toBe('COMPLETED');
      expect(await status('AWAY')).toBe('RUNNING');
    },
    LONG,
  );

  it('that does not run is not restarted', async () => {
    await actors.restart('NOBODY', 'a test');
    await expect(actor('NOBODY').describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });

  const actor = (id: string): WorkflowHandle => client.workflow.getHandle(workflowId(id));
});
