import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * A secret from standard input: its first line. On a terminal it is asked for and not shown. On a command line it would
 * be in the shell's history and in everybody's list of processes.
 */
export async function readSecret(question: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTerminal });
  try {
    for await (const line of lines) {
      if (line !== '') return line;
      break;
    }
    throw new Error('no secret came on standard input: pipe it in, or type it');
  } finally {
    lines.close();
    process.stdin.pause();
    if (isTerminal) process.stderr.write('\n');
  }
}
