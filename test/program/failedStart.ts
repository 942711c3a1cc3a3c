import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Program, type ProgramOptions } from '../support/program.ts';

export interface FailedStart {
  code: number | null;
  /** All it wrote to stderr. */
  message: string;
  ms: number;
  /** Command lines of what runs with the program's data directory after it has ended. */
  left: string[];
}

/** Starts the program where it cannot start and waits for its end. */
export async function failedStart(
  options: ProgramOptions,
  before?: (program: Program) => unknown,
): Promise<FailedStart> {
  const program = await Program.create(options);
  try {
    await before?.(program);
    const began = performance.now();
    const child = program.spawn();
    let message = '';
    child.stderr?.on('data', (data: Buffer) => (message += data.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, message, ms: performance.now() - began, left: await runningWith(program.dataDir) };
  } finally {
    await program.dispose();
  }
}

/** Command lines of running processes that name `text`. */
export async function runningWith(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'stat=,args=']);
  return stdout.split('\n').filter((line) => line.includes(text) && !line.startsWith('Z'));
}
