import { RPCClient } from 'ocpp-rpc';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../src/edge/station.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { available, boot, messages, tag } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
let client: Client;
let id = '';
let count = 0;

beforeAll(async () => {
  test = await startTestEdge({ rows: { idTags: [tag('T')] } });
});
afterAll(() => test.close());
beforeEach(async () => {
  id = `CP${++count}`;
  client = await test.connect(`/${id}`);
});

/** None of them is answered, and the session goes on. */
async function silently(...frames: string[]): Promise<void> {
  for (const frame of frames) {
    client.send(frame);
    await client.answersHeartbeatOnly();
  }
}

const start = (timestamp: string) => ({ connectorId: 1, idTag: 'T', meterStart: 0, timestamp });
const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();

describe('CALL', () => {
  rule(16, async () => {
    for (const messageId of [
      '007',
      '1e3',
      'Zähler→✓',
      '"\\',
      ' ',
      '__proto__',
      '0193a5c0-0000-7000-8000-000000000000',
    ]) {
      const currentTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(await client.call('Heartbeat', {}, messageId)).toEqual([3, messageId, { currentTime }]);
    }
  });

  rule(17, async () => {
    client.send('[2,"a","Heartbeat",null]');
    expect(await client.reply('a')).toMatchObject([3, 'a', {}]);
    client.send('[2,"b","BootNotification",null]');
    expect((await client.reply('b'))[2]).toBe('OccurenceConstraintViolation');
    await eventually(() => messages(test, id).length === 2, 'journalled');
    expect(messages(test, id)[0]?.notes).toEqual(['nullPayload: taken as {}']);
  });

  rule(18, async () => {
    for (const frame of ['[2,"a","Heartbeat"]', '[2,"a","Heartbeat",{},"x"]', '[2,"a","Heartbeat",{},null,[]]']) {
      client.send(frame);
      expect(await client.reply('a')).toMatchObject([3, 'a', {}]);
    }
    for (const frame of ['[2,"a"]', '[2,"a",5,{}]', '[2,"a",null]', '[2,"a",""]']) {
      client.send(frame);
      expect(await client.reply('a')).toEqual([4, 'a', 'FormationViolation', expect.any(String), {}]);
    }
  });

  rule(21, 'of 36 to 255 characters', async () => {
    for (const length of [1, 36, 37, 100, 255]) {
      expect((await client.call('Heartbeat', {}, 'x'.repeat(length)))[1]).toHaveLength(length);
    }
  });

  rule(21, 'no text', async () => {
    await silently('[2,1,"Heartbeat",{}]', '[2,null,"Heartbeat",{}]', '[2,{},"Heartbeat",{}]', '[2,"","Heartbeat",{}]');
    await silently(`[2,"${'x'.repeat(256)}","Heartbeat",{}]`, '[2,9223372036854775807,"Heartbeat",{}]');
  });

  rule(22, 'a transaction message, with its first answer', async () => {
    const payload = start(ago(0));
    const first = await client.call('StartTransaction', payload, 'same');
    expect(await client.call('StartTransaction', payload, 'same')).toEqual(first);
    const [one, two] = messages(test, id);
    expect(two?.hash).toBe(one?.hash);
    expect(two?.answer).toEqual(one?.answer);
  });

  rule(22, 'other content, and messages without a time of their own', async () => {
    const ids: unknown[] = [];
    for (const seconds of [1, 2]) {
      const [, , answer] = await client.call('StartTransaction', start(ago(seconds)), 'same');
      ids.push((answer as { transactionId: number }).transactionId);
    }
    expect(ids[1]).not.toBe(ids[0]);
    for (const [action, payload] of [
      ['BootNotification', boot],
      ['BootNotification', boot],
      ['Heartbeat', {}],
      ['StatusNotification', available],
    ] as const) {
      expect((await client.call(action, payload, 'same'))[0]).toBe(3);
    }
  });

  rule(22, 'on a new connection', async () => {
    expect((await client.call('StatusNotification', available, 'same'))[0]).toBe(3);
    const again = await test.connect(`/${id}`);
    expect((await again.call('StatusNotification', { ...available, status: 'Preparing' }, 'same'))[0]).toBe(3);
    expect(messages(test, id).map(({ payload }) => payload.status)).toEqual(['Available', 'Preparing']);
  });
});

