import { request, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, startTestEdge, type TestEdge } from './edge.ts';

let test: TestEdge;
afterEach(() => test.close());

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

interface Handshake {
  status: number;
  protocol: string | undefined;
  /** Of a refusal. */
  body: string;
  /** The server closed the connection again. */
  closed: boolean;
}

/** Says nothing after the upgrade. */
function handshake(path: string, offer: string | undefined = 'ocpp1.6'): Promise<Handshake> {
  const headers: Record<string, string> = { ...UPGRADE };
  if (offer !== '') headers['Sec-WebSocket-Protocol'] = offer;
  return new Promise((resolve, reject) => {
    const upgrade = request(test.http + path, { headers });
    const answered = (response: IncomingMessage, body: string, closed: boolean) =>
      resolve({
        status: response.statusCode ?? 0,
        protocol: response.headers['sec-websocket-protocol'],
        body: body.trim(),
        closed,
      });
    upgrade.on('upgrade', (response, socket) => {
      const timer = setTimeout(() => {
        socket.destroy();
        answered(response, '', false);
      }, 200);
      socket.on('end', () => {
        clearTimeout(timer);
        socket.destroy();
        answered(response, '', true);
      });
      socket.resume();
    });
    upgrade.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => answered(response, body, true));
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
}

const entry = (chargePointId: string, registration: 'accepted' | 'pending' | 'rejected' | 'retired') => ({
  chargePointId,
  registration,
  heartbeatInterval: null,
  passwordHash: null,
  deleted: false,
});

describe('subprotocol', () => {
  it.each([['ocpp1.6'], ['ocpp2.0.1, ocpp1.6'], ['ocpp1.6, ocpp1.5'], ['ocpp1.5,ocpp1.6']])(
    'answers the offer "%s" with exactly ocpp1.6',
    async (offer) => {
      test = await startTestEdge();
      expect(await handshake('/CP1', offer)).toMatchObject({ status: 101, protocol: 'ocpp1.6', closed: false });
    },
  );

  it('upgrades a station that offers only others without the header, and closes at once', async () => {
    test = await startTestEdge();
    expect(await handshake('/CP1', 'ocpp9.9')).toMatchObject({ status: 101, protocol: undefined, closed: true });
    expect(test.edge.connections()).toBe(0);
    expect(test.events('CP1')).toEqual([]);
    expect(test.logged).toContainEqual(expect.objectContaining({ chargePoint: 'CP1', offered: 'ocpp9.9' }));
  });

  it('refuses a station that offers none, and says so in the log', async () => {
    test = await startTestEdge();
    const { status, body } = await handshake('/CP1', '');
    expect(status).toBe(400);
    expect(body).toContain('no Sec-WebSocket-Protocol header');
    expect(test.logged).toContainEqual(expect.objectContaining({ path: '/CP1', reason: body }));
  });

  it('serves a station that offers none where that is allowed, without the header', async () => {
    test = await startTestEdge({ settings: { allowMissingSubprotocol: true } });
    expect(await handshake('/CP2', '')).toMatchObject({ status: 101, protocol: undefined, closed: false });
    const client = await test.connect('/CP1', []);
    await client.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    expect(test.events('CP1')[0]).toMatchObject({ kind: 'connected', protocol: '' });
  });
});

describe('path', () => {
  it.each([
    ['/RDAM%20123', 'RDAM 123'],
    ['/ocpp/RDAM%20123', 'RDAM 123'],
    ['/ocpp/a%2Fb', 'a/b'],
    ['/ocpp', 'ocpp'],
    ['/CP1?token=x', 'CP1'],
  ])('%s is charge point "%s"', async (path, chargePointId) => {
    test = await startTestEdge();
    const client = await test.connect(path);
    await client.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    expect(test.events(chargePointId).map(({ kind }) => kind)).toEqual(['connected', 'message']);
  });

  it.each([['/'], ['/ocpp/'], ['/ocpp/BAD%ZZ'], ['/a/b'], ['/%00']])('%s is refused with 400', async (path) => {
    test = await startTestEdge();
    expect((await handshake(path)).status).toBe(400);
    const client = await test.connect('/CP1');
    await client.answersHeartbeatOnly();
  });

  it('answers a plain HTTP request with 426 and a sentence', async () => {
    test = await startTestEdge();
    const response = await fetch(`${test.http}/CP1`);
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
    expect(await response.text()).toContain('open a WebSocket with subprotocol ocpp1.6');
  });
});

describe('who may connect', () => {
  it('lets an unknown charge point in where registration is open', async () => {
    test = await startTestEdge();
    const client = await test.connect('/NEW');
    const [, , answer] = await client.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
    expect(answer).toMatchObject({ status: 'Accepted', interval: 300 });
  });

  it('refuses an unknown one with 404 where only known ones are served', async () => {
    const rows = { chargePoints: [entry('KNOWN', 'accepted')] };
    test = await startTestEdge({ settings: { registration: 'known' }, rows });
    expect(await handshake('/NEW')).toMatchObject({ status: 404, body: 'charge point NEW is unknown' });
    expect((await handshake('/KNOWN')).status).toBe(101);
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
      backlog: { events: 0, stations: 0, inFlight: 0 },
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
