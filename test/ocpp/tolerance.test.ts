import { describe, expect, it } from 'vitest';
import { stationMessages } from '../../src/ocpp/messages.ts';

const receivedAt = '2024-06-01T12:00:00.000Z';
const timestamp = '2024-06-01T11:59:58Z';
const at = '2024-06-01T11:59:58.000Z';

function receive(action: string, payload: unknown) {
  const found = stationMessages.get(action);
  if (!found) throw new Error(`no message ${action}`);
  return found.receive(payload, receivedAt);
}

const refusal = (action: string, payload: unknown): unknown => {
  try {
    return receive(action, payload);
  } catch (error) {
    return error;
  }
};

const names = (notes: string[]) => notes.map((note) => note.split(':')[0]);

const boot = { chargePointVendor: 'V', chargePointModel: 'M' };
const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' };
const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp };
const stop = { transactionId: 1, meterStop: 1, timestamp };
const sample = (sampled: unknown) => ({ connectorId: 1, meterValue: [{ timestamp, sampledValue: [sampled] }] });
const sampled = (...sampledValue: unknown[]) => ({ connectorId: 1, meterValue: [{ timestamp, at, sampledValue }] });

describe('a message that may be refused', () => {
  it('is refused with the code of table 7', () => {
    const cases: [action: string, payload: unknown, code: string, description: string][] = [
      ['BootNotification', {}, 'OccurenceConstraintViolation', 'chargePointVendor is required'],
      [
        'BootNotification',
        { ...boot, chargePointModel: null },
        'OccurenceConstraintViolation',
        'chargePointModel is required',
      ],
      [
        'StatusNotification',
        { connectorId: 1, errorCode: 'NoError' },
        'OccurenceConstraintViolation',
        'status is required',
      ],
      [
        'BootNotification',
        { ...boot, chargePointVendor: 5 },
        'TypeConstraintViolation',
        'chargePointVendor: expected text, got 5',
      ],
      ['BootNotification', { ...boot, iccid: {} }, 'TypeConstraintViolation', 'iccid: expected text, got {}'],
      [
        'StatusNotification',
        { ...status, connectorId: 'one' },
        'TypeConstraintViolation',
        'connectorId: expected number, got "one"',
      ],
      [
        'StatusNotification',
        { ...status, connectorId: 1.5 },
        'TypeConstraintViolation',
        'connectorId: expected int, got 1.5',
      ],
      ['StatusNotification', { ...status, status: 7 }, 'TypeConstraintViolation', 'status: expected one of Available'],
      [
        'StatusNotification',
        { ...status, status: 'Busy' },
        'PropertyConstraintViolation',
        'status: expected one of Available',
      ],
      [
        'StatusNotification',
        { ...status, connectorId: -1 },
        'PropertyConstraintViolation',
        'connectorId: expected at least 0',
      ],
      [
        'StatusNotification',
        { ...status, connectorId: 1e12 },
        'PropertyConstraintViolation',
        'connectorId: expected at most',
      ],
      ['Authorize', [], 'FormationViolation', 'the payload must be a JSON object, it is an array'],
      ['Authorize', 'x', 'FormationViolation', 'the payload must be a JSON object, it is text'],
    ];
    for (const [action, payload, code, description] of cases) {
      const error = refusal(action, payload);
      expect(error).toMatchObject({ name: 'OcppError', code, message: expect.stringContaining(description) });
    }
  });

  it('is accepted with nulls, unknown properties, long texts and optional numbers for text', () => {
    const serial = 'S'.repeat(34);
    const payload = {
      ...boot,
      iccid: null,
      imsi: 123,
      chargePointSerialNumber: serial,
      vendorExtra: { a: 1 },
      meterType: '',
    };
    const { payload: normalised, notes } = receive('BootNotification', payload);
    expect(normalised).toEqual({ ...boot, imsi: '123', chargePointSerialNumber: serial, meterType: '' });
    expect(notes.toSorted()).toEqual([
      'nullRemoved: iccid is null, left out',
      'numberAsText: imsi is the number 123, taken as text',
      'overlongText: chargePointSerialNumber has 34 characters of at most 25',
      'unknownProperty: "vendorExtra" left out',
    ]);
  });

  it('keeps 500 characters of a long text', () => {
    const { payload, notes } = receive('StatusNotification', { ...status, info: 'i'.repeat(4_000) });
    expect(payload.info).toBe('i'.repeat(500));
    expect(notes).toEqual(['overlongText: info has 4000 characters of at most 50, cut to 500']);
  });

  it('keeps no text that a database refuses', () => {
    const { payload, notes } = receive('StatusNotification', { ...status, info: `a\0b\ud800${'c'.repeat(50)}` });
    expect(payload.info).toBe(`a\uFFFDb\uFFFD${'c'.repeat(50)}`);
    expect(names(notes)).toEqual(['unstorableText', 'overlongText']);
    const named = receive('Heartbeat', { 'x\0y': 1 });
    expect(named).toMatchObject({ payload: {}, notes: ['unknownProperty: "x\uFFFDy" left out'] });
  });

  it('does not let a property called __proto__ do anything', () => {
    const payload: unknown = JSON.parse('{"__proto__": {"idTag": "evil"}, "idTag": null}');
    expect(refusal('Authorize', payload)).toMatchObject({ code: 'OccurenceConstraintViolation' });
    const { payload: normalised } = receive('Authorize', JSON.parse('{"__proto__": {"x": 1}, "idTag": "A"}'));
    expect(Object.getPrototypeOf(normalised)).toBe(Object.prototype);
    expect(normalised).toEqual({ idTag: 'A' });
  });
});

