import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { isStorable } from '../../src/ocpp/text.ts';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { available, boot, messages } from './rows.ts';
import { rule } from './rule.ts';

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

const timestamp = new Date().toISOString();

/** All are confirmed by an empty CALLRESULT. */
async function confirmed(action: string, payloads: object[]): Promise<void> {
  for (const payload of payloads) {
    const [type, , answer] = await client.call(action, payload);
    expect([payload, type, answer]).toEqual([payload, 3, {}]);
  }
}

describe('DataTransfer', () => {
  rule(70, async () => {
    for (const payload of [
      { vendorId: 'V' },
      { vendorId: 'v'.repeat(255), messageId: 'm'.repeat(50), data: 'x' },
      { vendorId: '', data: '' },
    ]) {
      const [type, , answer] = await client.call('DataTransfer', payload);
      expect([type, answer]).toEqual([3, { status: 'UnknownVendorId' }]);
    }
    expect(messages(test, id).map(({ notes }) => notes)).toEqual([undefined, undefined, undefined]);
  });

  rule(70, 'of a vendor that is known: what its message gets, UnknownMessageId for others', async () => {
    const data =
      '1,Charging,NoError,No error.,1,Blue,1,{20,8016,10},{0,0},{C,11904,5772,12231},0,0,420,2024-07-11T15:15:38Z';
    for (const [payload, status] of [
      [{ vendorId: 'EV-BOX', messageId: 'evbStatusNotification', data }, 'Accepted'],
      [{ vendorId: 'ev-box', messageId: 'EVBSTATUSNOTIFICATION', data }, 'Accepted'],
      [{ vendorId: 'EV-BOX', messageId: 'evbStatusNotification' }, 'Rejected'],
      [{ vendorId: 'EV-BOX', messageId: 'evbStatusNotification', data: 'ok' }, 'Rejected'],
      [{ vendorId: 'EV-BOX', messageId: 'evbOther', data }, 'UnknownMessageId'],
      [{ vendorId: 'EV-BOX', messageId: '__proto__', data }, 'UnknownMessageId'],
      [{ vendorId: 'EV-BOX', data }, 'UnknownMessageId'],
    ] as const) {
      const [type, , answer] = await client.call('DataTransfer', payload);
      expect([type, answer]).toEqual([3, { status }]);
    }
    expect(messages(test, id)[0]?.payload.data).toBe(data);
  });

  rule(70, 'data that is an object, a list, a number', async () => {
    for (const data of [{ a: 1 }, [1, { b: null }], 5, true]) {
      const [type, , answer] = await client.call('DataTransfer', { vendorId: 'V', data });
      expect([type, answer]).toEqual([3, { status: 'UnknownVendorId' }]);
    }
    const kept = messages(test, id).map(({ payload }) => payload.data);
    expect(kept).toEqual(['{"a":1}', '[1,{"b":null}]', '5', 'true']);
  });
});

describe('statuses nobody asked for', () => {
  rule(71, async () => {
    const firmware = [
      'Installed',
      'Downloading',
      'InstallationFailed',
      'Downloaded',
      'DownloadFailed',
      'Installing',
      'Idle',
    ];
    await confirmed(
      'FirmwareStatusNotification',
      firmware.map((status) => ({ status })),
    );
    const diagnostics = ['Uploaded', 'UploadFailed', 'Uploading', 'Idle'];
    await confirmed(
      'DiagnosticsStatusNotification',
      diagnostics.map((status) => ({ status })),
    );
    expect(messages(test, id).every(({ notes }) => notes === undefined)).toBe(true);
  });

  rule(72, async () => {
    await confirmed('SecurityEventNotification', [
      { type: 'FirmwareUpdated', timestamp },
      { type: 'VendorsOwnEvent', timestamp, techInfo: 'x'.repeat(255) },
      { type: 'ResetOrReboot', timestamp: 'yesterday' },
    ]);
    await confirmed('LogStatusNotification', [{ status: 'Uploading', requestId: 5 }, { status: 'Idle' }]);
    await confirmed('SignedFirmwareStatusNotification', [
      { status: 'InstallVerificationFailed', requestId: 5 },
      { status: 'Idle' },
    ]);
    const csr = '-----BEGIN CERTIFICATE REQUEST-----';
    expect((await client.call('SignCertificate', { csr }))[2]).toEqual({ status: 'Rejected' });
  });
});

