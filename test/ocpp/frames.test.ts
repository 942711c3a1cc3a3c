import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OcppError, ocppErrorCodes } from '../../src/ocpp/errors.ts';
import { callErrorFrame, callFrame, callResultFrame, parseFrame } from '../../src/ocpp/frames.ts';

describe('parseFrame', () => {
  it('reads a CALL and keeps its id as the text it is', () => {
    for (const id of ['007', '1e3', 'ünïcode 漢', 'a'.repeat(36)]) {
      const frame = parseFrame(JSON.stringify([2, id, 'Heartbeat', {}]));
      expect(frame).toEqual({ type: 'call', messageId: id, action: 'Heartbeat', payload: {}, notes: [] });
    }
  });

  it('takes a payload of null, none at all, and elements after it, with a note', () => {
    const frames: [text: string, note: string][] = [
      ['[2,"u","Heartbeat",null]', 'nullPayload: '],
      ['[2,"u","Heartbeat"]', 'missingPayload: '],
      ['[2,"u","Heartbeat",{},"x"]', 'extraElements: '],
      [`[2,"${'u'.repeat(255)}","Heartbeat",{}]`, 'overlongMessageId: '],
    ];
    for (const [text, note] of frames) {
      expect(parseFrame(text)).toMatchObject({ type: 'call', payload: {}, notes: [expect.stringContaining(note)] });
    }
  });

  it('leaves a payload of another type to the message', () => {
    expect(parseFrame('[2,"u","Authorize",[1]]')).toMatchObject({ type: 'call', payload: [1] });
    expect(parseFrame('[2,"u","Authorize","x"]')).toMatchObject({ type: 'call', payload: 'x' });
  });

  it('answers a CALL without a usable action by its id', () => {
    for (const text of ['[2,"u"]', '[2,"u",5,{}]', '[2,"u","",{}]', '[2,"u",{"a":1}]']) {
      expect(parseFrame(text)).toMatchObject({
        type: 'bad-call',
        messageId: 'u',
        error: { code: 'FormationViolation' },
      });
    }
    const longAction = JSON.stringify([2, 'u', 'A'.repeat(51), {}]);
    expect(parseFrame(longAction)).toMatchObject({ type: 'bad-call', error: { code: 'NotImplemented' } });
  });

  it('finds no id to answer to in what is no message', () => {
    const texts = ['{}', '42', 'null', '""', '[]', '[2]', '[[2,"u","Heartbeat",{}]]', 'hello', '[2,"u","Heart'];
    const odd = ['[2,"u","A",{}][2,"v","A",{}]', '[2,"u","StopTransaction",{"transactionId":,"meterStop":1}]'];
    const ids = ['[2,5,"Heartbeat",{}]', '[2,null,"Heartbeat",{}]', '[2,{},"Heartbeat",{}]', '[2,"","Heartbeat",{}]'];
    const types = ['["2","u","Heartbeat",{}]', '[true,"u","Heartbeat",{}]', '[{},"u"]', '[3]', '[3,"",{}]'];
    const bytes = ['\uFEFF[2,"u","Heartbeat",{}]', '[2,"\\u0000","Heartbeat",{}]', '[2,"\\ud800","Heartbeat",{}]'];
    for (const text of [...texts, ...odd, ...ids, ...types, ...bytes]) {
      expect([text, parseFrame(text).type]).toEqual([text, 'malformed']);
    }
  });

  it('ignores empty frames and unknown message types', () => {
    for (const text of [
      '',
      '  \n',
      '[5,"u","Heartbeat",{}]',
      '[0]',
      '[1,"u"]',
      '[-2,"u"]',
      '[2.5,"u","Heartbeat",{}]',
    ]) {
      expect([text, parseFrame(text).type]).toEqual([text, 'ignored']);
    }
  });

  it('reads CALLRESULT, also with null for its payload', () => {
    expect(parseFrame('[3,"u",{"status":"Accepted"}]')).toEqual({
      type: 'result',
      messageId: 'u',
      payload: { status: 'Accepted' },
    });
    expect(parseFrame('[3,"u",null]')).toMatchObject({ type: 'result', payload: {} });
    expect(parseFrame('[3,"u"]')).toMatchObject({ type: 'result', payload: {} });
  });

  it('reads CALLERROR in both spellings of its codes, however much of it is missing', () => {
    expect(parseFrame('[4,"u","FormatViolation","bad",null]')).toEqual({
      type: 'error',
      messageId: 'u',
      code: 'FormationViolation',
      description: 'bad',
      details: {},
    });
    expect(parseFrame('[4,"u","OccurrenceConstraintViolation","",{}]')).toMatchObject({
      code: 'OccurenceConstraintViolation',
    });
    for (const code of ocppErrorCodes) expect(parseFrame(callErrorFrame('u', code, ''))).toMatchObject({ code });
    expect(parseFrame('[4,"u"]')).toMatchObject({ type: 'error', code: 'GenericError', description: '' });
    expect(parseFrame('[4,"u",1,2,3]')).toMatchObject({ type: 'error', code: 'GenericError', details: 3 });
    expect(parseFrame('[4,"u","VendorError","x",{}]')).toMatchObject({ code: 'VendorError' });
  });

  it('survives JSON nested 100,000 levels deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(parseFrame(deep).type).toBe('malformed');
    expect(parseFrame(`[2,"u","Heartbeat",{"x":${deep}}]`).type).toBe('call');
  });

  it('never throws and never makes up an id', () => {
    const json = fc.array(fc.oneof(fc.constantFrom(2, 3, 4), fc.string(), fc.jsonValue()), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          json.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const frame = parseFrame(text);
          if (!('messageId' in frame)) return;
          expect(JSON.parse(text)).toHaveProperty('1', frame.messageId);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('frames to the station', () => {
  it('have 4, 3 and 5 elements', () => {
    expect(JSON.parse(callFrame('u', 'Reset', { type: 'Hard' }))).toEqual([2, 'u', 'Reset', { type: 'Hard' }]);
    expect(JSON.parse(callResultFrame('u', {}))).toEqual([3, 'u', {}]);
    const error = callErrorFrame('u', 'OccurenceConstraintViolation', 'idTag is required');
    expect(JSON.parse(error)).toEqual([4, 'u', 'OccurenceConstraintViolation', 'idTag is required', {}]);
  });

  it('cut an error description to 255 characters without breaking a surrogate pair', () => {
    const frame = callErrorFrame('u', 'GenericError', `${'x'.repeat(254)}😀`);
    expect(JSON.parse(frame)).toHaveProperty('3', 'x'.repeat(254));
    expect(new OcppError('GenericError', 'y'.repeat(300)).message).toHaveLength(255);
  });
});
