import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import postgres from 'postgres';
import { openDatabase, type Database } from '../drizzle/client.ts';
import type { HealthReport } from '../src/edge/health.ts';
import { createActors, type Actors } from '../src/temporal/actors.ts';
import type { Temporal } from '../src/temporal/connection.ts';
import { Program } from '../test/support/program.ts';
import { Server } from './servers.ts';

const RESTARTS_MOST = 20;

/** Of an operator of this harness. */
export const OPERATOR_TOKEN = 'only-this-harness-knows-it';

/** When an answer counts: as soon as the edge's journal has it, or when its actor's Temporal has. */
export type Mode = 'journal' | 'actor';

/**
 * The system as it runs in production, each part a process of its own: Temporal and TimescaleDB behind gates, an edge,
 * a worker. What is asked of it to judge it goes past the gates.
 */
export class System {
  readonly directory: string;
  readonly temporal: Server;
  readonly database: Server;
  readonly sql: postgres.Sql;
  /** The same, for the project's own queries. */
  readonly reads: Database;
  /** Past the gate: for looking at workflows, and for what operators do to them. */
  readonly client: Client;
  /** Through the gate, as operators' processes reach them. */
  readonly actors: Actors;
  readonly #operators: Temporal;
  #settings = '';
  #edge: Program | undefined;
  #worker: Program | undefined;
  readonly #others: Program[] = [];

  private constructor(
    directory: string,
    parts: { temporal: Server; database: Server; operators: Temporal; client: Client },
  ) {
    this.directory = directory;
    this.temporal = parts.temporal;
    this.database = parts.database;
    this.client = parts.client;
    this.#operators = parts.operators;
    this.actors = createActors(parts.operators);
    this.sql = openSql(this.databaseUrl(this.database.port));
    this.reads = openDatabase({ url: this.databaseUrl(this.database.port), max: 1, log: pino({ level: 'silent' }) });
  }

  static async start(): Promise<System> {
    const directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-chaos-'));
    const [temporal, database] = await Promise.all([Server.temporal(directory), Server.database(directory)]);
    const address = `127.0.0.1:${temporal.gate.port}`;
    const connection = await NativeConnection.connect({ address });
    const operators = { connection, client: new Client({ connection }), address, namespace: 'default' };
    const client = new Client({ connection: await Connection.connect({ address: `127.0.0.1:${temporal.port}` }) });
    return new System(directory, { temporal, database, operators, client });
  }

  /** An edge and a worker with these settings: those of before where they are alike and not to be `fresh`. */
  async serve(environment: Record<string, string>, { fresh = true } = {}): Promise<void> {
    const settings = JSON.stringify(environment);
    if (!fresh && this.#edge && settings === this.#settings) return;
    await this.endPrograms();
    this.#settings = settings;
    this.#edge = await this.program('edge', environment);
    this.#worker = await this.program('worker', environment);
    await Promise.all([this.edge.start(), this.worker.start()]);
  }

  get edge(): Program {
    if (!this.#edge) throw new Error('no edge is running');
    return this.#edge;
  }

  get worker(): Program {
    if (!this.#worker) throw new Error('no worker is running');
    return this.#worker;
  }

  /** A further process, of this repository's sources or of those in `root`; not started yet. */
  async program(roles: string, environment: Record<string, string> = {}, root?: string): Promise<Program> {
    const program = await Program.create({
      temporalAddress: `127.0.0.1:${this.temporal.gate.port}`,
      databaseUrl: this.databaseUrl(this.database.gate.port),
      ...(root === undefined ? {} : { root }),
      environment: { ROLES: roles, OPERATOR_TOKEN, UNKNOWN_ID_TAGS: 'accept', LOG_LEVEL: 'error', ...environment },
    });
    this.#others.push(program);
    return program;
  }

  /** Starts a program that was killed, as an init system does: again and again, where what it needs is not there yet. */
  async restart(program: Program): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await program.start();
      } catch (error) {
        if (attempt === RESTARTS_MOST) throw error;
        await sleep(1_000);
      }
    }
  }

  databaseUrl(port: number): string {
    return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  }

  async health(edge = this.edge): Promise<HealthReport> {
    const response = await fetch(`http://127.0.0.1:${edge.ports.edge}/health`, { signal: AbortSignal.timeout(5_000) });
    return (await response.json()) as HealthReport;
  }

  /** One value of an edge's or worker's /metrics. */
  async metric(name: string, of = this.edge): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${of.ports.api}/metrics`, {
      headers: { Authorization: `Bearer ${OPERATOR_TOKEN}` },
      signal: AbortSignal.timeout(5_000),
    });
    const line = (await response.text()).split('\n').find((each) => each.startsWith(`${name} `));
    if (!line) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(name.length));
  }

  /** Resolves when /health says that a server is away, since when, and how much waits. */
  async shownAsAway(part: 'temporal' | 'database'): Promise<void> {
    await until(
      `/health says that ${part} is away, since when and why`,
      async () => {
        const health = await this.health();
        const { [part]: away } = health;
        return health.status === 'degraded' && !away.ok && Date.parse(away.since) > 0 && away.reason !== '';
      },
      30_000,
    );
  }

  async endPrograms(): Promise<void> {
    await Promise.all(this.#others.splice(0).map((program) => program.dispose()));
    this.#edge = this.#worker = undefined;
  }

  async dispose(): Promise<void> {
    await this.endPrograms();
    await this.#operators.connection.close().catch(() => undefined);
    await this.client.connection.close();
    await this.sql.end({ timeout: 1 });
    await this.reads.close();
    await Promise.all([this.temporal.stop(), this.database.stop()]);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A client that finds the database again soon after it was away. */
export function openSql(url: string): postgres.Sql {
  const options = { max: 1, fetch_types: false, prepare: false, connect_timeout: 5, onnotice: () => undefined };
  return postgres(url, { ...options, backoff: () => 0.2 });
}

/** Asks again until it holds. Resolves to the time it took (ms). */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 200,
): Promise<number> {
  const began = Date.now();
  let reason = '';
  for (;;) {
    const held = await Promise.resolve()
      .then(holds)
      .catch((error: unknown) => {
        reason = ` (${error instanceof Error ? error.message : String(error)})`;
        return false;
      });
    if (held) return Date.now() - began;
    if (Date.now() - began > withinMs)
      throw new Error(`not within ${Math.round(withinMs / 1_000)} s: ${what}${reason}`);
    await sleep(everyMs);
  }
}
