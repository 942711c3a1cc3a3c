import { Client, Connection } from '@temporalio/client';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identify, isRunning } from '../../src/embedded/processIdentity.ts';
import type { Embedded } from '../../src/embedded/supervise.ts';
import type { TemporalOptions } from '../../src/embedded/temporal.ts';
import { startTemporal } from '../../src/embedded/temporal.ts';
import { findTemporalCli } from '../../src/embedded/temporalCli.ts';
import { freePort } from '../support/freePort.ts';
import { eventually, log, otherProcess, temporaryDirectory } from './support.ts';

async function start(directory: string, more: Partial<TemporalOptions> = {}): Promise<Embedded> {
  const [port, uiPort] = [await freePort(), await freePort()];
  const cli = await findTemporalCli({ log });
  const searchAttributes = { Presence: 'Keyword' } as const;
  const server = await startTemporal({ directory, port, uiPort, searchAttributes, cli, log, ...more });
  onTestFinished(() => server.stop());
  return server;
}

async function connectTo(server: Embedded): Promise<Client> {
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  return new Client({ connection });
}

describe('the embedded Temporal', () => {
  it('is ready within the time it has to start, keeps closed runs for a day and knows the search attributes', async () => {
    const before = Date.now();
    const server = await start(await temporaryDirectory());
    expect(Date.now() - before).toBeLessThan(30_000);
    const { connection } = await connectTo(server);
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(24 * 60 * 60);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(customAttributes).toHaveProperty('Presence');
  });

  it('comes back with every workflow when it is killed', async () => {
    const server = await start(await temporaryDirectory());
    const client = await connectTo(server);
    for (let round = 0; round < 3; round++) {
      const handle = await client.workflow.start('waiting', { workflowId: `w${round}`, taskQueue: 'nobody' });
      await handle.signal('event', round);
      const { pid } = server;
      process.kill(pid!, 'SIGKILL');
      await eventually(() => server.pid !== undefined && server.pid !== pid);
      const description = await eventually(() => handle.describe());
      expect(description.status.name).toBe('RUNNING');
      // Started, first workflow task scheduled, signalled.
      expect(description.historyLength).toBe(3);
    }
  });

  it('starts with the state of its last run, also when the program knows more search attributes now', async () => {
    const directory = await temporaryDirectory();
    const first = await start(directory);
    await (await connectTo(first)).workflow.start('waiting', { workflowId: 'w', taskQueue: 'nobody' });
    await first.stop();
    const second = await start(directory, { searchAttributes: { Presence: 'Keyword', Vendor: 'Keyword' } });
    const { status } = await (await connectTo(second)).workflow.getHandle('w').describe();
    expect(status.name).toBe('RUNNING');
  });

  it('sets the database of another version aside and starts a new one', async () => {
    const directory = await temporaryDirectory();
    const cli = await findTemporalCli({ log });
    await writeFile(join(directory, 'temporal.db'), 'of another shape');
    await writeFile(join(directory, 'temporal.db-wal'), 'and its log');
    await writeFile(join(directory, 'temporal.db.version'), '0.9.0 (Server 1.20.0, UI 2.10.0)\n');
    await (await start(directory, { cli })).stop();
    expect(await readdir(directory)).toEqual(
      expect.arrayContaining(['temporal.db', 'temporal.db.old-0.9.0', 'temporal.db.old-0.9.0-wal']),
    );
  });

  it('left behind by a killed program is ended before its ports are asked for', async () => {
    const directory = await temporaryDirectory();
    const [port, uiPort] = [await freePort(), await freePort()];
    const parent = await otherProcess(`
      const { startTemporal } = await embedded('temporal.ts');
      const { findTemporalCli } = await embedded('temporalCli.ts');
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const cli = await findTemporalCli({ log });
      const directory = ${JSON.stringify(directory)};
      const { pid } = await startTemporal({ directory, port: ${port}, uiPort: ${uiPort}, searchAttributes: {}, cli, log });
      say(pid);`);
    const orphan = identify(parent.said)!;
    await parent.kill9();
    expect(isRunning(orphan)).toBe(true);
    await start(directory, { port, uiPort });
    expect(isRunning(orphan)).toBe(false);
  });

  it('does not touch its state while a port is taken', async () => {
    const running = await start(await temporaryDirectory());
    const directory = join(await temporaryDirectory(), 'temporal');
    await mkdir(directory);
    const port = Number(running.address.split(':')[1]);
    await expect(start(directory, { port })).rejects.toThrow('TEMPORAL_PORT');
    expect(await readdir(directory)).toEqual([]);
  });
});
