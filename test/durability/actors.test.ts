import { Client, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActors, workflowId, type Actors } from '../../src/temporal/actors.ts';
import { Program } from '../support/program.ts';
import { openSql } from '../../chaos/system.ts';
import { chargingThrough } from './load.ts';

const LONG = 240_000;

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

  it(
    'restarted again and again while signals stream in, loses nothing and keeps its commands',
    async () => {
      const busy = { url: program.url, prefix: 'restarted-', stations: 1, paceMs: 0, after: 100 };
      await chargingThrough(sql, busy, async ({ stations }) => {
        const chargePointId = stations[0]?.chargePointId ?? '';
        const runs = new Set<string>();
        for (let round = 1; round <= 5; round++) {
          const commandId = `restarted ${round}`;
          await actors.submit(chargePointId, { action: 'GetConfiguration', payload: {}, commandId });
          await actors.restart(chargePointId, 'a test');
          runs.add((await actor(chargePointId).describe()).runId);
        }
        expect(runs.size).toBe(5);
        const states = async () => [
          ...(await sql`select distinct state from command where command_id like 'restarted %'`),
        ];
        await expect.poll(states, { timeout: 60_000 }).toEqual([{ state: 'completed' }]);
      });
    },
    LONG,
  );

  it('that does not run is not restarted', async () => {
    await actors.restart('NOBODY', 'a test');
    await expect(actor('NOBODY').describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });

  const actor = (id: string): WorkflowHandle => client.workflow.getHandle(workflowId(id));
});