describe('CALLERROR', () => {
  rule(23, async () => {
    for (const action of ['Nonsense', 'heartbeat', 'TransactionEvent', '__proto__', 'constructor', 'x'.repeat(5_000)]) {
      expect((await client.call(action, {}, 'a'))[2]).toBe('NotImplemented');
    }
    for (const action of ['Reset', 'GetConfiguration']) expect((await client.call(action, {}))[2]).toBe('NotSupported');
    expect((await client.call('Heartbeat', {}))[0]).toBe(3);
  });

  rule(24, async () => {
    const calls: [action: string, payload: unknown][] = [
      ['Nonsense', {}],
      ['BootNotification', {}],
      ['StatusNotification', { ...available, status: 'x'.repeat(10_000) }],
    ];
    for (const [action, payload] of calls) {
      const reply = await client.call(action, payload);
      expect(reply).toEqual([4, reply[1], expect.any(String), expect.any(String), {}]);
      expect(reply[3]?.length).toBeLessThan(256);
    }
  });

  rule(25, 'as a foreign client in strict mode reads them', async () => {
    const endpoint = `ws://127.0.0.1:${test.edge.port}`;
    const options = { endpoint, identity: `${id}-rpc`, protocols: ['ocpp1.6'], reconnect: false };
    // Its published types declare every option as required; its documentation does not.
    const station = new RPCClient(options as unknown as ConstructorParameters<typeof RPCClient>[0]);
    await station.connect();
    await expect(station.call('BootNotification', {})).rejects.toMatchObject({
      rpcErrorCode: 'OccurenceConstraintViolation',
    });
    await expect(station.call('BootNotification', [])).rejects.toMatchObject({ rpcErrorCode: 'FormationViolation' });
    await expect(station.call('Reset', { type: 'Soft' })).rejects.toMatchObject({ rpcErrorCode: 'NotSupported' });
    await station.close();
  });

  rule(26, async () => {
    const expected: [action: string, payload: string, code: string][] = [
      ['BootNotification', '{}', 'OccurenceConstraintViolation'],
      ['BootNotification', '{"chargePointVendor":null,"chargePointModel":"M"}', 'OccurenceConstraintViolation'],
      ['BootNotification', '{"chargePointVendor":"V","chargePointModel":{}}', 'TypeConstraintViolation'],
      [
        'StatusNotification',
        '{"connectorId":"x","status":"Available","errorCode":"NoError"}',
        'TypeConstraintViolation',
      ],
      [
        'StatusNotification',
        '{"connectorId":1,"status":"Broken","errorCode":"NoError"}',
        'PropertyConstraintViolation',
      ],
      ['FirmwareStatusNotification', '{"status":"Idling"}', 'PropertyConstraintViolation'],
      ['BootNotification', '[]', 'FormationViolation'],
      ['BootNotification', '"x"', 'FormationViolation'],
      ['StartTransaction', '5', 'FormationViolation'],
      ['StopTransaction', '[]', 'FormationViolation'],
      ['MeterValues', '"x"', 'FormationViolation'],
    ];
    for (const [action, payload, code] of expected) {
      client.send(`[2,"e","${action}",${payload}]`);
      expect([action, payload, (await client.reply('e'))[2]]).toEqual([action, payload, code]);
    }
  });

  rule(26, 'a transaction message of which something can be made', async () => {
    const odd: [action: string, payload: object][] = [
      ['StartTransaction', { connectorId: 1, idTag: 'T', meterStart: 'x', timestamp: 5 }],
      ['StopTransaction', { transactionId: 1, meterStop: null, reason: 'Boredom', transactionData: {} }],
      ['MeterValues', { connectorId: 1, meterValue: { sampledValue: { value: 5, measurand: 'Joy' } } }],
    ];
    for (const [action, payload] of odd) expect((await client.call(action, payload))[0]).toBe(3);
    await eventually(() => messages(test, id).length === 3, 'journalled');
    for (const { notes, raw } of messages(test, id)) {
      expect(notes?.length).toBeGreaterThan(0);
      expect(raw).toBeDefined();
    }
  });

  rule(26, 'what was refused is journalled as it came', async () => {
    client.send('[2,"b","BootNotification",{"chargePointModel":"M"}]');
    const [, , error, description] = await client.reply('b');
    await eventually(() => messages(test, id).length === 1, 'journalled');
    expect(messages(test, id)[0]).toMatchObject({
      action: 'BootNotification',
      answer: { error, description },
      raw: '[2,"b","BootNotification",{"chargePointModel":"M"}]',
    });
  });
});

describe('what is no message', () => {
  const frames = {
    'truncated JSON': ['[2,"a","Heartbeat",{}', '[3,"a"', '[2,"a","Heart'],
    'text, and JSON that is no array': ['hello', '{}', '42', 'null', '""', '{"2":"a"}', 'true'],
    'empty frames': ['', ' ', '\n'],
    'arrays without a message': ['[]', '[2]', '[[2,"a","Heartbeat",{}]]', '[null]', '[[],[]]'],
    'two messages in one frame': ['[2,"a","Heartbeat",{}][2,"b","Heartbeat",{}]', '[2,"a","Heartbeat",{}]\n[3,"b",{}]'],
    'a property without value, an element without value': [
      '[2,"a","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]',
      '[2,"a","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[,{"value":"1"}]}]}]',
    ],
    'a byte order mark, a NUL, NaN': [
      '\uFEFF[2,"a","Heartbeat",{}]',
      '[2,"a","Heartbeat",{}]\0',
      '[2,"a","Heartbeat",NaN]',
    ],
  };
  for (const [what, sent] of Object.entries(frames)) rule(19, what, () => silently(...sent));

  rule(19, 'is kept with the reason, at most 4,096 characters of it', async () => {
    client.send('[2,"a","MeterValues",{"transactionId":,}]');
    client.send(`x${'\u{1F600}'.repeat(4_000)}`);
    await eventually(() => test.events(id).length === 3, 'journalled');
    const [, first, second] = test.events(id);
    expect(first).toMatchObject({
      kind: 'malformed',
      raw: '[2,"a","MeterValues",{"transactionId":,}]',
      reason: expect.stringContaining('not JSON'),
    });
    expect((second as { raw: string }).raw).toHaveLength(4_095);
  });

  rule(20, async () => {
    await silently('[5,"a",{}]', '[5,"a","Heartbeat",{}]', '[0,"a","Heartbeat",{}]', '[1,"a","Heartbeat",{}]');
    await silently('[-2,"a","Heartbeat",{}]', '[2.5,"a","Heartbeat",{}]', '["2","a","Heartbeat",{}]');
    await silently('[true,"a","Heartbeat",{}]', '[{},"a","Heartbeat",{}]', '[2e400,"a","Heartbeat",{}]');
  });
});

