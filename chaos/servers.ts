import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { startDatabase } from '../src/embedded/database.ts';
import type { Embedded } from '../src/embedded/supervise.ts';
import { startTemporal } from '../src/embedded/temporal.ts';
import { findTemporalCli } from '../src/embedded/temporalCli.ts';
import { freePort, freePorts } from '../test/support/freePort.ts';
import { searchAttributes } from '../workflows/searchAttributes.ts';
import { Gate } from './gate.ts';

const log = pino({ level: 'silent' });

/** A Temporal or TimescaleDB in a process of its own behind a gate, and everything that can happen to it. */
export class Server {
  readonly gate: Gate;
  readonly port: number;
  readonly #directory: string;
  readonly #start: () => Promise<Embedded>;
  #embedded: Embedded;

  private constructor(
    embedded: Embedded,
    gate: Gate,
    options: { port: number; directory: string; start: () => Promise<Embedded> },
  ) {
    this.#embedded = embedded;
    this.gate = gate;
    this.port = options.port;
    this.#directory = options.directory;
    this.#start = options.start;
  }

  static async database(parent: string): Promise<Server> {
    const port = await freePort();
    const directory = path.join(parent, 'database');
    const start = () => startDatabase({ directory, port, log });
    return new Server(await start(), await Gate.before(port), { port, directory, start });
  }

  static async temporal(parent: string): Promise<Server> {
    const cli = await findTemporalCli({ log, onProgress: (text) => process.stderr.write(`${text}\n`) });
    const [port, uiPort] = (await freePorts(2)) as [number, number];
    const directory = path.join(parent, 'temporal');
    const start = () => startTemporal({ directory, port, uiPort, searchAttributes, cli, log });
    return new Server(await start(), await Gate.before(port), { port, directory, start });
  }

  get pid(): number {
    if (this.#embedded.pid === undefined) throw new Error(`the server in ${this.#directory} is not running`);
    return this.#embedded.pid;
  }

  /** SIGKILL; it is started again at once, as by an init system. */
  kill(): void {
    process.kill(this.pid, 'SIGKILL');
  }

  /** SIGSTOP: it neither answers nor refuses. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Killed, and nobody answers on its port until it is `up`. */
  async down(): Promise<void> {
    await this.gate.shut();
    this.kill();
  }

  up(): Promise<void> {
    return this.gate.open();
  }

  /** Copies its files as they are on the disk at one moment: what a crash at that moment would leave. */
  async copy(to: string): Promise<void> {
    this.pause();
    try {
      await rm(to, { recursive: true, force: true });
      await cp(this.#directory, to, { recursive: true, filter: isStore });
    } finally {
      this.resume();
    }
  }

  /** Ended, its files replaced by an earlier copy, or removed, and started again. */
  async restore(from?: string): Promise<void> {
    await this.gate.shut();
    await this.#embedded.stop();
    for (const name of await readdir(this.#directory)) {
      if (isStore(name)) await rm(path.join(this.#directory, name), { recursive: true, force: true });
    }
    if (from) await cp(from, this.#directory, { recursive: true });
    await mkdir(this.#directory, { recursive: true });
    this.#embedded = await this.#start();
    await this.gate.open();
  }

  async stop(): Promise<void> {
    await this.gate.shut();
    await this.#embedded.stop();
  }
}

/** Neither logs nor pid files: they are of the process, not of the store. */
function isStore(file: string): boolean {
  return !/\.(log|log\.old|pid|draft)$/.test(file);
}
