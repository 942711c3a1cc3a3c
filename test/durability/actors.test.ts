import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { workflowId } from '../../src/temporal/actors.ts';
import { Program } from '../support/program.ts';
import { chargingThrough, openSql } from './load.ts';

const LONG = 240_000;

describe.sequential('actors of charging stations', () => {
  let program: Program;
  let sql: postgres.Sql;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    program = await Program.create();
    await program.start();
    sql = openSql(program.databaseUrl);
    connection = await Connection.connect({ address: program.temporalAddress });
    client = new Client({ connection });
  }, LONG);

  afterAll(async () => {
    await connection?.close();
    await sql?.end({ timeout: 1 });
    await program?.dispose();
  }, LONG);

  it(
    'are born again and lose nothing when their workflows are terminated',
    async () => {
      let runs = new Map<string, string>();
      await chargingThrough(sql, { url: program.url, prefix: 'terminated-' }, async (load) => {
        const ids = load.stations.slice(0, 4).map((station) => station.chargePointId);
        runs = await runIds(ids);
        // With the database hanging, the actors are terminated with events that they have accepted and not stored.
        const database = await program.embeddedPid('database');
        process.kill(database, 'SIGSTOP');
        await load.more(60);
        await Promise.all(ids.map((id) => actor(id).terminate('by an operator')));
        process.kill(database, 'SIGCONT');
      });
      for (const [id, runId] of await runIds([...runs.keys()])) expect(runId).not.toBe(runs.get(id));
    },
    LONG,
  );

  it(
    'lose nothing that was accepted when their workflows are cancelled, and are born again by the next message',
    async () => {
      let runs = new Map<string, string>();
      await chargingThrough(sql, { url: program.url, prefix: 'cancelled-' }, async ({ stations }) => {
        const ids = stations.slice(0, 4).map((station) => station.chargePointId);
        runs = await runIds(ids);
        await Promise.all(ids.map((id) => actor(id).cancel()));
      });
      for (const [id, runId] of runs) {
        const ended = await client.workflow.getHandle(workflowId(id), runId).describe();
        expect(ended.status.name).toBe('CANCELLED');
      }
      for (const [id, runId] of await runIds([...runs.keys()])) expect(runId).not.toBe(runs.get(id));
    },
    LONG,
  );

  it(
    'refuse signals that nobody can read, with a reason, and go on',
    async () => {
      await chargingThrough(sql, { url: program.url, prefix: 'garbage-' }, async ({ stations }) => {
        const id = stations[0]?.chargePointId ?? '';
        const busy = actor(id);
        const { runId } = await busy.describe();
        const garbage = RawValue.fromPayload({
          metadata: { encoding: Buffer.from('json/plain') },
          data: Buffer.from('{{{'),
        });
        for (const name of ['events', 'reset', 'command', 'rest']) await busy.signal(name, garbage);
        await busy.signal('events', { journal: 'x', after: 0, events: [null] });
        await busy.signal('events', { journal: 1, after: 0, events: [{ seq: 1, kind: 'message' }] });
        await busy.signal('reset', { type: 'Sideways' });
        await busy.signal('command');

        await vi.waitFor(async () => expect(await commands(id)).toHaveLength(8), { timeout: 30_000, interval: 200 });
        for (const row of await commands(id))
          expect(row).toMatchObject({ state: 'refused', reason: expect.stringMatching(/./) });
        expect((await busy.describe()).runId).toBe(runId);
      });
    },
    LONG,
  );

  it(
    'continue as new again and again while signals stream in, with every row exactly once',
    async () => {
      const busy = { url: program.url, prefix: 'endless-', stations: 1, paceMs: 0, after: 100 };
      await chargingThrough(sql, busy, async ({ stations }) => {
        const handle = actor(stations[0]?.chargePointId ?? '');
        // A batch that was seen before changes nothing: many of them make the run long in a short time.
        const seen = { journal: 1, after: 0, events: [] };
        const runs = new Set<string>();
        while (runs.size < 3) {
          runs.add((await handle.describe()).runId);
          await Promise.all(Array.from({ length: 50 }, () => handle.signal('events', seen)));
        }
      });
    },
    LONG,
  );

  const actor = (id: string): WorkflowHandle => client.workflow.getHandle(workflowId(id));

  async function runIds(ids: string[]): Promise<Map<string, string>> {
    return new Map(await Promise.all(ids.map(async (id) => [id, (await actor(id).describe()).runId] as const)));
  }

  const commands = (id: string) =>
    sql`SELECT action, state, reason FROM command WHERE charge_point_id = ${id} ORDER BY requested_at`;
});