describe('StartTransaction, StopTransaction and MeterValues', () => {
  it('are refused only without what nothing can be made of them without', () => {
    const cases: [action: string, payload: unknown, code: string][] = [
      ['StartTransaction', [], 'FormationViolation'],
      ['StopTransaction', 'x', 'FormationViolation'],
      ['MeterValues', 5, 'FormationViolation'],
      ['StartTransaction', { ...start, connectorId: undefined }, 'OccurenceConstraintViolation'],
      ['StartTransaction', { ...start, idTag: null }, 'OccurenceConstraintViolation'],
      ['StartTransaction', { ...start, idTag: {} }, 'TypeConstraintViolation'],
      ['StartTransaction', { ...start, connectorId: 'left' }, 'TypeConstraintViolation'],
      ['MeterValues', { meterValue: [] }, 'OccurenceConstraintViolation'],
      ['MeterValues', { connectorId: 2 ** 40, meterValue: [] }, 'PropertyConstraintViolation'],
    ];
    for (const [action, payload, code] of cases) expect(refusal(action, payload)).toMatchObject({ code });
    expect(receive('StartTransaction', { connectorId: 1, idTag: 'A' })).toMatchObject({
      payload: { connectorId: 1, idTag: 'A' },
      at: receivedAt,
      notes: ['missing: meterStart is required', 'missing: timestamp is required'],
    });
    expect(receive('StopTransaction', { transactionId: 1 })).toMatchObject({
      payload: { transactionId: 1 },
      at: receivedAt,
    });
    expect(receive('StopTransaction', { ...stop, transactionId: null }).payload).not.toHaveProperty('transactionId');
    expect(receive('StopTransaction', {}).payload).toEqual({});
    expect(receive('MeterValues', { connectorId: 0 }).payload).toEqual({ connectorId: 0, meterValue: [] });
  });

  it('have numbers that came as text, and text that came as numbers', () => {
    const { payload, notes } = receive('StartTransaction', {
      ...start,
      connectorId: '1',
      idTag: 1234,
      meterStart: '12,5',
    });
    expect(payload).toEqual({ ...start, idTag: '1234', meterStart: 12.5 });
    expect(names(notes)).toEqual(['textAsNumber', 'numberAsText', 'textAsNumber', 'oddMeterReading']);
  });

  it('keep a meter reading with a fraction, below zero or beyond 32 bits, and no other', () => {
    for (const meterStart of [-5, 1.25, 3e9]) {
      expect(receive('StartTransaction', { ...start, meterStart }).payload).toEqual({ ...start, meterStart });
    }
    for (const meterStart of [1e300, Infinity, 'much', {}, true, '']) {
      const { payload, notes } = receive('StartTransaction', { ...start, meterStart });
      expect('meterStart' in payload).toBe(false);
      expect(names(notes)).toEqual(expect.arrayContaining(['unreadable']));
    }
  });

  it('keep connector 0 and below', () => {
    for (const connectorId of [0, -1]) {
      const { payload, notes } = receive('StartTransaction', { ...start, connectorId });
      expect([payload.connectorId, names(notes)]).toEqual([connectorId, ['outOfRange']]);
    }
  });

  it('take a transactionId that cannot be ours as none', () => {
    const ids = [9223372036854775807n.toString(), 2 ** 31, -(2 ** 31) - 1, 1.5, 'abc', '', {}, true];
    for (const transactionId of [Number(ids[0]), ...ids]) {
      const stopped = receive('StopTransaction', { ...stop, transactionId });
      expect(stopped.payload).toEqual({ meterStop: 1, timestamp });
      expect(names(stopped.notes)).toEqual(expect.arrayContaining(['noTransaction']));
      const metered = receive('MeterValues', { ...sample({ value: '1' }), transactionId });
      expect(metered.payload).toEqual(sampled({ value: '1' }));
    }
    expect(receive('StopTransaction', { ...stop, transactionId: '17' }).payload.transactionId).toBe(17);
  });

  it('keep unknown values of enumerations as they came, and empty ones not at all', () => {
    const odd = { value: '1', measurand: 'Request.Energy', unit: 'bananas', context: 'Alfen', phase: '' };
    const { payload, notes } = receive('MeterValues', sample(odd));
    expect(payload).toEqual(sampled({ value: '1', measurand: 'Request.Energy', unit: 'bananas', context: 'Alfen' }));
    expect(names(notes)).toEqual(['unknownValue', 'unknownValue', 'emptyEnumeration', 'unknownValue']);
    expect(receive('StopTransaction', { ...stop, reason: 'Bored' }).payload.reason).toBe('Bored');
    expect(receive('StopTransaction', { ...stop, reason: 5 }).payload.reason).toBe('5');
    expect(receive('StopTransaction', { ...stop, reason: 'x\0'.repeat(400) }).payload.reason).toBe(
      'x\uFFFD'.repeat(250),
    );
  });

  it('keep the good samples beside those without a readable value', () => {
    const good = { value: '1' };
    const list = [good, { value: null }, null, 5, 'x', {}, { value: 2 }, { value: { a: 1 } }];
    const { payload, notes } = receive('MeterValues', {
      connectorId: 1,
      meterValue: [{ timestamp, sampledValue: list }],
    });
    expect(payload).toEqual(sampled(good, { value: '2' }, { value: '{"a":1}' }));
    expect(notes).toEqual(
      expect.arrayContaining([
        'nullRemoved: meterValue[0].sampledValue[2] is null, left out',
        'unreadable: meterValue[0].sampledValue[3] is 5, object expected: left out',
        'missing: meterValue[0].sampledValue[5].value is required',
        'numberAsText: meterValue[0].sampledValue[6].value is the number 2, taken as text',
      ]),
    );
  });

  it('wrap an object that should be an array, on both levels', () => {
    const { payload, notes } = receive('MeterValues', {
      connectorId: 1,
      meterValue: { timestamp, sampledValue: { value: '1' } },
    });
    expect(payload).toEqual(sampled({ value: '1' }));
    expect(names(notes)).toEqual(['objectAsArray', 'objectAsArray']);
  });

  it('take empty and unreadable lists for empty ones', () => {
    for (const meterValue of [[], null, 'x', [null]]) {
      const { payload, notes, at: time } = receive('MeterValues', { connectorId: 1, meterValue });
      expect([payload, time]).toEqual([{ connectorId: 1, meterValue: [] }, receivedAt]);
      expect(notes.length).toBeGreaterThan(0);
    }
    const { payload } = receive('MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue: [] }] });
    expect(payload).toEqual(sampled());
    expect(receive('StopTransaction', { ...stop, transactionData: 'x' }).payload).toEqual(stop);
  });

  it('take their time from the receipt where their own is unreadable', () => {
    for (const odd of ['yesterday', '', 1717243200, true, null]) {
      const received = receive('StopTransaction', { ...stop, timestamp: odd });
      expect([received.at, received.hash]).toEqual([receivedAt, undefined]);
      expect(received.notes.length).toBeGreaterThan(0);
    }
  });

  it('have at most a handful of notes, each of them short', () => {
    const list = Array.from({ length: 5_000 }, (_, index) => ({ value: index, ['k'.repeat(5_000)]: 1 }));
    const { payload, notes } = receive('MeterValues', {
      connectorId: 1,
      meterValue: [{ timestamp, sampledValue: list }],
    });
    expect(payload).toHaveProperty('meterValue.0.sampledValue.4999.value', '4999');
    expect(notes).toHaveLength(21);
    expect(Math.max(...notes.map(({ length }) => length))).toBeLessThanOrEqual(200);
    expect(notes.at(-1)).toBe('more: 9980 further deviations');
  });

  it('are received with 400,000 faults in them, cut', () => {
    const sampledValue = Array.from({ length: 400_000 }, () => ({ value: 1 }));
    const { payload, notes } = receive('MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue }] });
    expect(payload).toHaveProperty('meterValue.0.sampledValue.19998', { value: '1' });
    expect(notes[0]).toBe('overlongLists: 380001 elements left out');
    const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, 1]));
    expect(receive('StartTransaction', { ...start, ...keys }).payload).toEqual(start);
  });

  it('keep all of 100,000 samples where nothing is odd', () => {
    const sampledValue = Array.from({ length: 100_000 }, () => ({ value: '1' }));
    const { payload, notes } = receive('MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue }] });
    expect(payload).toHaveProperty('meterValue.0.sampledValue.99999', { value: '1' });
    expect(notes).toEqual([]);
  });

  it('are received with 5,000 levels of JSON inside', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    expect(receive('StartTransaction', { ...start, extra: deep }).payload).toEqual(start);
    expect(receive('StartTransaction', { ...start, meterStart: deep }).notes).toEqual([
      expect.stringContaining('unreadable'),
    ]);
    expect(receive('MeterValues', sample({ value: deep })).notes.length).toBe(1);
  });

  it('leave the object they are given as it was', () => {
    const payload = {
      ...sample({ value: 1, extra: 1 }),
      transactionId: 2 ** 40,
      meterValue: { timestamp, sampledValue: [null] },
    };
    const before = JSON.stringify(payload);
    receive('MeterValues', payload);
    expect(JSON.stringify(payload)).toBe(before);
  });
});
