import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assertPortFree, PortTakenError } from '../../src/embedded/ports.ts';
import { identify, isRunning } from '../../src/embedded/processIdentity.ts';
import type { Embedded, SuperviseOptions } from '../../src/embedded/supervise.ts';
import { EmbeddedStartError, endLeftBehind, supervise } from '../../src/embedded/supervise.ts';
import { freePort } from '../support/freePort.ts';
import { eventually, log, otherProcess, temporaryDirectory } from './support.ts';

const listening = (port: number): string => `require('net').createServer((s) => s.end()).listen(${port}, '127.0.0.1');`;

async function options(
  code: (port: number) => string,
  more: Partial<SuperviseOptions> = {},
): Promise<SuperviseOptions> {
  const port = await freePort();
  return {
    name: 'child',
    directory: await temporaryDirectory(),
    command: process.execPath,
    args: ['--eval', code(port)],
    address: `127.0.0.1:${port}`,
    probe: () => reach(port),
    log,
    ...more,
  };
}

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  }).finally(() => socket.destroy());
}

async function start(settings: SuperviseOptions): Promise<Embedded> {
  const server = await supervise(settings);
  onTestFinished(() => server.stop());
  return server;
}

describe('a supervised server', () => {
  it('is started again on the same port when it was killed', async () => {
    const settings = await options(listening);
    const server = await start(settings);
    for (let round = 0; round < 2; round++) {
      const { pid } = server;
      process.kill(pid!, 'SIGKILL');
      await eventually(() => server.pid !== undefined && server.pid !== pid);
      await eventually(() => settings.probe().then(() => true));
      await expect(settings.probe()).resolves.toBeUndefined();
    }
  });

  it('is ended by force when it ignores SIGTERM', async () => {
    const settings = await options((port) => `process.on('SIGTERM', () => {}); ${listening(port)}`, {
      stopWithin: 200,
    });
    const server = await start(settings);
    const identity = identify(server.pid!)!;
    await server.stop();
    expect(isRunning(identity)).toBe(false);
    await expect(settings.probe()).rejects.toThrow('ECONNREFUSED');
  });

  it('that ends at once fails the start, with the last lines it printed', async () => {
    const settings = await options(() => `console.error('the disk is made of cheese'); process.exit(3);`);
    const failure = await supervise(settings).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EmbeddedStartError);
    expect(String(failure)).toContain('child ended with exit code 3 before it answered');
    expect(String(failure)).toContain('the disk is made of cheese');
  });

  it('that never answers fails the start and is ended', async () => {
    const settings = await options(() => `console.log(process.pid); setInterval(() => {}, 1000);`, {
      readyWithin: 400,
    });
    await expect(supervise(settings)).rejects.toThrow('did not answer on 127.0.0.1');
    const pid = Number(await readFile(join(settings.directory, 'child.log'), 'utf8'));
    expect(identify(pid)).toBeUndefined();
  });

  it('that cannot be started says which program', async () => {
    const settings = await options(listening, { command: '/nonexistent/program' });
    await expect(supervise(settings)).rejects.toThrow('/nonexistent/program');
  });

  it('left behind by a killed parent is ended by the next start', async () => {
    const settings = await options(listening);
    const { directory, args, address } = settings;
    const parent = await otherProcess(`
      const { supervise } = await embedded('supervise.ts');
      const log = { info() {}, warn() {}, error() {} };
      const { connect } = await import('node:net');
      const [host, port] = ${JSON.stringify(address)}.split(':');
      const probe = () => new Promise((resolve, reject) => connect(+port, host).once('connect', resolve).once('error', reject));
      const server = await supervise({ name: 'child', directory: ${JSON.stringify(directory)}, command: process.execPath,
        args: ${JSON.stringify(args)}, address: ${JSON.stringify(address)}, probe, log });
      say(server.pid);`);
    const orphan = identify(parent.said)!;
    await parent.kill9();
    expect(isRunning(orphan)).toBe(true);

    const server = await start(settings);
    expect(isRunning(orphan)).toBe(false);
    expect(server.pid).not.toBe(orphan.pid);
  });

  it('is never mistaken for a later process with its pid', async () => {
    const directory = await temporaryDirectory();
    const innocent = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
    onTestFinished(() => void innocent.kill('SIGKILL'));
    await writeFile(join(directory, 'child.pid'), JSON.stringify({ pid: innocent.pid, startedAt: 'long ago' }));
    await endLeftBehind(directory, log);
    expect(identify(innocent.pid!)).toBeDefined();
  });
});

describe('a port', () => {
  it('that is taken is told with the setting that changes it', async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const failure = assertPortFree('127.0.0.1', port, 'API_PORT');
    await expect(failure).rejects.toThrow(PortTakenError);
    await expect(failure).rejects.toThrow(
      `127.0.0.1:${port} is taken by another process: end that process, or set API_PORT`,
    );
  });

  it('that is free stays free', async () => {
    const port = await freePort();
    await assertPortFree('127.0.0.1', port, 'API_PORT');
    await expect(assertPortFree('127.0.0.1', port, 'API_PORT')).resolves.toBeUndefined();
  });
});
