import { afterEach, describe, expect, it } from 'vitest';
import type { Connected, Disconnected } from '../../workflows/events.ts';
import { closed, closedGate, eventually, rawUpgrade, startTestEdge, type TestEdge } from './edge.ts';

let test: TestEdge;
afterEach(() => test.close());

/** With a gate that is opened in the end: no look-up is given up before. */
const PATIENT = { find: 600_000 };

const boot = { chargePointVendor: 'V', chargePointModel: 'M' };
const kinds = (chargePointId: string) => test.events(chargePointId).map(({ kind }) => kind);
const disconnected = (chargePointId: string) =>
  test.events(chargePointId).filter((event): event is Disconnected => event.kind === 'disconnected');
const connection = (chargePointId: string, index: number) =>
  test.events(chargePointId).filter((event): event is Connected => event.kind === 'connected')[index]?.connection ?? '';

describe('the end of a connection', () => {
  it('is journalled once, with the code and reason of the close frame', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    client.socket.close(4001, 'going to sleep');
    await eventually(() => disconnected('CP1').length > 0, 'disconnected');
    expect(kinds('CP1')).toEqual(['connected', 'message', 'disconnected']);
    expect(disconnected('CP1')[0]).toMatchObject({ code: 4001, reason: 'going to sleep' });
    expect(test.edge.connections()).toBe(0);
    expect(test.edge.isOpen(connection('CP1', 0))).toBe(false);
  });

  it('comes after the messages that were read before it', async () => {
    test = await startTestEdge();
    const client = await test.connect('/CP1');
    for (let i = 0; i < 20; i++) client.send([2, `b${i}`, 'BootNotification', boot]);
    client.socket.close(1000);
    await eventually(() => disconnected('CP1').length > 0, 'disconnected');
    expect(kinds('CP1')).toEqual(['connected', ...Array.from({ length: 20 }, () => 'message'), 'disconnected']);
  });
});

describe('limits', () => {
  it('a station that does not read its socket is cut, and costs the others nothing', async () => {
    test = await startTestEdge();
    const other = await test.connect('/CP2');
    const socket = await rawUpgrade(test.edge.port, '/CP1');
    const cut = closed(socket);
    socket.pause();
    const messageId = 'x'.repeat(255);
    const frame = maskedText(JSON.stringify([2, messageId, 'Heartbeat', {}]));
    const many = Buffer.concat(Array.from({ length: 500 }, () => frame));
    const write = setInterval(() => {
      if (socket.writableLength < 1e6) for (let i = 0; i < 20; i++) socket.write(many);
    }, 1);
    await eventually(() => disconnected('CP1').length === 1, 'cut', 60_000);
    clearInterval(write);
    socket.destroy();
    await cut;
    await other.answersHeartbeatOnly();
    expect(test.logged).toContainEqual(
      expect.objectContaining({ chargePoint: 'CP1', msg: 'the station does not read its socket: closed' }),
    );
  });

  it('a station that sends without end while its answers wait is asked to come again later', async () => {
    test = await startTestEdge({ directoryTimes: PATIENT });
    const client = await test.connect('/CP1');
    const { gate, open } = closedGate();
    test.rows.gate = gate;
    client.send([2, 'a', 'Authorize', { idTag: 'NEW' }]);
    for (let i = 0; i < 1_100; i++) client.send([2, `h${i}`, 'Heartbeat', {}]);
    expect(await client.closed).toMatchObject({ code: 1013 });
    open();
  });
});

describe('drain', () => {
  it('closes every socket with 1012 after the answers it owes, and journals each end once', async () => {
    test = await startTestEdge();
    const ids = Array.from({ length: 20 }, (_, index) => `CP${index}`);
    const clients = await Promise.all(ids.map((id) => test.connect(`/${id}`)));
    for (const client of clients) client.send([2, 'b', 'BootNotification', boot]);
    await Promise.all(clients.map((client) => client.pong()));
    const drained = test.edge.drain();
    const replies = await Promise.all(clients.map((client) => client.reply('b')));
    expect(replies.every(([type]) => type === 3)).toBe(true);
    for (const client of clients) expect(await client.closed).toEqual({ code: 1012, reason: 'service restart' });
    await drained;
    for (const id of ids) expect(kinds(id)).toEqual(['connected', 'message', 'disconnected']);
    expect(test.edge.connections()).toBe(0);
  });

  it('refuses handshakes and says so in its health', async () => {
    test = await startTestEdge({ directoryTimes: PATIENT });
    const client = await test.connect('/CP1');
    const { gate, open } = closedGate();
    test.rows.gate = gate;
    // It is owed an answer: the edge waits for it.
    client.send([2, 'a', 'Authorize', { idTag: 'NEW' }]);
    await client.pong();
    const drained = test.edge.drain();
    const health = await fetch(`${test.http}/health`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ status: 'draining' });
    await expect(test.connect('/LATE')).rejects.toThrow('503');
    open();
    await drained;
    await expect(fetch(`${test.http}/health`)).rejects.toThrow('fetch failed');
  });
});

/** A masked text frame with mask zero: the payload stands as it is. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([header, payload]);
}
