import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, startTestEdge, type TestEdge } from './edge.ts';
import { UPGRADE, upgraded } from './upgrade.ts';

let test: TestEdge;
afterEach(() => test.close());

const handshake = (path: string) => upgraded(test.http + path);

const entry = (chargePointId: string, registration: 'accepted' | 'pending' | 'rejected' | 'retired') => ({
  chargePointId,
  registration,
  heartbeatInterval: null,
  passwordHash: null,
  deleted: false,
});

it('answers a plain HTTP request with 426 and a sentence', async () => {
  test = await startTestEdge();
  const response = await fetch(`${test.http}/CP1`);
  expect(response.status).toBe(426);
  expect(response.headers.get('upgrade')).toBe('websocket');
  expect(await response.text()).toContain('open a WebSocket with subprotocol ocpp1.6');
});

describe('who may connect', () => {
  it('lets an unknown charge point in where registration is open', async () => {
    test = await startTestEdge();
    const client = await test.connect('/NEW');
    const [, , answer] = await client.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    expect(answer).toMatchObject({ status: 'Accepted', interval: 300 });
  });

  it('refuses a retired one with 404; a rejected one is told at its boot', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('CP1', 'retired'), entry('CP2', 'rejected')] } });
    expect(await handshake('/CP1')).toMatchObject({ status: 404, body: 'charge point CP1 is retired' });
    expect((await handshake('/CP2')).status).toBe(101);
  });

  it('refuses with 503 until there is a directory', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    test = await startTestEdge({ rows: { gate: () => gate }, awaitDirectory: false });
    expect((await handshake('/CP1')).status).toBe(503);
    expect((await fetch(`${test.http}/health`)).status).toBe(503);
    open();
    await eventually(() => test.ready(), 'the directory is ready');
    expect((await handshake('/CP1')).status).toBe(101);
  });

  it('survives a station that gives up while the directory is asked', async () => {
    test = await startTestEdge();
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      test.rows.gate = () => {
        resolve();
        return gate;
      };
    });
    const impatient = request(`${test.http}/CP1`, { headers: { ...UPGRADE, 'Sec-WebSocket-Protocol': 'ocpp1.6' } });
    impatient.on('error', () => undefined);
    impatient.end();
    await asked;
    const gone = new Promise((resolve) => impatient.on('close', resolve));
    impatient.destroy();
    await gone;
    open();
    const client = await test.connect('/CP2');
    await client.answersHeartbeatOnly();
    // Where the socket was opened all the same, both its ends are told.
    const kinds = () => test.events('CP1').map((event) => event.kind);
    await eventually(
      () => test.edge.connections() === 1 && [0, 2].includes(kinds().length),
      'nothing is left of the station that gave up',
    );
    expect(kinds()).toEqual(kinds().length === 0 ? [] : ['connected', 'disconnected']);
  });
});

describe('health', () => {
  it('is 200 and ok when all is well', async () => {
    test = await startTestEdge();
    await test.connect('/CP1');
    const response = await fetch(`${test.http}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ok',
      temporal: { ok: true },
      database: { ok: true },
      journal: { ok: true },
      backlog: { events: 0, stations: 0, inFlight: 0, window: 4 },
      connections: 1,
    });
  });

  it('is 200 and degraded while Temporal or the database is away', async () => {
    const away = { ok: false, since: '2026-01-01T00:00:00.000Z', reason: 'connection refused' } as const;
    test = await startTestEdge({ health: { temporal: () => away } });
    const response = await fetch(`${test.http}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'degraded', temporal: away });
  });

  it('is 503 when events cannot be journalled', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    await client.answersHeartbeatOnly();
    await test.journal.close();
    client.send([2, 'x', 'StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError' }]);
    await eventually(() => test.logged.some(({ msg }) => String(msg).includes('journal takes no events')), 'the log');
    const response = await fetch(`${test.http}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'unavailable', journal: { ok: false } });
  });
});

it('says clearly that a port is taken', async () => {
  test = await startTestEdge();
  await expect(startTestEdge({ port: test.edge.port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${test.edge.port}: the port is taken`,
  );
});