describe('what no database can hold', () => {
  const NUL = 'a\u0000b';
  const HALF = 'a\ud800b';
  const sampled = (value: string, at = timestamp) => ({
    connectorId: 1,
    meterValue: [{ timestamp: at, sampledValue: [{ value }, { value: '7' }] }],
  });

  rule(91, 'NUL and half a surrogate pair, wherever there is text', async () => {
    for (const odd of [NUL, HALF]) {
      const calls: [action: string, payload: object][] = [
        ['BootNotification', { ...boot, chargePointSerialNumber: odd }],
        ['Authorize', { idTag: odd }],
        ['StatusNotification', { ...available, info: odd, vendorErrorCode: odd }],
        ['StartTransaction', { connectorId: 1, idTag: odd, meterStart: 0, timestamp }],
        ['StopTransaction', { transactionId: 1, idTag: odd, meterStop: 1, timestamp }],
        ['MeterValues', sampled(odd)],
        ['DataTransfer', { vendorId: odd, messageId: odd, data: odd }],
        ['DataTransfer', { vendorId: 'V', data: { [odd]: [odd] } }],
        ['SecurityEventNotification', { type: odd, timestamp }],
      ];
      for (const [action, payload] of calls)
        expect([action, (await client.call(action, payload))[0]]).toEqual([action, 3]);
    }
    await eventually(() => messages(test, id).length === 18, 'journalled');
    const all = messages(test, id);
    expect(textsOf(all.map(({ payload, notes }) => [payload, notes])).filter((text) => !isStorable(text))).toEqual([]);
    const meterValues = all.find(({ action }) => action === 'MeterValues');
    expect(meterValues?.payload).toMatchObject({
      meterValue: [{ sampledValue: [{ value: 'a\uFFFDb' }, { value: '7' }] }],
    });
  });

  rule(91, 'in an id, an action, the name of a property', async () => {
    client.send(`[2,${JSON.stringify(NUL)},"Heartbeat",{}]`);
    await client.answersHeartbeatOnly();
    expect((await client.call(NUL, {}, 'nul'))[2]).toBe('NotImplemented');
    expect((await client.call('StatusNotification', { ...available, [NUL]: 1, [HALF]: 2 }))[2]).toEqual({});
    const { notes, payload } = messages(test, id).at(-1)!;
    expect(payload).toEqual(available);
    expect(textsOf(notes).every(isStorable)).toBe(true);
  });

  rule(91, 'the years 1 and 9999', async () => {
    const before = Date.now();
    for (const at of [
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '0000-00-00T00:00:00Z',
      '99999-01-01T00:00:00Z',
    ]) {
      expect((await client.call('StatusNotification', { ...available, timestamp: at }))[2]).toEqual({});
      expect((await client.call('MeterValues', sampled('1', at)))[2]).toEqual({});
      const start = { connectorId: 1, idTag: 'T', meterStart: 0, timestamp: at };
      expect((await client.call('StartTransaction', start))[0]).toBe(3);
      const stop = { transactionId: 1, meterStop: 1, timestamp: at };
      expect((await client.call('StopTransaction', stop))[0]).toBe(3);
    }
    for (const { at, notes } of messages(test, id)) {
      expect(Date.parse(at)).toBeGreaterThanOrEqual(before);
      expect(notes?.join()).toMatch(/implausibleTime|unreadableTime/);
    }
  });

  rule(91, 'numbers beyond 64 bits', async () => {
    for (const number of ['92233720368547758070', '1e400', '-1e400', '1e-400', '0.1e99']) {
      const sent = {
        a: `[2,"a","StatusNotification",{"connectorId":${number},"status":"Available","errorCode":"NoError"}]`,
        b: `[2,"b","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":${number},"timestamp":"${timestamp}"}]`,
        c: `[2,"c","StopTransaction",{"transactionId":${number},"meterStop":${number},"timestamp":"${timestamp}"}]`,
        d: `[2,"d","MeterValues",{"connectorId":1,"transactionId":${number},"meterValue":[{"timestamp":"${timestamp}","sampledValue":[{"value":${number}},{"value":"7"}]}]}]`,
        e: `[2,"e","DataTransfer",{"vendorId":"V","data":{"n":${number}}}]`,
      };
      for (const frame of Object.values(sent)) client.send(frame);
      for (const messageId of Object.keys(sent)) await client.reply(messageId);
      const ofAll = messages(test, id).slice(-5);
      for (const { action, answer } of ofAll.slice(1))
        expect([number, action, answer]).toMatchObject([number, action, { result: {} }]);
      const transactionId = ofAll[2]?.payload.transactionId;
      expect(transactionId === undefined || Number.isSafeInteger(transactionId)).toBe(true);
      expect(ofAll[3]?.payload).toMatchObject({ meterValue: [{ sampledValue: [{}, { value: '7' }] }] });
    }
    await client.answersHeartbeatOnly();
  });
});

/** All texts in it, names of properties included. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsOf(inner)]);
}
