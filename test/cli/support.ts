import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import postgres from 'postgres';
import { expect, inject } from 'vitest';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { ocppActors, type Ran } from '../support/cli.ts';
import { Program } from '../support/program.ts';

export const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
export const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The whole program on the servers of the test run, and an operator at a shell. */
export class CliTest {
  readonly program: Program;
  readonly sql: postgres.Sql;
  readonly #stations: Station[] = [];
  readonly #running: Running[] = [];

  private constructor(program: Program) {
    this.program = program;
    this.sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false });
  }

  static async start(environment: Record<string, string> = {}): Promise<CliTest> {
    const program = await Program.create({
      temporalAddress: inject('temporalAddress'),
      databaseUrl: inject('databaseUrl'),
      environment,
    });
    await program.start();
    return new CliTest(program);
  }

  async dispose(): Promise<void> {
    for (const station of this.#stations) station.stop();
    for (const running of this.#running) running.process.kill('SIGKILL');
    await this.program.dispose();
    await this.sql.end();
  }

  station(chargePointId: string, options: Partial<StationOptions> = {}): Station {
    const station = new Station({ url: this.program.url, chargePointId, ...options });
    this.#stations.push(station);
    return station;
  }

  ocppActors(...args: string[]): Promise<Ran> {
    return ocppActors(this.program.environment, ...args);
  }

  /** What it prints, where it ends with 0. */
  async prints(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ocppActors(...args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  }

  async json(...args: string[]): Promise<unknown> {
    return JSON.parse(await this.prints(...args, '--json'));
  }

  /** One that goes on until it is ended, or that is given something on standard input. */
  spawn(args: string[], input?: string): Running {
    const running = new Running(args, this.program.environment, input);
    this.#running.push(running);
    return running;
  }
}

export class Running {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #ended: Promise<number | null>;

  constructor(args: string[], environment: Record<string, string>, input?: string) {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment };
    this.process = spawn(process.execPath, ['--import', tsx, cli, ...args], { env, stdio: 'pipe' });
    this.process.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()));
    this.process.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.#ended = new Promise((resolve) => this.process.once('close', resolve));
    if (input !== undefined) this.process.stdin?.end(input);
  }

  async says(expected: RegExp): Promise<void> {
    await expect.poll(() => this.stdout, { timeout: 30_000, interval: 50 }).toMatch(expected);
  }

  /** Its exit code; with a signal, after that. */
  end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal) this.process.kill(signal);
    return this.#ended;
  }
}

let ids = 0;
/** The database is shared by all test files. */
export function newId(name: string): string {
  return `cli-${name}-${Date.now().toString(36)}-${++ids}`;
}
