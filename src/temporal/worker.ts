import { bundleWorkflowCode, Worker, type BundleOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Activities } from '../../activities/activities.ts';
import { ACTOR_TASK_QUEUE } from './actors.ts';
import { payloadConverterPath, type Temporal } from './connection.ts';

type WebpackConfiguration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** Worker of the actors: workflow tasks, and the activities any worker can run. */
export async function createActorWorker(
  temporal: Temporal,
  activities: Pick<Activities, 'persist' | 'loadChargePoint' | 'loadTransactions' | 'checkCommand' | 'waitForDatabase'>,
  options: { bundleDirectory: string; /** About 100 KB of memory each. */ cachedWorkflows: number },
): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    taskQueue: ACTOR_TASK_QUEUE,
    workflowBundle: { code: await workflowBundle(options.bundleDirectory) },
    dataConverter: { payloadConverterPath },
    activities: { ...activities },
    maxCachedWorkflows: options.cachedWorkflows,
    // A history that can never be replayed again (Temporal's store restored from an older copy while a worker remembered
    // more) would hold up its actor for ever. Failed, it is born again from the database by the next delivery.
    workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
    // They only wait for the group commit: too few slots would let slow ones starve all other actors.
    maxConcurrentLocalActivityExecutions: 2_000,
    // One wait per actor while the database is away.
    maxConcurrentActivityTaskExecutions: 10_000,
    // After a restart every actor is replayed. They share the processor: with many at a time each takes longer than a
    // workflow task's 10 s, times out, and is replayed from its beginning again.
    maxConcurrentWorkflowTaskExecutions: 24,
    shutdownGraceTime: '5s',
  });
}

/** Worker of one edge: CALLs to the stations whose sockets it holds, on a task queue that no other edge polls. */
export async function createEdgeWorker(
  temporal: Temporal,
  taskQueue: string,
  activities: Pick<Activities, 'callStation' | 'isOpen'>,
): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    taskQueue,
    dataConverter: { payloadConverterPath },
    activities: { ...activities },
    maxConcurrentActivityTaskExecutions: 200,
    shutdownGraceTime: '5s',
  });
}

/** The workflow code in one file; bundling takes seconds, so the bundle of unchanged sources is kept. */
async function workflowBundle(directory: string): Promise<string> {
  const extension = path.extname(fileURLToPath(import.meta.url));
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const file = path.join(directory, `workflows-${await fingerprint(root)}.js`);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept;
  const bundle: WorkflowBundleWithSourceMap = await bundleWorkflowCode({
    workflowsPath: path.join(root, `workflows/index${extension}`),
    payloadConverterPath,
    webpackConfigHook: forThisRuntime,
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  await mkdir(directory, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bundle.code);
  await rename(temporary, file);
  return bundle.code;
}

/** The SDK compiles for ES2017, where every object spread, which reducers are made of, becomes a call of a helper. */
function forThisRuntime(config: WebpackConfiguration): WebpackConfiguration {
  for (const rule of config.module?.rules ?? []) {
    const use = typeof rule === 'object' ? rule?.use : undefined;
    const options = typeof use === 'object' && use !== null && 'options' in use ? use.options : undefined;
    if (typeof options === 'object' && 'jsc' in options) options.jsc = { ...options.jsc, target: 'es2022' };
  }
  return config;
}

/** Changes with any source the bundle is made of, and with the SDK's version. */
async function fingerprint(root: string): Promise<string> {
  const hash = createHash('sha256');
  const sdk = createRequire(import.meta.url)('@temporalio/workflow/package.json') as { version: string };
  hash.update(sdk.version);
  for (const folder of ['workflows', 'src/ocpp', 'src/temporal']) {
    const names = await readdir(path.join(root, folder), { recursive: true });
    for (const name of names.filter((n) => /\.[jt]s$/.test(n)).sort()) {
      hash.update(name).update(await readFile(path.join(root, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
