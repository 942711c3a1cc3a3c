import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';

export const log = pino({ level: 'silent' });

/** Removed when the test has finished. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ocpp-actors-embedded-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Asks until the answer is neither `undefined` nor `false`; a rejected question is asked again. */
export async function eventually<T>(question: () => T | Promise<T>, limit = 60_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + limit;
  let last: unknown = 'no answer';
  while (Date.now() < deadline) {
    try {
      const answer = await question();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(25);
  }
  throw new Error(`did not come true within ${limit} ms`, { cause: last });
}

/**
 * Another process of the project: runs TypeScript that sees the modules of `src/embedded` as `embedded(name)`,
 * resolves when it has said a number, and stays until it is killed.
 */
export async function otherProcess(code: string): Promise<{ pid: number; said: number; kill9(): Promise<void> }> {
  const base = new URL('../../src/embedded/', import.meta.url).href;
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const program = `
    const embedded = (name) => import(${JSON.stringify(base)} + name);
    const say = (value) => process.stdout.write(value + '\\n');
    ${code}
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const kill9 = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill9);
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (status) => reject(new Error(`the other process ended with ${status} before it said anything`)));
  });
  return { pid: child.pid!, said: Number(line), kill9 };
}
