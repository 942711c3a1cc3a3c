/** New versions: processes told to stop under load and started again, and workflow code that changes under open actors. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { workflowId } from '../../src/temporal/actors.ts';
import { payloadConverterPath } from '../../src/temporal/connection.ts';
import type { Program } from '../../test/support/program.ts';
import { UNSTORED_MS, type Scenario, type World } from '../scenario.ts';
import { until } from '../system.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What an edge says to its stations when it is told to stop: Service Restart. */
const SERVICE_RESTART = 1012;

export const deploy: Scenario[] = [
  {
    name: 'deploy-drain',
    fault: 'edge and worker told to stop (SIGTERM) one after the other, and started again, 3 times',
    expected: {
      journal: { during: 'served', servedWithin: 15 },
      actor: { during: 'served', servedWithin: 15 },
    },
    patient: true,
    async run(world) {
      const { system, load, random, times, note } = world;
      const took: number[] = [];
      for (let deployed = 0; deployed < times(3); deployed++) {
        took.push(await stopped(system.edge, 'the edge'));
        await system.edge.start();
        await load.more(load.stations.length, 30_000);
        await sleep(random.between(0, 1_000));
        took.push(await stopped(system.worker, 'the worker'));
        await sleep(random.between(0, 2_000));
        await system.worker.start();
        await load.more(load.stations.length, 30_000);
      }
      await allTold(world);
      note(`ended after ${took.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s`);
    },
  },
  {
    name: 'new-workflow-version',
    fault:
      'histories of all open actors replayed, then the worker replaced by one whose workflow code does more, while they are busy',
    expected: {
      journal: {
        during: 'answered',
        servedWithin: 5,
        lost: 'commands taken just before the actors are terminated at its end',
      },
    },
    async run(world) {
      const { system, load, outage, note } = world;
      const replayed = await replayOpenActors(world);
      const directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-next-'));
      await changedSources(directory);
      const upgraded = await system.program('worker', {}, directory);
      try {
        await stopped(system.worker, 'the worker');
        await upgraded.start();
        await outage(30_000);
        await load.more(3 * load.stations.length, 30_000);
        await until('every actor runs the changed code', () => areChanged(world), 60_000, 500);
        await noTaskFailed(world);
        // Back to this version no actor can go that has done what only the next one knows: they are born again.
        const from = Date.now();
        await upgraded.end('SIGTERM');
        for await (const { workflowId: id } of system.client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
          await system.client.workflow.getHandle(id).terminate('back to the version before');
        }
        world.mayLoseCommands(from - UNSTORED_MS, Date.now() + 1_000);
      } finally {
        await upgraded.dispose();
        await rm(directory, { recursive: true, force: true });
        await system.worker.start();
      }
      await load.more(load.stations.length, 30_000);
      await noTaskFailed(world);
      note(`${replayed} histories replayed`);
    },
  },
];

/** Resolves to how long it took (ms). */
async function stopped(program: Program, name: string): Promise<number> {
  const began = Date.now();
  const ended = program.end('SIGTERM');
  const code = await Promise.race([ended, sleep(60_000, 'still running after 60 s' as const)]);
  if (code === 0) return Date.now() - began;
  throw new Error(`${name}, told to stop: ${code === null ? 'killed' : code}\n${program.output.slice(-2_000)}`);
}

/** Every station that was connected was told why its connection ended. */
async function allTold({ system, load, times }: World): Promise<void> {
  const closes = () => system.sql<{ id: string; code: number; n: number }[]>`
    SELECT charge_point_id AS id, close_code AS code, count(*)::int AS n FROM connection
    WHERE starts_with(charge_point_id, ${load.prefix}) AND closed_at IS NOT NULL GROUP BY 1, 2`;
  const ended = async () => (await closes()).reduce((sum, { n }) => sum + n, 0);
  const expected = times(3) * load.stations.length;
  await until(`the ends of ${expected} connections are stored`, async () => (await ended()) >= expected, 60_000);
  const found = await closes();
  const others = found.filter(({ code }) => code !== SERVICE_RESTART);
  if (others.length > 0) throw new Error(`connections that ended otherwise: ${JSON.stringify(others.slice(0, 5))}`);
  for (const { chargePointId } of load.stations) {
    const told = found.find(({ id }) => id === chargePointId)?.n ?? 0;
    if (told !== times(3)) throw new Error(`${chargePointId} was closed with ${SERVICE_RESTART} ${told} times`);
  }
}

/** By the workflow code there is. Resolves to the number of histories. */
async function replayOpenActors({ system, load }: World): Promise<number> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: path.join(root, 'workflows/index.ts'),
    payloadConverterPath,
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  const { workflow } = system.client;
  const histories = await Promise.all(
    load.stations.map(async ({ chargePointId }) => {
      const id = workflowId(chargePointId);
      return { workflowId: id, history: await workflow.getHandle(id).fetchHistory() };
    }),
  );
  const options = { workflowBundle, dataConverter: { payloadConverterPath } };
  for await (const { workflowId: id, error } of Worker.runReplayHistories(options, histories)) {
    if (error) throw new Error(`${id} cannot be replayed: ${error.message}`, { cause: error });
  }
  return histories.length;
}

const CHANGE = 'chaos-next-version';

/** A copy of the sources whose actors, from their next turn on, take a nap in every turn of their loop. */
async function changedSources(directory: string): Promise<void> {
  for (const name of ['activities', 'drizzle', 'src', 'workflows', 'package.json', 'tsconfig.json']) {
    await cp(path.join(root, name), path.join(directory, name), { recursive: true });
  }
  await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  const file = path.join(directory, 'workflows/chargePoint.ts');
  const code = await readFile(file, 'utf8');
  const imports = `import { patched as isPatched, sleep as nap } from '@temporalio/workflow';\n`;
  const changed = code.replace(/^( +)checkSilence\(\);$/m, `$&\n$1if (isPatched('${CHANGE}')) await nap(5);`);
  if (changed === code) throw new Error(`the loop in ${file} has no line that the change goes after`);
  await writeFile(file, imports + changed);
}

async function areChanged({ system, load }: World): Promise<boolean> {
  for (const { chargePointId } of load.stations) {
    const { events } = await system.client.workflow.getHandle(workflowId(chargePointId)).fetchHistory();
    const marked = (events ?? []).some(({ markerRecordedEventAttributes: marker }) =>
      JSON.stringify(Object.values(marker?.details ?? {}).map(textOf)).includes(CHANGE),
    );
    if (!marked) throw new Error(`${chargePointId} has no mark of it`);
  }
  return true;
}

function textOf({ payloads }: { payloads?: { data?: Uint8Array | null }[] | null }): string[] {
  return (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString());
}

/** temporal.api.enums.v1.WorkflowTaskFailedCause: something came while the task wanted to end its run. It is done again. */
const UNHANDLED_COMMAND = 1;

async function noTaskFailed({ system, load }: World): Promise<void> {
  for (const { chargePointId } of load.stations) {
    const actor = system.client.workflow.getHandle(workflowId(chargePointId));
    const { events } = await actor.fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failed } of events ?? []) {
      if (!failed || Number(failed.cause) === UNHANDLED_COMMAND) continue;
      throw new Error(`a workflow task of ${chargePointId} failed (${failed.cause}): ${failed.failure?.message}`);
    }
  }
}
