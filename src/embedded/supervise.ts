import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { identify, isRunning, parseIdentity } from './processIdentity.ts';

/** A server that runs beside this process and ends with it. */
export interface Embedded {
  /** Of the running child; `undefined` while it is being restarted and after `stop()`. */
  readonly pid: number | undefined;
  /** `host:port` */
  readonly address: string;
  /** SIGTERM, SIGKILL when that does not end it in time. Resolves when the child has ended. */
  stop(): Promise<void>;
}

export interface SuperviseOptions {
  /** Names the pid file and the log file in `directory`, and the child in log lines. */
  name: string;
  /** Exists after the call; holds `<name>.pid` and `<name>.log`. */
  directory: string;
  command: string;
  args: string[];
  /** `host:port`, for messages. */
  address: string;
  /** Rejects while the server does not answer yet; asked again until it resolves. */
  probe: () => Promise<void>;
  /** Milliseconds the child has for its first answer, default 30,000. */
  readyWithin?: number;
  /** Milliseconds between SIGTERM and SIGKILL, default 10,000. */
  stopWithin?: number;
  log: Logger;
}

/** The child ended, or did not answer in time, when it was first started. Carries its last lines of output. */
export class EmbeddedStartError extends Error {
  override readonly name = 'EmbeddedStartError';
}

const logLimitBytes = 8 * 1024 * 1024;
const logCheckEvery = 60_000;
const longestBackOff = 10_000;

/**
 * Starts a child process, waits until it answers, and keeps it running: a child that ends by itself is started
 * again with the same arguments, after a back-off that grows while it keeps ending at once.
 *
 * The child has its own process group: Ctrl-C in the terminal reaches this process alone, which can drain before it
 * takes its servers away. Its stdin is a pipe that closes when this process ends. Its output goes to `<name>.log`.
 * A child left behind by a killed parent is ended first.
 * @throws EmbeddedStartError
 */
