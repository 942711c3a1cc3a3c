/**
 * The servers a command works on: opened when it needs them, closed when it is done. Their modules are heavy, so they are
 * imported then too. Whatever is wrong with a server becomes one sentence that says what to do, within 10 s.
 */
import type { Database } from '../../drizzle/client.ts';
import type { OperatorParts } from '../operators/chargePoints.ts';
import type { Actors } from '../temporal/actors.ts';

/** Longest wait for the database's answer (ms): lists of millions of rows take their time. */
const QUERY_DEADLINE_MS = 7_000;
/** An actor that a worker has at hand answers in milliseconds; after a restart it is replayed first. */
const ACTOR_DEADLINE_MS = 6_000;
/** For a command one may wait for both: a silent database is looked at first, and then a silent actor is asked. */
const COMMAND_DEADLINES_MS = { query: 3_500, actor: 5_000 };

/** Temporal answers, yet nobody works on what it is asked. */
export class NoWorker extends Error {
  constructor(deadlineMs: number) {
    super(`Temporal is there, but no worker took the request within ${deadlineMs / 1_000} s: is ocpp-actors running?`);
  }
}

export async function withDatabase<T>(
  use: (database: Database) => Promise<T>,
  queryDeadlineMs = QUERY_DEADLINE_MS,
): Promise<T> {
  const [{ databaseUrlOf, readSettings }, { createLog }, { openDatabase }, { DatabaseNotUsable }] = await Promise.all([
    import('../config.ts'),
    import('../log.ts'),
    import('../../drizzle/client.ts'),
    import('../prepareDatabase.ts'),
  ]);
  const settings = readSettings();
  const { run, close } = openDatabase({
    url: databaseUrlOf(settings),
    max: 1,
    statementTimeoutMs: QUERY_DEADLINE_MS,
    log: createLog({ LOG_LEVEL: 'error' }),
  });
  const database: Database = {
    run: (work, deadlineMs = queryDeadlineMs) =>
      run(work, deadlineMs).catch((error: unknown) => {
        throw isOfDatabase(error) ? new DatabaseNotUsable(settings, error) : error;
      }),
    close,
  };
  try {
    return await use(database);
  } finally {
    await close();
  }
}

/** Errors of PostgreSQL and of the network have a code; drizzle wraps them with the statement. */
function isOfDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'code' in error || error.name === 'DatabaseTimeout' || isOfDatabase(error.cause);
}

export async function withActors<T>(use: (actors: Actors) => Promise<T>, deadlineMs = ACTOR_DEADLINE_MS): Promise<T> {
  const [{ readSettings }, { createLog }, { installRuntime }, { connectTemporal }, { createActors }] =
    await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../temporal/runtime.ts'),
      import('../temporal/connection.ts'),
      import('../temporal/actors.ts'),
    ]);
  const settings = readSettings();
  installRuntime(createLog({ LOG_LEVEL: 'error' }));
  const address = settings.TEMPORAL_ADDRESS ?? `127.0.0.1:${settings.TEMPORAL_PORT}`;
  const temporal = await connectTemporal({ address, namespace: settings.TEMPORAL_NAMESPACE });
  try {
    return await use(patient(createActors(temporal), deadlineMs));
  } finally {
    await temporal.connection.close();
  }
}

/** For what is given to actors, and looked up in the database only where that is there. */
export function withCommandParts<T>(use: (parts: OperatorParts) => Promise<T>): Promise<T> {
  return withDatabase(
    (database) => withActors((actors) => use({ database, actors: () => actors }), COMMAND_DEADLINES_MS.actor),
    COMMAND_DEADLINES_MS.query,
  );
}

/** For what is decided in the database and told to actors: where Temporal is away, the decision stands all the same. */
export async function withOperatorParts<T>(use: (parts: OperatorParts) => Promise<T>): Promise<T> {
  return withDatabase(async (database) => {
    const decide = (actors: () => Actors) => use({ database, actors });
    let connected = false;
    try {
      return await withActors((actors) => {
        connected = true;
        return decide(() => actors);
      });
    } catch (error) {
      const { TemporalAway } = await import('../temporal/connection.ts');
      if (connected || !(error instanceof TemporalAway)) throw error;
      return decide(() => {
        throw error;
      });
    }
  });
}

/** The same calls, each with a deadline, and with errors for people. */
function patient(actors: Actors, deadlineMs: number): Actors {
  const bounded = Object.entries(actors).map(([name, call]: [string, (...args: never[]) => Promise<unknown>]) => [
    name,
    (...args: never[]) => within(call(...args), deadlineMs),
  ]);
  return Object.fromEntries(bounded) as Actors;
}

async function within<T>(calling: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoWorker(deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([calling, deadline]);
  } catch (error) {
    throw await inWords(error, deadlineMs);
  } finally {
    clearTimeout(timer);
  }
}

async function inWords(error: unknown, deadlineMs: number): Promise<unknown> {
  const { isGrpcDeadlineError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } =
    await import('@temporalio/client');
  const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause : undefined;
  const noWorker =
    isGrpcDeadlineError(error) ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    cause?.message === 'Timeout expired';
  if (noWorker) return new NoWorker(deadlineMs);
  return cause && error instanceof Error ? new Error(`${error.message}: ${cause.message}`, { cause }) : error;
}
