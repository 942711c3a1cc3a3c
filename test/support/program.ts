import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { endLeftBehind } from '../../src/embedded/supervise.ts';
import { freePorts } from './freePort.ts';

const here = fileURLToPath(new URL('../../', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const silent = pino({ level: 'silent' });

export interface ProgramOptions {
  /** Kept from an earlier start; else a new temporary one. */
  dataDir?: string;
  environment?: Record<string, string>;
  /** For Node.js itself, such as `--cpu-prof`. */
  nodeOptions?: string[];
  /** Sources to run instead of this repository's. */
  root?: string;
  /** Servers to use instead of embedded ones. */
  temporalAddress?: string;
  databaseUrl?: string;
}

/** The whole program in a process of its own, as `npm start` runs it, on free ports. */
export class Program {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly environment: Record<string, string>;
  output = '';
  readonly #root: string;
  readonly #nodeOptions: string[];
  #process: ChildProcess | undefined;

  private constructor(dataDir: string, ports: Ports, options: ProgramOptions) {
    this.dataDir = dataDir;
    this.ports = ports;
    this.#root = options.root ?? here;
    this.#nodeOptions = options.nodeOptions ?? [];
    this.environment = {
      DATA_DIR: dataDir,
      PORT: String(ports.edge),
      API_PORT: String(ports.api),
      LOG_LEVEL: 'warn',
      ...(options.temporalAddress
        ? { TEMPORAL_ADDRESS: options.temporalAddress }
        : { TEMPORAL_PORT: String(ports.temporal), TEMPORAL_UI_PORT: String(ports.temporalUi) }),
      ...(options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : { DATABASE_PORT: String(ports.database) }),
      ...options.environment,
    };
  }

  static async create(options: ProgramOptions = {}): Promise<Program> {
    const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'ocpp-actors-')));
    const [edge, api, temporal, temporalUi, database] = await freePorts(5);
    return new Program(dataDir, { edge, api, temporal, temporalUi, database } as Ports, options);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.ports.edge}`;
  }

  get temporalAddress(): string {
    return this.environment.TEMPORAL_ADDRESS ?? `127.0.0.1:${this.ports.temporal}`;
  }

  get databaseUrl(): string {
    return this.environment.DATABASE_URL ?? `postgres://postgres:postgres@127.0.0.1:${this.ports.database}/postgres`;
  }

  get pid(): number {
    if (!this.#process?.pid) throw new Error('the program is not running');
    return this.#process.pid;
  }

  /** Resolves when it says `ready`; rejects with its output when it exits before. */
  async start(): Promise<void> {
    const child = this.spawn();
    await new Promise<void>((resolve, reject) => {
      const ready = () => {
        if (/^ready$/m.test(this.output)) resolve();
      };
      child.stdout?.on('data', ready);
      child.once('exit', (code) => reject(new Error(`the program exited with ${code}:\n${this.output}`)));
    });
  }

  /** Starts it without waiting. */
  spawn(): ChildProcess {
    this.output = '';
    const main = path.join(this.#root, 'src/main.ts');
    const child = spawn(process.execPath, [...this.#nodeOptions, '--import', tsx, main], {
      cwd: this.dataDir,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.output = (this.output + data.toString()).slice(-100_000)));
    this.#process = child;
    return child;
  }

  /** Sends a signal to the program alone and resolves to its exit code when it has ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return exited;
  }

  /** Pid of the embedded `temporal` or `database`, from its pid file. */
  async embeddedPid(name: 'temporal' | 'database'): Promise<number> {
    const text = await readFile(path.join(this.dataDir, name, `${name}.pid`), 'utf8');
    const pid = Number.parseInt(/\d+/.exec(text)?.[0] ?? '', 10);
    if (!(pid > 1)) throw new Error(`no pid in ${name}.pid: ${text}`);
    return pid;
  }

  /** Ends everything it started, also what a killed program left behind, and removes its data. */
  async dispose(): Promise<void> {
    await this.end('SIGTERM');
    for (const name of ['temporal', 'database']) await endLeftBehind(path.join(this.dataDir, name), silent);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

interface Ports {
  edge: number;
  api: number;
  temporal: number;
  temporalUi: number;
  database: number;
}
