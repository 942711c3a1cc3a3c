import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** There is no Chromium where one is looked for. */
export class BrowserNotFoundError extends Error {
  override readonly name = 'BrowserNotFoundError';

  constructor(environment: NodeJS.ProcessEnv = process.env) {
    const { CHROMIUM } = environment;
    const looked = CHROMIUM ? `CHROMIUM=${CHROMIUM} cannot be run` : `none of ${NAMES.join(', ')} is on the PATH`;
    super(
      `no browser for the Temporal UI: ${looked}. Install one (Debian: apt-get install chromium) or set CHROMIUM to its path.`,
    );
  }
}

/** Path of the browser: `CHROMIUM`, else the first of the usual names on the PATH. */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment.CHROMIUM) return isExecutable(environment.CHROMIUM) ? environment.CHROMIUM : undefined;
  const directories = (environment.PATH ?? '').split(path.delimiter).filter(Boolean);
  return NAMES.flatMap((name) => directories.map((directory) => path.join(directory, name))).find(isExecutable);
}

/** @throws BrowserNotFoundError */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new BrowserNotFoundError();
  return chromium.launch({
    executablePath,
    // Chromium refuses to run with its sandbox as root.
    chromiumSandbox: process.getuid?.() !== 0,
    // The UI has links to the outside world, a test has none.
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
