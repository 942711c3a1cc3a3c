import { CommanderError } from 'commander';
import { EXIT } from './exitCodes.ts';
import { printable } from './output.ts';
import { createProgram } from './program.ts';

/** Runs a command line and ends the process. What went wrong is one line on standard error. */
export async function run(argv: string[]): Promise<void> {
  // Who reads has seen enough, as `head` has: there is nobody left to tell more.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    throw error;
  });
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = failed(error);
  }
  // What is left may be an attempt to connect to a server that is silent: it would last half a minute.
  process.stdout.write('', () => process.exit());
}

function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  // Wrong settings are told one by one.
  process.stderr.write(`ocpp-actors: ${message.split('\n').map(printable).join('\n')}\n`);
  return EXIT.failed;
}
