import { once } from 'node:events';
import { RPCClient } from 'ocpp-rpc';
import { afterEach, describe, expect } from 'vitest';
import { generatePassword, hashPassword } from '../../src/security/passwords.ts';
import type { Disconnected } from '../../workflows/events.ts';
import { closed, eventually, rawUpgrade, startTestEdge, type TestEdge } from '../edge/edge.ts';
import { upgraded } from '../edge/upgrade.ts';
import { boot, entry } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
afterEach(() => test.close());

const kinds = (chargePointId: string) => test.events(chargePointId).map(({ kind }) => kind);
const ends = (chargePointId: string) =>
  test.events(chargePointId).filter((event): event is Disconnected => event.kind === 'disconnected');

describe('subprotocol', () => {
  rule(1, async () => {
    test = await startTestEdge();
    expect(await upgraded(`${test.http}/CP1`)).toMatchObject({ status: 101, protocol: 'ocpp1.6', closed: false });
  });

  rule(2, async () => {
    test = await startTestEdge();
    for (const offer of ['ocpp2.0.1, ocpp1.6', 'ocpp1.6, ocpp1.5', 'ocpp1.5,ocpp1.6', 'ocpp2.0.1 ,ocpp1.6 ,ocpp1.5']) {
      expect(await upgraded(`${test.http}/CP1`, { offer })).toMatchObject({ status: 101, protocol: 'ocpp1.6' });
    }
  });

  rule(3, async () => {
    test = await startTestEdge();
    for (const offer of ['ocpp9.9', 'OCPP1.6', 'ocpp1.60, xocpp1.6']) {
      const answer = await upgraded(`${test.http}/CP1`, { offer });
      expect(answer).toMatchObject({ status: 101, protocol: undefined, closed: true });
    }
    expect(test.edge.connections()).toBe(0);
    expect(test.events('CP1')).toEqual([]);
    expect(test.logged).toContainEqual(expect.objectContaining({ chargePoint: 'CP1', offered: 'ocpp9.9' }));
  });

  rule(4, 'refused, with what is missing in the answer and the log', async () => {
    test = await startTestEdge();
    const { status, body } = await upgraded(`${test.http}/CP1`, { offer: '' });
    expect(status).toBe(400);
    expect(body).toContain('no Sec-WebSocket-Protocol header');
    expect(test.logged).toContainEqual(expect.objectContaining({ path: '/CP1', reason: body }));
  });

  rule(4, 'served where that is allowed, without the header', async () => {
    test = await startTestEdge({ settings: { allowMissingSubprotocol: true } });
    const answer = await upgraded(`${test.http}/CP2`, { offer: '' });
    expect(answer).toMatchObject({ status: 101, protocol: undefined, closed: false });
    const client = await test.connect('/CP1', []);
    await client.call('BootNotification', boot);
    expect(test.events('CP1')[0]).toMatchObject({ kind: 'connected', protocol: '' });
  });
});