describe('many and large', () => {
  rule(29, 'two', async () => {
    client.send([2, 'b', 'BootNotification', boot]);
    client.send([2, 's', 'StatusNotification', available]);
    expect((await client.reply('b'))[2]).toMatchObject({ status: 'Accepted' });
    expect(await client.reply('s')).toEqual([3, 's', {}]);
    expect(messages(test, id).map(({ messageId }) => messageId)).toEqual(['b', 's']);
  });

  rule(29, 'fifty', async () => {
    const order: string[] = [];
    client.socket.on('message', (data) => {
      order.push((JSON.parse((data as Buffer).toString()) as [number, string])[1]);
    });
    const timestamp = ago(0);
    const sent = Array.from({ length: 50 }, (_, i) => {
      const actions = [
        ['StartTransaction', start(ago(i))],
        ['MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value: '1' }] }] }],
        ['StatusNotification', available],
        ['StopTransaction', { transactionId: i, meterStop: 1, timestamp }],
      ] as const;
      const [action, payload] = actions[i % actions.length]!;
      client.send([2, `m${i}`, action, payload]);
      return `m${i}`;
    });
    await eventually(() => order.length === 50, 'fifty answers');
    expect(order).toEqual(sent);
    expect(messages(test, id).map(({ messageId }) => messageId)).toEqual(sent);
  });

  rule(30, '64 kB, 2 MB', async () => {
    for (const length of [64_000, 2_000_000]) {
      expect((await client.call('DataTransfer', { vendorId: 'V', data: 'x'.repeat(length) }))[0]).toBe(3);
    }
  });

  rule(30, 'over the limit', async () => {
    const other = await test.connect(`/${id}-other`);
    client.socket.send(Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x20), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1009 });
    await other.answersHeartbeatOnly();
  });

  rule(30, 'JSON 5,000 and 500,000 levels deep', async () => {
    client.send(`[2,"deep","DataTransfer",{"vendorId":"V","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}]`);
    expect((await client.reply('deep'))[1]).toBe('deep');
    client.send(`[2,"deeper","Nonsense",${'['.repeat(500_000)}${']'.repeat(500_000)}]`);
    expect((await client.reply('deeper'))[2]).toBe('NotImplemented');
    client.send(`[2,"deepest","MeterValues",{"connectorId":1,"x":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}]`);
    expect((await client.reply('deepest'))[1]).toBe('deepest');
    await silently('['.repeat(500_000), `[5,"a",${'['.repeat(50_000)}${']'.repeat(50_000)}]`);
  });

  rule(30, 'duplicate keys', async () => {
    const payload = '{"connectorId":1,"connectorId":2,"status":"Available","errorCode":"NoError"}';
    client.send(`[2,"d","StatusNotification",${payload}]`);
    expect(await client.reply('d')).toEqual([3, 'd', {}]);
    expect(messages(test, id)[0]?.payload.connectorId).toBe(2);
  });

  rule(31, async () => {
    const serial = 'S'.repeat(34);
    const odd = { chargePointVendor: '', iccid: null, chargePointSerialNumber: serial, x: 1 };
    const [type, , answer] = await client.call('BootNotification', { ...boot, ...odd });
    expect([type, answer]).toEqual([3, { status: 'Accepted', currentTime: expect.any(String), interval: 300 }]);
    const [event] = messages(test, id);
    expect(event?.payload).toEqual({ ...boot, chargePointVendor: '', chargePointSerialNumber: serial });
    expect(event?.notes?.map((note) => note.split(':')[0]).toSorted()).toEqual([
      'nullRemoved',
      'overlongText',
      'unknownProperty',
    ]);
    expect(event?.raw).toContain('"iccid":null');
  });

  rule(31, 'what keeps to the specification has no notes, and its frame is not kept', async () => {
    await client.call('StatusNotification', available, 's');
    expect(test.events(id)[1]).toEqual({
      seq: 2,
      kind: 'message',
      receivedAt: expect.any(String),
      connection: expect.stringMatching(/^\d+-\d+$/),
      messageId: 's',
      action: 'StatusNotification',
      at: expect.any(String),
      payload: available,
      answer: { result: {} },
    });
  });
});
