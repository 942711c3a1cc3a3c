/**
 * Actors in weeks that pass in seconds: their real worker on Temporal's time-skipping server, a real TimescaleDB behind
 * it, and a real edge whose clock is set to the server's.
 */
import { Client, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import postgres from 'postgres';
import { register } from 'tsx/cjs/api';
import { createActorActivities } from '../../activities/createActivities.ts';
import { createBreaker } from '../../drizzle/breaker.ts';
import { openDatabase } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { createWriter } from '../../drizzle/writer.ts';
import { startDatabase } from '../../src/embedded/database.ts';
import { findTemporalTestServer } from '../../src/embedded/temporalCli.ts';
import { createActors, workflowId, type Actors } from '../../src/temporal/actors.ts';
import { payloadConverterPath, type Temporal } from '../../src/temporal/connection.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { createActorWorker } from '../../src/temporal/worker.ts';
import type { EventBatch, StationEvent } from '../../workflows/events.ts';
import { searchAttributes } from '../../workflows/searchAttributes.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import { freePort } from '../support/freePort.ts';
import { startEdgeInParts, type EdgeInParts } from './edgeInParts.ts';
import { Station } from './station.ts';

const log = pino({ level: 'silent' });

// The SDK loads the payload converter with require.
register();
installRuntime(log);

/** As the program's default. */
const TRANSACTION_END_GRACE_MS = 15 * 60_000;
const ID_TAGS = { unknownIdTags: 'accept', offlineUnknownTags: 'accept' } as const;

export class SkippedTime {
  readonly temporal: Temporal;
  readonly actors: Actors;
  readonly sql: postgres.Sql;
  readonly #server: TestWorkflowEnvironment;
  readonly #closing: (() => Promise<unknown>)[];

  static async start(): Promise<SkippedTime> {
    const closing: (() => Promise<unknown>)[] = [];
    try {
      return await SkippedTime.#started(closing);
    } catch (error) {
      for (const close of closing) await close();
      throw error;
    }
  }

  /** @param closing filled with what ends the parts, the last one first */
  static async #started(closing: (() => Promise<unknown>)[]): Promise<SkippedTime> {
    const directory = await mkdtemp(join(tmpdir(), 'ocpp-actors-time-'));
    closing.unshift(() => rm(directory, { recursive: true, force: true }));
    const [{ path }, embedded] = await Promise.all([
      findTemporalTestServer({ log }),
      startDatabase({ directory: join(directory, 'database'), port: await freePort(), log }),
    ]);
    closing.unshift(() => embedded.stop());
    const { url } = embedded;
    const server = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
    closing.unshift(() => server.teardown());
    const database = openDatabase({ url, max: 1, log });
    const sql = postgres(url, { max: 1, fetch_types: false, prepare: false });
    closing.unshift(() => Promise.all([database.close(), sql.end({ timeout: 1 })]));
    await migrate(database);

    const temporal = await connected(server);
    const breaker = createBreaker({ database, log });
    const writer = createWriter({ database, breaker, deadlineMs: 4_000, log });
    const settings = { transactionEndGraceMs: TRANSACTION_END_GRACE_MS };
    const worker = await createActorWorker(
      temporal,
      createActorActivities({ database, writer, breaker, settings, idTags: ID_TAGS }),
      {
        bundleDirectory: join(directory, 'bundles'),
        cachedWorkflows: 100,
      },
    );
    const running = worker.run();
    closing.unshift(async () => {
      worker.shutdown();
      await running;
      breaker.close();
      await writer.close();
    });
    return new SkippedTime({ server, temporal, sql, closing });
  }

  private constructor(parts: {
    server: TestWorkflowEnvironment;
    temporal: Temporal;
    sql: postgres.Sql;
    closing: (() => Promise<unknown>)[];
  }) {
    this.#server = parts.server;
    this.temporal = parts.temporal;
    this.actors = createActors(parts.temporal);
    this.sql = parts.sql;
    this.#closing = parts.closing;
  }

  /** The server's, ms since 1970. */
  now(): Promise<number> {
    return this.#server.currentTimeMs();
  }

  /** Everything that is due within `ms` has been begun when it resolves; see `state`. */
  async skip(ms: number): Promise<void> {
    await this.#server.sleep(ms);
  }

  /** What the actor knows when it has done all that was due: an update it refuses has its turn after that. */
  async state(chargePointId: string): Promise<ActorState> {
    const handle = this.temporal.client.workflow.getHandle(workflowId(chargePointId));
    await handle.executeUpdate('submit', { args: [{}] }).catch((error: unknown) => {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    });
    return (await this.actors.state(chargePointId)) as ActorState;
  }

  /** Delivers what a station says now, as the edge of another process would. */
  async tell(station: ToldStation, says: (station: ToldStation) => void): Promise<void> {
    station.now = Math.max(station.now, await this.now());
    says(station);
    await this.actors.deliver(station.chargePointId, JSON.stringify(station.untold()), { start: true });
  }

  /** A real edge, which nobody polls the task queue of until `serve` is called. */
  startEdge(): Promise<EdgeInParts> {
    return startEdgeInParts(this.temporal, async (batch) => shifted(batch, (await this.now()) - Date.now()));
  }

  /**
   * Signals that change nothing, until the actor has handed over to its next run. What comes while it does so makes it
   * begin again: it is left alone for longer and longer.
   */
  async handOver(chargePointId: string): Promise<void> {
    const before = await this.run(chargePointId);
    const known = JSON.stringify({ journal: 1, after: 0, events: [] });
    for (let pause = 50; (await this.run(chargePointId)) === before; pause *= 1.3) {
      const signals = Array.from({ length: 100 }, () => this.actors.deliver(chargePointId, known, { start: false }));
      await Promise.all(signals);
      await sleep(pause);
    }
  }

  /** Id of the actor's present run. */
  async run(chargePointId: string): Promise<string> {
    return (await this.temporal.client.workflow.getHandle(workflowId(chargePointId)).describe()).runId;
  }

  /**
   * Ends the actor: without it nothing of the charge point is due any more. In order: with a task of one that was
   * terminated under way, the server would not skip time ever again.
   */
  async end(chargePointId: string): Promise<void> {
    const handle = this.temporal.client.workflow.getHandle(workflowId(chargePointId));
    await handle.cancel();
    await handle.result().catch((error: unknown) => {
      if (!(error instanceof WorkflowFailedError)) throw error;
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
  }
}

/** A station whose events are delivered to its actor. Its edge (task queue `edge-1`) is gone. */
export class ToldStation extends Station {
  readonly chargePointId: string;
  #untold: StationEvent[] = [];

  constructor(chargePointId: string) {
    super();
    this.chargePointId = chargePointId;
  }

  override say(...events: StationEvent[]): this {
    this.#untold.push(...events);
    return this;
  }

  untold(): EventBatch {
    const events = this.#untold;
    this.#untold = [];
    return { journal: 1, after: (events[0]?.seq ?? 1) - 1, events };
  }
}

/** A batch as it would be had the edge's clock been ahead by `ms`. */
function shifted(batch: string, ms: number): string {
  const later = (instant: string) => new Date(Date.parse(instant) + ms).toISOString();
  return batch.replaceAll(/\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z/g, later);
}

/** As `connectTemporal` does it, but for a server that registers search attributes and cannot list them. */
async function connected({ nativeConnection: connection, address }: TestWorkflowEnvironment): Promise<Temporal> {
  const namespace = 'default';
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.keys(searchAttributes).map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]),
    ),
  });
  const client = new Client({ connection, namespace, dataConverter: { payloadConverterPath } });
  return { connection, client, address, namespace };
}

const INDEXED_VALUE_TYPE_KEYWORD = 2;
