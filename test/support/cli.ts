import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `ocpp-actors <args>` from the sources. */
export function ocppActors(environment: Record<string, string>, ...args: string[]): Promise<Ran> {
  return ran(process.execPath, ['--import', tsx, cli, ...args], environment);
}

export function ran(command: string, args: string[], environment: Record<string, string> = {}): Promise<Ran> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { env }, (error, stdout, stderr) => {
      if (child.exitCode === null) reject(error ?? new Error(`${command} ended without an exit code`));
      else resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}