describe('identity', () => {
  rule(5, async () => {
    test = await startTestEdge();
    const identities = {
      '/RDAM%20123': 'RDAM 123',
      '/ocpp/RDAM%20456': 'RDAM 456',
      '/ocpp/a%2Fb': 'a/b',
      '/ocpp': 'ocpp',
      '/Z%C3%A4hler': 'Zähler',
      '/CP1?token=x': 'CP1',
    };
    for (const [path, identity] of Object.entries(identities)) {
      const client = await test.connect(path);
      await client.call('BootNotification', boot);
      expect(kinds(identity)).toEqual(['connected', 'message']);
    }
  });

  rule(5, 'ocpp-rpc with a blank and a slash', async () => {
    test = await startTestEdge();
    const endpoint = `ws://127.0.0.1:${test.edge.port}/ocpp`;
    const options = { endpoint, identity: 'RDAM 1/2', protocols: ['ocpp1.6'], reconnect: false };
    // Its published types declare every option as required; its documentation does not.
    const station = new RPCClient(options as unknown as ConstructorParameters<typeof RPCClient>[0]);
    await station.connect();
    await station.call('BootNotification', boot);
    await station.close();
    expect(kinds('RDAM 1/2')).toContain('message');
  });

  rule(6, async () => {
    test = await startTestEdge();
    for (const path of ['/ocpp/BAD%ZZ', '/%', '/%FF', '/%C3%28', '/%00', '/%ED%A0%80']) {
      expect((await upgraded(test.http + path)).status).toBe(400);
    }
    const client = await test.connect('/CP1');
    await client.answersHeartbeatOnly();
  });

  rule(7, 'unknown', async () => {
    const rows = { chargePoints: [entry('KNOWN', 'accepted')] };
    test = await startTestEdge({ settings: { registration: 'known' }, rows });
    expect(await upgraded(`${test.http}/NEW`)).toMatchObject({ status: 404, body: 'charge point NEW is unknown' });
    expect((await upgraded(`${test.http}/KNOWN`)).status).toBe(101);
  });

  rule(7, 'without identity, or with more than one', async () => {
    test = await startTestEdge();
    for (const path of ['/', '/ocpp/', '/a/b', '/%20']) {
      expect(await upgraded(test.http + path)).toMatchObject({ status: 400, body: expect.stringMatching(/\w+/) });
    }
  });
});

