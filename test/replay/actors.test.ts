import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase, type Database } from '../../drizzle/client.ts';
import { findChain } from '../../src/replay/chain.ts';
import { replay, replayedDifferences, type ReplayedStep } from '../../src/replay/replay.ts';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { workflowId } from '../../src/temporal/actors.ts';
import type { LiveStep } from '../../workflows/handlers.ts';
import { log } from '../drizzle/support.ts';
import { ocppActors } from '../support/cli.ts';
import { Program } from '../support/program.ts';

const LONG = 300_000;
const ID = 'BLACKBOX';

describe.sequential('the steps of an actor, run through its reducer again', () => {
  let program: Program;
  let database: Database;
  let sql: postgres.Sql;
  let connection: Connection;
  let actor: WorkflowHandle;
  let station: Station;
  let charging: Charging;

  beforeAll(async () => {
    program = await Program.create();
    await program.start();
    sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false, backoff: () => 0.2 });
    database = openDatabase({ url: program.databaseUrl, max: 1, log });
    connection = await Connection.connect({ address: program.temporalAddress });
    actor = new Client({ connection }).workflow.getHandle(workflowId(ID));
    station = new Station({ url: program.url, chargePointId: ID, answerTimeoutMs: 3_000 });
    charging = new Charging(station, newLedger(), { idTag: 'TAG' });
  }, LONG);

  afterAll(async () => {
    station?.stop();
    await connection?.close();
    await database?.close();
    await sql?.end({ timeout: 1 });
    await program?.dispose();
  }, LONG);

  it(
    'agree while it charges, gets commands, says what nobody can read and is cut',
    async () => {
      await charging.boot();
      await charging.transaction();
      // The journal has answered: the actor may not be there yet.
      await until(async () => (await actor.describe()).status.name === 'RUNNING');
      await actor.signal('reset', { type: 'Hard' });
      await until(() => station.received.some(({ action }) => action === 'Reset'));
      station.cut();
      await charging.boot();
      await actor.signal('command', { action: 'GetConfiguration', payload: {}, commandId: 'once' });
      await actor.signal('command', { action: 'GetConfiguration', payload: { key: ['ignored'] }, commandId: 'once' });
      station.send('garbage \u0000 \ud83d {{{');
      station.send(
        '[2,"odd\\u0000id","StatusNotification",{"connectorId":2,"status":"Finishing\\u0000","errorCode":"\\ud83d"}]',
      );
      await charging.transaction();
      await until(async () => (await live()).state.commands.every(({ endedAt }) => endedAt !== null));
      await expectAgreement();
    },
    LONG,
  );

  it(
    'hold what changed no row as well: a command that is asked for again and again',
    async () => {
      const again = { action: 'GetConfiguration', payload: {}, commandId: 'once' };
      await Promise.all(Array.from({ length: 120 }, () => actor.signal('command', again)));
      const isAlone = ({ inputs }: ReplayedStep) =>
        inputs.length > 50 && inputs.every((input) => input.kind === 'requested');
      await until(async () => (await replayed()).some(isAlone));
      await expectAgreement();
    },
    LONG,
  );

  it(
    'agree when a killed worker had stored steps that its actor never heard of: they are told from the chain',
    async () => {
      for (let orphans = 0; orphans === 0;) {
        await killAfterStoring();
        await charging.transaction();
        await expectAgreement();
        const { links } = await findChain(database, ID, { from: -Infinity });
        const [stored] = await sql`SELECT count(*)::int AS count FROM actor_step WHERE charge_point_id = ${ID}`;
        orphans = stored?.count - links.length;
      }
    },
    LONG,
  );

  it(
    'agree over actors that are terminated and continue as new, and with the states kept now and then',
    async () => {
      await actor.terminate('by an operator');
      await charging.boot();
      await until(async () => (await actor.describe()).status.name === 'RUNNING');
      const { runId } = await actor.describe();
      const seen = RawValue.fromPayload({
        metadata: { encoding: Buffer.from('json/plain') },
        data: Buffer.from(JSON.stringify({ journal: 1, after: 0, events: [] })),
      });
      while ((await actor.describe()).runId === runId) {
        await Promise.all(Array.from({ length: 50 }, () => actor.signal('events', seen)));
      }
      // Its second look at its rows, which a signal brings about, changes no row: what comes now stores that as well.
      await until(async () => {
        await actor.signal('events', seen);
        return (await live()).state.bornAt === undefined;
      });
      await charging.transaction();
      await expectAgreement();
      const steps = await replayed();
      expect(steps.filter(({ born }) => born).length).toBeGreaterThanOrEqual(2);
      expect(steps.filter(({ differences }) => differences)).not.toEqual([]);
    },
    LONG,
  );

  it('are shown by the command line, from any time on', async () => {
    const all = await ocppActors(program.environment, 'replay', ID, '--from', '1h');
    expect(all).toMatchObject({ code: 0, stderr: '' });
    expect(all.stdout).toContain('StartTransaction (connector 1)');
    expect(all.stdout).toMatch(/command Reset .*sent/);
    const steps = await replayed();
    // Those of the actor that lives now: what was before its birth is another chain.
    const newest = steps.slice(steps.findLastIndex(({ born }) => born)).slice(-3);
    const from = new Date(newest[0]?.step ?? 0).toISOString();
    const few = await ocppActors(program.environment, 'replay', ID, '--from', from, '--json');
    const told = JSON.parse(few.stdout) as { state: unknown }[];
    expect(told).toHaveLength(newest.length);
    expect(told.at(-1)?.state).toEqual((await live()).state);
  });

  it('tell where a kept state differs, and where rows are gone', async () => {
    const kept = sql`SELECT max(at) FROM actor_step WHERE charge_point_id = ${ID} AND snapshot IS NOT NULL`;
    await sql`UPDATE actor_step SET snapshot = jsonb_set(snapshot::jsonb, '{chargePoint,vendor}', '"Other"')::json
      WHERE charge_point_id = ${ID} AND at = (${kept})`;
    expect(await replayedDifferences(database, ID)).toEqual([
      expect.stringContaining('chargePoint.vendor: kept "Other", replayed "Simulated"'),
    ]);
    const wrong = await ocppActors(program.environment, 'replay', ID, '--from', '1h');
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain('chargePoint.vendor: kept "Other", replayed "Simulated"');
    await sql`DELETE FROM message WHERE charge_point_id = ${ID}`;
    const gone = await ocppActors(program.environment, 'replay', ID, '--from', '1h');
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('not in table message') });
  });

  /** The database hangs until Temporal does: what the actor stores then, Temporal does not hear of. */
  async function killAfterStoring(): Promise<void> {
    const [temporal, server] = [await program.embeddedPid('temporal'), await program.embeddedPid('database')];
    await charging.status('Available');
    process.kill(server, 'SIGSTOP');
    const status = charging.status('Preparing');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    process.kill(temporal, 'SIGSTOP');
    process.kill(server, 'SIGCONT');
    await status;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await program.end('SIGKILL');
    process.kill(temporal, 'SIGCONT');
    await program.start();
  }

  async function live(): Promise<LiveStep> {
    return (await actor.query<LiveStep | undefined>('step')) ?? { state: undefined as never, step: 0, pending: [] };
  }

  /** Once what the station was answered has been stored: the replay is of the last step that the actor knows of. */
  async function expectAgreement(): Promise<void> {
    const stored = async () => {
      const one = await live();
      expect(one.step).toBeGreaterThan(0);
      return one;
    };
    const { step, ...rest } = await vi.waitFor(stored, { timeout: 60_000, interval: 500 });
    expect(await replayedDifferences(database, ID, { live: { step, ...rest } })).toEqual([]);
  }

  async function replayed(): Promise<ReplayedStep[]> {
    const steps: ReplayedStep[] = [];
    const chain = await findChain(database, ID, { from: -Infinity });
    for await (const step of replay(database, ID, chain)) steps.push(step);
    return steps;
  }

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    await vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 60_000, interval: 200 });
  }
});
