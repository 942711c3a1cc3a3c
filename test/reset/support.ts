import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import postgres from 'postgres';
import { expect, inject, vi } from 'vitest';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { findTemporalCli } from '../../src/embedded/temporalCli.ts';
import { ocppActors, ran, type Ran } from '../support/cli.ts';
import { Program } from '../support/program.ts';

const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One', firmwareVersion: '1.0' };

/** The columns of table `command` that tell how a command went. */
export interface CommandRow {
  action: string;
  payload: Record<string, unknown>;
  state: string;
  reason: string | null;
  via: string;
  requested_by: string | null;
  sent_at: Date | null;
  answer: Record<string, unknown> | null;
  answered_at: Date | null;
  outcome: string | null;
  ended_at: Date | null;
}

/** A charge point whose boots are counted, so that it can be seen what came before which. */
export class TestStation extends Station {
  boots = 0;

  async boot(): Promise<void> {
    const reply = await this.call('BootNotification', boot);
    expect(reply).toMatchObject({ result: { status: 'Accepted' } });
    this.boots += 1;
  }
}

/** The whole program on the servers of the test run, and everybody who resets: an operator, the CLIs, the stations. */
export class ResetTest {
  readonly program: Program;
  readonly client: Client;
  readonly sql: postgres.Sql;
  readonly #stations: Station[] = [];
  readonly #temporalCli: string;

  private constructor(program: Program, client: Client, temporalCli: string) {
    this.program = program;
    this.client = client;
    this.#temporalCli = temporalCli;
    this.sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false });
  }

  static async start(): Promise<ResetTest> {
    const program = await Program.create({
      temporalAddress: inject('temporalAddress'),
      databaseUrl: inject('databaseUrl'),
    });
    await program.start();
    const connection = await Connection.connect({ address: program.temporalAddress });
    const { path } = await findTemporalCli({ log: pino({ level: 'silent' }) });
    return new ResetTest(program, new Client({ connection }), path);
  }

  async dispose(): Promise<void> {
    for (const station of this.#stations) station.stop();
    await this.program.dispose();
    await this.client.connection.close();
    await this.sql.end();
  }

  station(chargePointId: string, options: Partial<StationOptions> = {}): TestStation {
    const station = new TestStation({ url: this.program.url, chargePointId, ...options });
    this.#stations.push(station);
    return station;
  }

  ocppActors(...args: string[]): Promise<Ran> {
    return ocppActors(this.program.environment, ...args);
  }

  /** `temporal workflow signal`, as support staff would type it. */
  signal(chargePointId: string, name: string, ...args: string[]): Promise<Ran> {
    const to = ['--address', this.program.temporalAddress, '--workflow-id', `charge-point/${chargePointId}`];
    return ran(this.#temporalCli, ['workflow', 'signal', ...to, '--name', name, ...args]);
  }

  /** Rows of table `command`, oldest first. */
  async commands(chargePointId: string): Promise<CommandRow[]> {
    const rows = await this.sql<CommandRow[]>`
      SELECT action, payload, state, reason, via, requested_by, sent_at, answer, answered_at, outcome, ended_at
      FROM command WHERE charge_point_id = ${chargePointId} ORDER BY requested_at, version`;
    return [...rows];
  }

  /** That it was here is stored: nobody can reset a charge point that is not known. */
  async isKnown({ chargePointId }: Station): Promise<void> {
    const known = () => this.sql`SELECT 1 FROM charge_point WHERE charge_point_id = ${chargePointId}`;
    await vi.waitFor(async () => expect(await known()).toHaveLength(1), { timeout: 20_000 });
  }

  /** One that was never here. */
  async registered(chargePointId: string): Promise<string> {
    await this.sql`INSERT INTO charge_point (charge_point_id) VALUES (${chargePointId})`;
    return chargePointId;
  }

  /** Waits until the rows match, and nothing else is there. */
  async becomes(chargePointId: string, expected: object[], withinMs = 60_000): Promise<void> {
    await expect
      .poll(() => this.commands(chargePointId), { timeout: withinMs, interval: 100 })
      .toEqual(expected.map((row) => expect.objectContaining(row)));
  }
}

let ids = 0;
/** The database is shared by all test files. */
export function newId(name: string): string {
  return `reset-${name}-${Date.now().toString(36)}-${++ids}`;
}
