import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { workflowId } from '../../src/temporal/actors.ts';
import { Program } from '../support/program.ts';
import { openSql } from '../../chaos/system.ts';
import { chargingThrough } from './load.ts';

const LONG = 240_000;

describe('an actor of a charging station', () => {
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

  const actor = (id: string): WorkflowHandle => client.workflow.getHandle(workflowId(id));
});