describe('authentication', () => {
  const PLAIN = 'correct horse bat';
  const edgeWith = async (password: string, settings: Parameters<typeof startTestEdge>[0] = {}) => {
    const passwordHash = await hashPassword(password);
    const chargePoints = ['CP1', 'CP:2'].map((id) => entry(id, 'accepted', { passwordHash }));
    test = await startTestEdge({ ...settings, rows: { chargePoints } });
  };
  const answerTo = (id: string, credentials?: string | Buffer) =>
    upgraded(`${test.http}/${id}`, credentials === undefined ? {} : { credentials });

  rule(8, async () => {
    await edgeWith(PLAIN);
    expect((await answerTo('CP1', `CP1:${PLAIN}`)).status).toBe(101);
    for (const credentials of [undefined, `CP1:${PLAIN}x`, 'CP1:', `CP:2:${PLAIN}`, PLAIN]) {
      expect(await answerTo('CP1', credentials)).toMatchObject({ status: 401, challenge: 'Basic realm="OCPP"' });
    }
    expect((await answerTo('CP:2', `CP:2:${PLAIN}`)).status).toBe(101);
    expect((await answerTo('CP:2', `cp:2:${PLAIN}`)).status).toBe(401);
  });

  for (const length of [32, 40]) {
    rule(9, `${length} digits`, async () => {
      // Not one of these bytes is a letter of UTF-8.
      const key = 'ff80c3'.repeat(14).slice(0, length);
      await edgeWith(key);
      const bytes = Buffer.from(key, 'hex');
      expect((await answerTo('CP1', Buffer.concat([Buffer.from('CP1:'), bytes]))).status).toBe(101);
      expect((await answerTo('CP1', `CP1:${key}`)).status).toBe(101);
      expect((await answerTo('CP1', `CP1:${key.toUpperCase()}`)).status).toBe(101);
      const other = Buffer.from(bytes.map((byte) => byte ^ 1));
      expect((await answerTo('CP1', Buffer.concat([Buffer.from('CP1:'), other]))).status).toBe(401);
      expect((await answerTo('CP1', Buffer.concat([Buffer.from('CP1:'), bytes.subarray(1)]))).status).toBe(401);
    });
  }

  rule(9, 'passwords of 16 to 20 other characters', async () => {
    for (const password of ['0123456789abcdef', 'Schlüssel für CP:1', 'a:b:c:d:e:f:g:h:i:j:']) {
      await edgeWith(password);
      expect((await answerTo('CP1', `CP1:${password}`)).status).toBe(101);
      expect((await answerTo('CP1', `CP1:${password.slice(1)}`)).status).toBe(401);
      await test.close();
    }
    test = await startTestEdge();
  });

  rule(10, 'at the next connection the new one counts, and open sockets are closed', async () => {
    const [old, now] = [generatePassword(), generatePassword()];
    await edgeWith(old, { directoryTimes: { changes: 10 } });
    const authorization = `Basic ${Buffer.from(`CP1:${old}`).toString('base64')}`;
    const client = await test.connect('/CP1', ['ocpp1.6'], { headers: { authorization } });
    await client.answersHeartbeatOnly();
    const passwordHash = await hashPassword(now);
    test.rows.chargePoints = test.rows.chargePoints.map((row) => ({ ...row, passwordHash }));
    expect(await client.closed).toEqual({ code: 1008, reason: 'the password was changed' });
    expect((await answerTo('CP1', `CP1:${old}`)).status).toBe(401);
    expect((await answerTo('CP1', `CP1:${now}`)).status).toBe(101);
    const log = JSON.stringify(test.logged);
    for (const secret of [old, now, Buffer.from(`CP1:${old}`).toString('base64')]) expect(log).not.toContain(secret);
  });

  rule(11, 'one that has to give a password may not come without, and a proxy passes it on', async () => {
    await edgeWith(PLAIN, { settings: { authentication: 'required', trustedProxies: 1 } });
    expect((await answerTo('CP1')).status).toBe(401);
    expect((await answerTo('NEW', 'NEW:x')).status).toBe(401);
    const authorization = `Basic ${Buffer.from(`CP1:${PLAIN}`).toString('base64')}`;
    const headers = { authorization, 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' };
    const client = await test.connect('/CP1', ['ocpp1.6'], { headers });
    await client.call('BootNotification', boot);
    expect(test.events('CP1')[0]).toMatchObject({ kind: 'connected', remoteAddress: '203.0.113.9' });
  });
});

describe('signs of life', () => {
  rule(12, 'its ping is answered', async () => {
    test = await startTestEdge();
    const { socket } = await test.connect('/CP1');
    const pong = once(socket, 'pong');
    socket.ping('still there?');
    expect(String((await pong)[0])).toBe('still there?');
  });

  rule(12, 'a quiet one is pinged, and kept when it answers', async () => {
    test = await startTestEdge({ settings: { pingIntervalMs: 80 } });
    const client = await test.connect('/CP1');
    for (let i = 0; i < 6; i++) await once(client.socket, 'ping');
    await client.answersHeartbeatOnly();
    expect(ends('CP1')).toEqual([]);
  });

  rule(12, 'one without a sign of life for three intervals is given up, not sooner', async () => {
    test = await startTestEdge({ settings: { pingIntervalMs: 80 } });
    const began = Date.now();
    const silent = await test.connect('/CP1', ['ocpp1.6'], { autoPong: false });
    expect(await silent.closed).toMatchObject({ code: 1006 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(3 * 80);
    await eventually(() => ends('CP1').length === 1, 'disconnected');
  });

  rule(12, 'messages are signs of life where pongs are missing', async () => {
    test = await startTestEdge({ settings: { pingIntervalMs: 80 } });
    const client = await test.connect('/CP1', ['ocpp1.6'], { autoPong: false });
    for (let pings = 0; pings < 8; pings++) {
      await once(client.socket, 'ping');
      await client.call('Heartbeat', {});
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });
});

describe('WebSocket frames', () => {
  rule(13, 'fragments of one byte each, cut inside characters, with a ping between them', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    const frame = Buffer.from('[2,"ü✓\u{1F50C}","Heartbeat",{}]');
    for (let byte = 0; byte < frame.length; byte++) {
      client.socket.send(frame.subarray(byte, byte + 1), { binary: false, fin: byte === frame.length - 1 });
      if (byte === 6) client.socket.ping();
    }
    expect(await client.reply('ü✓\u{1F50C}')).toMatchObject([3, 'ü✓\u{1F50C}', {}]);
  });

  rule(13, 'invalid UTF-8', async () => {
    test = await startTestEdge();
    const [client, other] = [await test.connect('/CP1'), await test.connect('/CP2')];
    client.socket.send(Buffer.from([0x5b, 0xff, 0xfe, 0x5d]), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1006 });
    await other.answersHeartbeatOnly();
    await eventually(() => ends('CP1').length === 1, 'disconnected');
    expect(kinds('CP1')).toEqual(['connected', 'disconnected']);
  });

  rule(13, 'a binary frame is kept as hexadecimal digits, and the session goes on', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    client.socket.send(Buffer.from('[2,"a","Heartbeat",{}]'), { binary: true });
    await client.answersHeartbeatOnly();
    await eventually(() => kinds('CP1').length >= 2, 'journalled');
    expect(test.events('CP1')[1]).toMatchObject({
      kind: 'malformed',
      raw: Buffer.from('[2,"a","Heartbeat",{}]').toString('hex'),
      reason: 'a binary frame of 22 bytes; OCPP-J is text',
    });
  });

  rule(13, 'frames that no WebSocket library would send are cut off', async () => {
    test = await startTestEdge();
    const other = await test.connect('/CP1');
    const frames = {
      'declares gigabytes': [0x81, 0xff, 0, 0, 0, 4, 0, 0, 0, 0, 1, 2, 3, 4],
      'is not masked': [0x81, 0x02, 0x5b, 0x5d, 0xff, 0xff, 0xff],
      'has an unknown opcode': [0x83, 0x82, 0, 0, 0, 0, 0x5b, 0x5d],
      'is a continuation of nothing': [0x80, 0x82, 0, 0, 0, 0, 0x5b, 0x5d],
    };
    for (const [what, bytes] of Object.entries(frames)) {
      const socket = await rawUpgrade(test.edge.port, `/${encodeURIComponent(what)}`);
      const cut = closed(socket);
      socket.write(Buffer.from(bytes));
      socket.end();
      await cut;
    }
    await other.answersHeartbeatOnly();
  });
});

describe('connections', () => {
  rule(14, 'both are served, and the old one is not closed', async () => {
    test = await startTestEdge();
    const [old, newer] = [await test.connect('/CP1'), await test.connect('/CP1')];
    await newer.answersHeartbeatOnly();
    await old.answersHeartbeatOnly();
    expect(test.edge.connections()).toBe(2);
    await eventually(() => kinds('CP1').filter((kind) => kind === 'connected').length === 2, 'both are journalled');
    expect(ends('CP1')).toEqual([]);
  });

  rule(14, 'each goes on when the other one ends', async () => {
    test = await startTestEdge();
    const [first, second] = [await test.connect('/CP1'), await test.connect('/CP1')];
    first.socket.terminate();
    await eventually(() => ends('CP1').length === 1, 'the old one has ended');
    await second.answersHeartbeatOnly();
    const third = await test.connect('/CP1');
    third.socket.terminate();
    await eventually(() => ends('CP1').length === 2, 'the newest has ended');
    await second.answersHeartbeatOnly();
  });

  rule(15, 'cut without a close frame, back at once', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    client.socket.terminate();
    const again = await test.connect('/CP1');
    await again.answersHeartbeatOnly();
    await eventually(() => ends('CP1').length > 0, 'disconnected');
    const [first] = test.events('CP1');
    expect(ends('CP1')[0]).toMatchObject({ code: 1006, connection: first?.connection });
  });

  rule(15, 'ten reconnects in a row', async () => {
    test = await startTestEdge();
    for (let i = 0; i < 10; i++) {
      const client = await test.connect('/CP1');
      await client.answersHeartbeatOnly();
      client.socket.terminate();
    }
    await eventually(() => ends('CP1').length === 10, 'ten ends');
    expect(new Set(ends('CP1').map((event) => event.connection)).size).toBe(10);
  });

  rule(15, 'thirty at once', async () => {
    test = await startTestEdge();
    const ids = Array.from({ length: 30 }, (_, index) => `CP${index}`);
    const clients = await Promise.all(ids.map((id) => test.connect(`/${id}`)));
    const answers = await Promise.all(clients.map((client) => client.call('BootNotification', boot)));
    expect(answers.every(([type]) => type === 3)).toBe(true);
    expect(test.edge.connections()).toBe(30);
  });
});