export async function supervise(options: SuperviseOptions): Promise<Embedded> {
  mkdirSync(options.directory, { recursive: true });
  await endLeftBehind(options.directory, options.log, options.name);
  rotateLog(options);

  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

/**
 * Ends the children that an earlier, killed process left running with their state in `directory`. Call it before
 * their ports are checked, and only while holding the data directory's lock. A process that merely has the same pid
 * is left alone.
 */
export async function endLeftBehind(directory: string, log: Logger, name?: string): Promise<void> {
  const names = name ? [`${name}.pid`] : (await readdir(directory).catch(() => [])).filter((n) => n.endsWith('.pid'));
  for (const file of names) {
    const path = join(directory, file);
    const identity = parseIdentity(readIfThere(path));
    if (identity && isRunning(identity)) {
      log.warn(
        { pid: identity.pid, process: basename(file, '.pid') },
        'ending a process that an earlier run left behind',
      );
      await endProcess(identity.pid, () => isRunning(identity), 10_000);
    }
    rmSync(path, { force: true });
  }
}

class Supervisor implements Embedded {
  readonly address: string;
  readonly #options: SuperviseOptions;
  readonly #logCheck: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #restarting: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.address = options.address;
    this.#logCheck = setInterval(() => limitLog(options), logCheckEvery).unref();
    // A parent that exits without stop(), for instance by an uncaught error, still takes its child along.
    process.on('exit', this.#killChild);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    try {
      await this.#launch();
    } catch (error) {
      await this.stop();
      throw error;
    }
    void this.#exited.then(() => this.#onExit());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#logCheck);
    await this.#end();
    await this.#restarting;
    process.off('exit', this.#killChild);
    rmSync(pidFile(this.#options), { force: true });
  }

  /** Resolves when the child answers, rejects when it ended or took too long; then it may still be running. */
  async #launch(): Promise<void> {
    const { name, command, args, probe, readyWithin = 30_000, address } = this.#options;
    const output = openSync(logFile(this.#options), 'a');
    const logStart = statSync(logFile(this.#options)).size;
    const startedAt = Date.now();
    const child = spawn(command, args, { detached: true, stdio: ['pipe', output, output] });
    closeSync(output);

    let ended: string | undefined;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = (reason: string): void => {
        ended = reason;
        if (this.#child === child) this.#child = undefined;
        resolve(reason);
      };
      child.once('error', (error) => end(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => end(`ended with ${signal ?? `exit code ${code}`}`));
    });
    // Its other end closes when the child dies, which is no error of ours.
    child.stdin?.on('error', () => {});
    if (child.pid !== undefined) this.#writePid(child.pid);

    for (;;) {
      if (ended) throw this.#startError(`${name} ${ended} before it answered on ${address}`, logStart);
      if (Date.now() - startedAt > readyWithin) {
        throw this.#startError(`${name} did not answer on ${address} within ${readyWithin / 1000} s`, logStart);
      }
      const answered = await probe().then(
        () => true,
        () => false,
      );
      // An answer while our child has ended is another process's.
      if (answered && !ended) break;
      await sleep(50);
    }
    this.#options.log.info({ process: name, pid: child.pid, address, ms: Date.now() - startedAt }, 'server ready');
  }

  #onExit(): void {
    if (this.#stopping.signal.aborted) return;
    this.#restarting = this.#restart();
  }

  async #restart(): Promise<void> {
    const { name, log } = this.#options;
    for (;;) {
      const delay = Math.min(longestBackOff, 100 * 2 ** this.#failures++);
      log.error({ process: name, reason: await this.#exited, delay }, 'server ended unexpectedly; starting it again');
      const stopped = await sleep(delay, false, { signal: this.#stopping.signal }).catch(() => true);
      if (stopped) return;
      try {
        await this.#launch();
        break;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        log.error({ process: name, err: error }, 'server did not come back');
        await this.#end();
      }
    }
    const forgive = setTimeout(() => (this.#failures = 0), 60_000).unref();
    void this.#exited.finally(() => {
      clearTimeout(forgive);
      this.#onExit();
    });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const { pid } = child;
    await endProcess(
      pid,
      () => child.exitCode === null && child.signalCode === null,
      this.#options.stopWithin ?? 10_000,
    );
    await this.#exited;
  }

  readonly #killChild = (): void => {
    this.#child?.kill('SIGTERM');
  };

  #writePid(pid: number): void {
    const identity = identify(pid);
    if (!identity) return;
    // Written beside and renamed: a half-written pid file would hide a process left behind.
    const draft = `${pidFile(this.#options)}.draft`;
    writeFileSync(draft, JSON.stringify(identity));
    renameSync(draft, pidFile(this.#options));
  }

  #startError(what: string, logStart: number): EmbeddedStartError {
    const lines = lastLines(logFile(this.#options), logStart);
    const output = lines ? `Its last lines:\n${lines}` : 'It printed nothing.';
    return new EmbeddedStartError(`${what} (log: ${logFile(this.#options)}). ${output}`);
  }
}

async function endProcess(pid: number, running: () => boolean, limit: number): Promise<void> {
  const killAt = Date.now() + limit;
  let signal: NodeJS.Signals = 'SIGTERM';
  send(pid, signal);
  while (running()) {
    if (signal === 'SIGTERM' && Date.now() > killAt) send(pid, (signal = 'SIGKILL'));
    await sleep(20);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const pidFile = (options: SuperviseOptions): string => join(options.directory, `${options.name}.pid`);
const logFile = (options: SuperviseOptions): string => join(options.directory, `${options.name}.log`);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** One earlier log is kept, for the case that somebody wants to know why the last run ended. */
function rotateLog(options: SuperviseOptions): void {
  const size = statSync(logFile(options), { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes / 8) renameSync(logFile(options), `${logFile(options)}.old`);
}

/** The child appends, so that a file cut to nothing is simply filled again from its start. */
function limitLog(options: SuperviseOptions): void {
  const size = statSync(logFile(options), { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes) truncateSync(logFile(options), 0);
}

/** At most the last 20 lines that were written after position `from`. */
function lastLines(path: string, from: number): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(from, size - 8192);
  if (size <= start) return '';
  const buffer = Buffer.alloc(size - start);
  const file = openSync(path, 'r');
  try {
    readSync(file, buffer, 0, buffer.length, start);
  } finally {
    closeSync(file);
  }
  return buffer.toString('utf8').trimEnd().split('\n').slice(-20).join('\n');
}
