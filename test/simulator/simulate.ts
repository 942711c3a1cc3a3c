import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ran, type Ran } from '../support/cli.ts';

const main = fileURLToPath(new URL('../../src/simulator/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Runs `npm run simulate -- <args>`. */
export function simulate(...args: string[]): Promise<Ran> {
  return ran(process.execPath, ['--import', tsx, main, ...args]);
}
