import type { Breaker } from '../../drizzle/breaker.ts';
import { openDatabase, type Database } from '../../drizzle/client.ts';
import { DatabaseAway, describeDatabaseError, tookTooLong } from '../../drizzle/errors.ts';
import { startApi, type Api } from '../api/server.ts';
import type { HealthReport } from '../edge/health.ts';
import { openSeal } from '../security/seal.ts';
import { createFirstToken, Tokens } from '../security/tokens.ts';
import { TemporalAway } from '../temporal/connection.ts';
import type { Shared } from './shared.ts';

/** The server ends what takes an operator longer; the client waits a little longer. */
const STATEMENT_TIMEOUT_MS = 10_000;
const DEADLINE_MS = STATEMENT_TIMEOUT_MS + 500;

export interface ApiRoleOptions {
  databaseUrl: string;
  breaker: Breaker;
  /** Port on the loopback interface where Temporal's SDK shows its metrics. */
  temporalMetrics?: number | undefined;
  /** Where there is an edge in this process. */
  edgeHealth?: (() => HealthReport) | undefined;
}

export interface ApiRole extends Api {
  /** A token made because there was none and nobody else could have made one; shown once. */
  firstToken: string | undefined;
}

/** Operators: their REST API. In processes without role `api` only /health and /metrics. */
export async function startApiRole(shared: Shared, options: ApiRoleOptions): Promise<ApiRole> {
  const { settings, log, started, actors, temporalDown, databaseDown, metrics } = shared;
  const { databaseUrl, breaker, temporalMetrics, edgeHealth } = options;
  // Connections of its own: operators' long reads must not keep stations or actors waiting.
  const pool = openDatabase({
    url: databaseUrl,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'ocpp-actors api',
    ...(settings.DATABASE_URL ? {} : { max: 1 }),
    log,
  });
  started.onStop(() => pool.close());
  // What is known to be away is not waited for.
  const database: Database = {
    ...pool,
    async run(work, deadlineMs = DEADLINE_MS) {
      const down = databaseDown();
      if (down) throw new DatabaseAway(down.reason);
      return pool.run(work, deadlineMs).catch((error: unknown) => {
        const { kind, message } = describeDatabaseError(error);
        // What an operator asked for may just take too long: that says nothing of the database.
        if (kind === 'away' && !tookTooLong(error)) breaker.trip(message);
        throw error;
      });
    },
  };
  const reachableActors = () => {
    const down = temporalDown();
    if (down) throw new TemporalAway(`Temporal is away: ${down.reason}`);
    return actors();
  };

  const api = await startApi({
    host: settings.HOST,
    port: settings.API_PORT,
    trustedProxies: settings.TRUSTED_PROXIES,
    database,
    actors: reachableActors,
    seal: () => openSeal(settings),
    tokens: new Tokens({ database, operatorToken: settings.OPERATOR_TOKEN }),
    metrics,
    temporalMetrics,
    health: () => health(shared, edgeHealth),
    operators: settings.ROLES.has('api'),
    log,
  });
  started.onStop(() => api.close());
  const embedded = settings.DATABASE_URL === undefined && settings.OPERATOR_TOKEN === undefined;
  return { ...api, firstToken: embedded ? await firstToken(database, log) : undefined };
}

/** Stations are served already: that no token can be made now is no reason to stop. */
async function firstToken(database: Database, log: Shared['log']): Promise<string | undefined> {
  try {
    return await createFirstToken(database);
  } catch (error) {
    const reason = describeDatabaseError(error).message;
    log.warn({ reason }, 'no token could be made: `ocpp-actors token create` makes one');
    return undefined;
  }
}

/** 200 whatever is away: only who looks at the body is told. */
function health(
  { settings, temporalDown, databaseDown }: Shared,
  edgeHealth: (() => HealthReport) | undefined,
): Record<string, unknown> {
  const temporal = temporalDown();
  const database = databaseDown();
  const edge = edgeHealth?.();
  const well = !temporal && !database && (edge === undefined || edge.status === 'ok');
  return {
    status: well ? 'ok' : 'degraded',
    roles: [...settings.ROLES],
    temporal: part(temporal),
    database: part(database),
    ...(edge ? { edge } : {}),
  };
}

function part(down: { since: Date; reason: string } | undefined) {
  return down ? { ok: false, since: down.since.toISOString(), reason: down.reason } : { ok: true };
}
