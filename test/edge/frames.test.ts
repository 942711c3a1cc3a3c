import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../src/edge/station.ts';
import type { Message } from '../../workflows/events.ts';
import { closed, eventually, rawUpgrade, startTestEdge, type Client, type TestEdge } from './edge.ts';

let test: TestEdge;
let client: Client;
let id = '';
let count = 0;

beforeAll(async () => {
  test = await startTestEdge();
});
afterAll(() => test.close());
beforeEach(async () => {
  id = `CP${++count}`;
  client = await test.connect(`/${id}`);
});

const status = { connectorId: 1, status: 'Available', errorCode: 'NoError' };

describe('CALL', () => {
  it.each([['007'], ['1e3'], ['Zähler→✓'], ['x'.repeat(36)], ['x'.repeat(255)]])(
    'is answered with its id %s unchanged',
    async (messageId) => {
      expect(await client.call('Heartbeat', {}, messageId)).toEqual([
        3,
        messageId,
        { currentTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) },
      ]);
    },
  );

  it.each([['[2,"a","Heartbeat",null]'], ['[2,"a","Heartbeat"]'], ['[2,"a","Heartbeat",{},"x"]']])(
    '%s is a Heartbeat',
    async (frame) => {
      client.send(frame);
      expect(await client.reply('a')).toMatchObject([3, 'a', {}]);
    },
  );

  it.each([['Nonsense'], ['heartbeat'], ['TransactionEvent'], ['__proto__'], ['constructor']])(
    'of the unknown action %s gets a CALLERROR NotImplemented of five elements',
    async (action) => {
      const reply = await client.call(action, {});
      expect(reply).toEqual([4, reply[1], 'NotImplemented', expect.any(String), {}]);
    },
  );

  it('of an action that only we send gets NotSupported', async () => {
    expect((await client.call('Reset', { type: 'Soft' }))[2]).toBe('NotSupported');
  });

  it.each([
    ['{}', 'OccurenceConstraintViolation'],
    ['{"chargePointVendor":"V","chargePointModel":{}}', 'TypeConstraintViolation'],
    ['[]', 'FormationViolation'],
    ['"x"', 'FormationViolation'],
  ])('BootNotification with payload %s gets a CALLERROR %s', async (payload, code) => {
    client.send(`[2,"b","BootNotification",${payload}]`);
    expect((await client.reply('b'))[2]).toBe(code);
  });

  it('is journalled with the CALLERROR it got, as it came', async () => {
    client.send('[2,"b","BootNotification",{"chargePointModel":"M"}]');
    const [, , error, description] = await client.reply('b');
    await eventually(() => test.events(id).length === 2, 'journalled');
    expect(test.events(id)[1]).toMatchObject({
      kind: 'message',
      action: 'BootNotification',
      messageId: 'b',
      answer: { error, description },
      raw: '[2,"b","BootNotification",{"chargePointModel":"M"}]',
    });
  });

  it('with a property nobody knows, a null and an over-long text is answered, and noted', async () => {
    const serial = 'S'.repeat(34);
    const payload = {
      chargePointVendor: '',
      chargePointModel: 'M',
      iccid: null,
      chargePointSerialNumber: serial,
      x: 1,
    };
    expect((await client.call('BootNotification', payload, 'b'))[2]).toMatchObject({ status: 'Accepted' });
    const event = test.events(id)[1] as Message;
    expect(event.payload).toMatchObject({ chargePointVendor: '', chargePointSerialNumber: serial });
    expect(event.notes?.length).toBeGreaterThanOrEqual(3);
    expect(event.raw).toContain('"iccid":null');
  });

  it('without deviations is journalled without the frame', async () => {
    await client.call('StatusNotification', status, 's');
    expect(test.events(id)[1]).toEqual({
      seq: 2,
      kind: 'message',
      receivedAt: expect.any(String),
      connection: expect.stringMatching(/^\d+-\d+$/),
      messageId: 's',
      action: 'StatusNotification',
      at: expect.any(String),
      payload: status,
      answer: { result: {} },
    });
  });

  it('with duplicate keys is answered', async () => {
    client.send(
      '[2,"d","StatusNotification",{"connectorId":1,"connectorId":2,"status":"Available","errorCode":"NoError"}]',
    );
    expect(await client.reply('d')).toEqual([3, 'd', {}]);
  });

  it('of 64 kB and of 2 MB is answered', async () => {
    for (const length of [64_000, 2_000_000]) {
      const [type] = await client.call('DataTransfer', { vendorId: 'V', data: 'x'.repeat(length) });
      expect(type).toBe(3);
    }
  });

  it('of JSON 5,000 deep is answered or refused, and nothing else suffers', async () => {
    client.send(`[2,"deep","DataTransfer",{"vendorId":"V","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}]`);
    expect((await client.reply('deep'))[1]).toBe('deep');
    client.send(`[2,"deeper","Nonsense",${'['.repeat(500_000)}${']'.repeat(500_000)}]`);
    expect((await client.reply('deeper'))[2]).toBe('NotImplemented');
    await client.answersHeartbeatOnly();
  });
});

describe('frame that is no message', () => {
  it.each([
    ['[2,"a","Heartbeat",{}'],
    ['hello'],
    ['{}'],
    ['42'],
    ['null'],
    ['""'],
    [''],
    ['[]'],
    ['[2]'],
    ['[[2,"a","Heartbeat",{}]]'],
    ['[2,"a","Heartbeat",{}][2,"b","Heartbeat",{}]'],
    ['[2,"a","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]'],
    ['[2,"a","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[,{"value":"1"}]}]}]'],
    ['\uFEFF[2,"a","Heartbeat",{}]'],
    ['[5,"a",{}]'],
    ['[0,"a","Heartbeat",{}]'],
    ['[1,"a","Heartbeat",{}]'],
    ['[-2,"a","Heartbeat",{}]'],
    ['[2.5,"a","Heartbeat",{}]'],
    ['["2","a","Heartbeat",{}]'],
    ['[true,"a","Heartbeat",{}]'],
    ['[{},"a","Heartbeat",{}]'],
    ['[2,1,"Heartbeat",{}]'],
    ['[2,null,"Heartbeat",{}]'],
    ['[2,{},"Heartbeat",{}]'],
    ['[2,"","Heartbeat",{}]'],
    ['[3,"unknown",{}]'],
    ['[4,"unknown","GenericError","",{}]'],
    ['[3]'],
    ['[4,"x"]'],
    ['[4,"x",1,2,3]'],
    ['[3,"x",null]'],
    ['[3,"",{}]'],
  ])('%s is not answered, and the session goes on', async (frame) => {
    client.send(frame);
    await client.answersHeartbeatOnly();
  });

  it('is kept with the reason', async () => {
    client.send('[2,"a","MeterValues",{"transactionId":,}]');
    await eventually(() => test.events(id).length === 2, 'journalled');
    expect(test.events(id)[1]).toMatchObject({
      kind: 'malformed',
      raw: '[2,"a","MeterValues",{"transactionId":,}]',
      reason: expect.stringContaining('not JSON'),
    });
  });

  it('is kept cut to 4,096 characters', async () => {
    client.send(`x${'\u{1F600}'.repeat(4_000)}`);
    await eventually(() => test.events(id).length === 2, 'journalled');
    expect((test.events(id)[1] as { raw: string }).raw).toHaveLength(4_095);
  });

  it('is a binary one: kept as hexadecimal digits, and the session goes on', async () => {
    client.socket.send(Buffer.from('[2,"a","Heartbeat",{}]'), { binary: true });
    await client.answersHeartbeatOnly();
    await eventually(() => test.events(id).length >= 2, 'journalled');
    expect(test.events(id)[1]).toMatchObject({
      kind: 'malformed',
      raw: Buffer.from('[2,"a","Heartbeat",{}]').toString('hex'),
      reason: 'a binary frame of 22 bytes; OCPP-J is text',
    });
  });

  it('gets a CALLERROR where it has an id and no action', async () => {
    client.send('[2,"a",5,{}]');
    expect(await client.reply('a')).toEqual([4, 'a', 'FormationViolation', expect.any(String), {}]);
  });
});

describe('WebSocket', () => {
  it('ping is answered with the same data', async () => {
    const pong = once(client.socket, 'pong');
    client.socket.ping('still there?');
    const [data] = (await pong) as [Buffer];
    expect(data.toString()).toBe('still there?');
  });

  it('takes a message in fragments that are cut inside a character', async () => {
    const frame = Buffer.from('[2,"ü✓","Heartbeat",{}]');
    for (let byte = 0; byte < frame.length; byte++) {
      client.socket.send(frame.subarray(byte, byte + 1), { binary: false, fin: byte === frame.length - 1 });
    }
    expect(await client.reply('ü✓')).toMatchObject([3, 'ü✓', {}]);
  });

  it('that sends invalid UTF-8 is closed, and only that one', async () => {
    const other = await test.connect(`/${id}-other`);
    client.socket.send(Buffer.from([0x5b, 0xff, 0xfe, 0x5d]), { binary: false });
    await client.closed;
    await other.answersHeartbeatOnly();
    await eventually(() => test.events(id).at(-1)?.kind === 'disconnected', 'disconnected');
  });

  it('with a message over the limit is closed with 1009, and only that one', async () => {
    const other = await test.connect(`/${id}-other`);
    client.socket.send(Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x20), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1009 });
    await other.answersHeartbeatOnly();
  });

  it('with a frame that declares gigabytes is cut', async () => {
    const socket = await rawUpgrade(test.edge.port, `/${id}-huge`);
    const cut = closed(socket);
    socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 4, 0, 0, 0, 0, 1, 2, 3, 4]));
    await cut;
    await client.answersHeartbeatOnly();
  });

  it('with a frame that is not masked is cut', async () => {
    const socket = await rawUpgrade(test.edge.port, `/${id}-unmasked`);
    const cut = closed(socket);
    socket.write(Buffer.from([0x81, 0x02, 0x5b, 0x5d, 0xff, 0xff, 0xff]));
    socket.end();
    await cut;
    await client.answersHeartbeatOnly();
  });
});
