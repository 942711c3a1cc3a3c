import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OcppError, ocppErrorCodes } from '../../src/ocpp/errors.ts';
import { exactAnswer, type AnswerContext, type IdTagInfo } from '../../src/ocpp/message.ts';
import { stationMessages } from '../../src/ocpp/messages.ts';
import { isValid, schemas, type Schema } from './oracle.ts';

const receivedAt = '2024-06-01T12:00:00.000Z';
const timestamp = '2024-06-01T11:59:58Z';

function message(action: string) {
  const found = stationMessages.get(action);
  if (!found) throw new Error(`no message ${action}`);
  return found;
}

function context(given: Partial<AnswerContext> & { idTagInfo?: IdTagInfo } = {}): AnswerContext {
  return {
    chargePointId: 'CP001',
    messageId: 'u',
    now: receivedAt,
    registration: { status: 'Accepted', interval: 300 },
    judgeIdTag: () => given.idTagInfo ?? { status: 'Accepted' },
    transactionIdFor: () => 42,
    chargesElsewhere: () => false,
    transactionStopped: () => undefined,
    note: () => undefined,
    ...given,
  };
}

function outcome(action: string, payload: unknown): unknown {
  try {
    return message(action).receive(payload, receivedAt) && 'received';
  } catch (error) {
    return error instanceof OcppError ? error.code : error;
  }
}

async function answered(action: string, payload: object, given?: Parameters<typeof context>[0]) {
  const { receive, answer } = message(action);
  return answer(receive(payload, receivedAt).payload, context(given));
}

describe('every message of the table', () => {
  for (const [action, { receive, answer, request, response }] of stationMessages) {
    const valid = validRequest(action);

    it(`${action}: valid by the specification's schema is accepted without notes and answered validly`, async () => {
      await fc.assert(
        fc.asyncProperty(valid, judgement, async (payload, idTagInfo) => {
          expect(isValid(`urn:${action}.req`, payload)).toBe(true);
          const before = JSON.stringify(payload);
          const received = receive(payload, receivedAt);
          expect(received.notes).toEqual([]);
          expect(JSON.stringify(payload)).toBe(before);
          const confirmation = await answer(received.payload, context({ idTagInfo }));
          const exact = exactAnswer({ action, response }, confirmation ?? {});
          expect(isValid(`urn:${action}.conf`, exact)).toBe(true);
        }),
        { numRuns: 200 },
      );
    });

    it(`${action}: what its exact schema takes, the specification's takes too`, () => {
      const oddValue = fc.oneof(fc.constant(undefined), fc.constant(null), fc.jsonValue());
      fc.assert(
        fc.property(valid, fc.string({ minLength: 1 }), fc.nat(), oddValue, (payload, newName, position, value) => {
          const names = Object.keys(payload);
          const name = names[position % (names.length + 1)] ?? newName;
          // Times are read by other means than the schema.
          fc.pre(name !== 'timestamp');
          const changed: unknown = JSON.parse(JSON.stringify({ ...payload, [name]: value }));
          const accepted = request.safeParse(changed).success;
          expect([changed, accepted && !isValid(`urn:${action}.req`, changed)]).toEqual([changed, false]);
        }),
        { numRuns: 300 },
      );
    });

    it(`${action}: anything is received or refused with a code of OCPP, never else`, () => {
      const possible = ['received', ...ocppErrorCodes.filter((code) => code.endsWith('Violation'))];
      fc.assert(
        fc.property(fc.jsonValue(), (payload) => {
          expect(possible).toContain(outcome(action, payload));
        }),
        { numRuns: 300 },
      );
    });
  }

  it('is durable, but for those that change nothing that must last', () => {
    const fleeting = [...stationMessages.values()].filter(({ durable }) => !durable).map(({ action }) => action);
    expect(fleeting).toEqual(['Authorize', 'Heartbeat']);
    expect(stationMessages.get('__proto__')).toBeUndefined();
    expect(stationMessages.get('heartbeat')).toBeUndefined();
  });
});

describe('BootNotification', () => {
  it('is answered with the registration, the time and the heartbeat interval', async () => {
    const boot = { chargePointVendor: '', chargePointModel: 'M' };
    expect(await answered('BootNotification', boot, { registration: { status: 'Pending', interval: 0 } })).toEqual({
      status: 'Pending',
      currentTime: receivedAt,
      interval: 0,
    });
  });
});

describe('StatusNotification', () => {
  const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' };

  it('counts for its own time, and is recognised when it comes again', () => {
    const { receive } = message('StatusNotification');
    const received = receive({ ...status, timestamp }, receivedAt);
    expect(received).toMatchObject({ at: '2024-06-01T11:59:58.000Z', hash: expect.stringMatching(/^[\w-]{16}$/) });
    const again = receive({ timestamp, ...status }, '2024-06-01T13:00:00.000Z');
    expect(again.hash).toBe(received.hash);
    expect(receive({ ...status, timestamp, connectorId: 2 }, receivedAt).hash).not.toBe(received.hash);
  });

  it('without a time, or with an impossible one, counts for its receipt and is never a repeat', () => {
    const { receive } = message('StatusNotification');
    expect(receive(status, receivedAt)).toEqual({ payload: status, at: receivedAt, notes: [] });
    const unset = receive({ ...status, timestamp: '1970-01-01T00:00:00Z' }, receivedAt);
    expect(unset).toMatchObject({ at: receivedAt, notes: [expect.stringContaining('implausibleTime')] });
    expect(unset.hash).toBeUndefined();
  });
});

describe('Authorize', () => {
  it('is answered with the judgement, and no null in it', async () => {
    const nulls: IdTagInfo = JSON.parse('{"status": "Accepted", "expiryDate": null, "parentIdTag": null}');
    expect(await answered('Authorize', { idTag: 'A' }, { idTagInfo: nulls })).toEqual({
      idTagInfo: { status: 'Accepted' },
    });
    const full: IdTagInfo = { status: 'Expired', expiryDate: '2024-01-01T01:00:00+01:00', parentIdTag: 'GROUP' };
    expect(await answered('Authorize', { idTag: 'A' }, { idTagInfo: full })).toEqual({
      idTagInfo: { ...full, expiryDate: '2024-01-01T00:00:00.000Z' },
    });
  });

  it('leaves out a parent id or a date that must not leave', async () => {
    const idTagInfo: IdTagInfo = { status: 'Accepted', expiryDate: 'soon', parentIdTag: 'P'.repeat(21) };
    expect(await answered('Authorize', { idTag: 'A' }, { idTagInfo })).toEqual({ idTagInfo: { status: 'Accepted' } });
  });

  it('answers Invalid to an idTag of 21 characters without asking', async () => {
    const asked: string[] = [];
    const judgeIdTag = (idTag: string): IdTagInfo => {
      asked.push(idTag);
      return { status: 'Accepted' };
    };
    expect(await answered('Authorize', { idTag: 'x'.repeat(21) }, { judgeIdTag })).toEqual({
      idTagInfo: { status: 'Invalid' },
    });
    expect(asked).toEqual([]);
  });
});

describe('StartTransaction', () => {
  const start = { connectorId: 1, idTag: 'DEADBEEF', meterStart: 1000, timestamp };

  it('asks for the id of this very start and answers with it, whatever is thought of the tag', async () => {
    const asked: unknown[] = [];
    const transactionIdFor = (key: unknown) => {
      asked.push(key);
      return Promise.resolve(7);
    };
    const idTagInfo: IdTagInfo = { status: 'Blocked' };
    expect(await answered('StartTransaction', start, { transactionIdFor, idTagInfo })).toEqual({
      transactionId: 7,
      idTagInfo,
    });
    expect(asked).toEqual([start]);
  });

  it('gives an over-long idTag a transaction id, and Invalid', async () => {
    const answer = await answered('StartTransaction', { ...start, idTag: 'x'.repeat(21) });
    expect(answer).toEqual({ transactionId: 42, idTagInfo: { status: 'Invalid' } });
  });

  it('stays unanswered when there is no transaction id left', async () => {
    expect(await answered('StartTransaction', start, { transactionIdFor: () => undefined })).toBeUndefined();
  });

  it('takes reservationId 0 as none', () => {
    const { payload, notes } = message('StartTransaction').receive({ ...start, reservationId: 0 }, receivedAt);
    expect(payload).toEqual(start);
    expect(notes).toEqual(['noReservation: reservationId 0 taken as none']);
  });

  it('has the same hash under another order of properties only', () => {
    const { receive } = message('StartTransaction');
    const { idTag, ...others } = start;
    expect(receive({ ...others, idTag }, receivedAt).hash).toBe(receive(start, receivedAt).hash);
    expect(receive({ ...start, meterStart: 1001 }, receivedAt).hash).not.toBe(receive(start, receivedAt).hash);
  });
});

describe('StopTransaction', () => {
  const stop = { transactionId: 42, meterStop: 2000, timestamp };

  it('is answered with idTagInfo only if it had an idTag, and the edge is told', async () => {
    const stopped: number[] = [];
    const transactionStopped = (id: number) => void stopped.push(id);
    expect(await answered('StopTransaction', stop, { transactionStopped })).toEqual({});
    expect(await answered('StopTransaction', { ...stop, idTag: 'A' }, { transactionStopped })).toEqual({
      idTagInfo: { status: 'Accepted' },
    });
    expect(stopped).toEqual([42, 42]);
  });

  it('is confirmed for an id of -1 or 0, which are kept and end nothing at the edge', async () => {
    const stopped: number[] = [];
    const transactionStopped = (id: number) => void stopped.push(id);
    for (const transactionId of [-1, 0]) {
      expect(await answered('StopTransaction', { ...stop, transactionId }, { transactionStopped })).toEqual({});
      expect(message('StopTransaction').receive({ ...stop, transactionId }, receivedAt).payload).toMatchObject({
        transactionId,
      });
    }
    expect(stopped).toEqual([]);
  });

  it('fixes the times of its transactionData', () => {
    const transactionData = [{ timestamp, sampledValue: [{ value: '1' }] }];
    const { payload, at } = message('StopTransaction').receive({ ...stop, transactionData }, receivedAt);
    expect(at).toBe('2024-06-01T11:59:58.000Z');
    expect(payload).toEqual({ ...stop, transactionData: [{ ...transactionData[0], at }] });
  });

  it('takes an empty transactionData without a note', () => {
    const { payload, notes } = message('StopTransaction').receive({ ...stop, transactionData: [] }, receivedAt);
    expect([payload, notes]).toEqual([{ ...stop, transactionData: [] }, []]);
  });
});

describe('MeterValues', () => {
  it('counts for its newest entry', () => {
    const times = ['2024-06-01T11:00:00Z', '2024-06-01T11:45:00Z', '2024-06-01T11:30:00Z'];
    const meterValue = times.map((time) => ({ timestamp: time, sampledValue: [{ value: '1' }] }));
    const received = message('MeterValues').receive({ connectorId: 1, meterValue }, receivedAt);
    expect(received.at).toBe('2024-06-01T11:45:00.000Z');
    expect(received.hash).toBeDefined();
  });

  it('is no repeat where one of its times is not to be believed', () => {
    const meterValue = [timestamp, '1970-01-01T00:00:00Z'].map((time) => ({
      timestamp: time,
      sampledValue: [{ value: '1' }],
    }));
    const received = message('MeterValues').receive({ connectorId: 1, meterValue }, receivedAt);
    expect(received).toMatchObject({ at: receivedAt });
    expect(received.hash).toBeUndefined();
  });
});

describe('DataTransfer', () => {
  it('knows no vendor and sends no data back', async () => {
    const transfer = { vendorId: 'V'.repeat(255), messageId: 'm', data: 'x' };
    expect(await answered('DataTransfer', transfer)).toEqual({ status: 'UnknownVendorId' });
  });

  it('takes data that is an object as JSON text', () => {
    const { payload, notes } = message('DataTransfer').receive({ vendorId: 'V', data: { a: [1] } }, receivedAt);
    expect(payload).toEqual({ vendorId: 'V', data: '{"a":[1]}' });
    expect(notes).toEqual(['jsonAsText: data is an object, taken as JSON text']);
  });
});

describe('exactAnswer', () => {
  it('refuses an answer with a null or a property too many', () => {
    const { action, response } = message('StopTransaction');
    for (const answer of [
      { idTagInfo: null },
      { extra: 1 },
      { idTagInfo: { status: 'Accepted', parentIdTag: null } },
    ]) {
      expect(() => exactAnswer({ action, response }, answer)).toThrow(/^no valid StopTransaction.conf: /);
    }
  });
});

/** Any request valid by the schema, and by what the specification says beyond it: lists of at least one, ids from 0 or 1. */
function validRequest(action: string): fc.Arbitrary<object> {
  const schema = schemas.find(({ $id }) => $id === `urn:${action}.req`);
  if (!schema) throw new Error(`the oracle knows no ${action}`);
  return objectOf(schema);
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
  const values = Object.entries(properties).map(([key, inner]) => [key, valueOf(inner, key)] as const);
  return fc.record(Object.fromEntries(values), { requiredKeys: required, noNullPrototype: true });
}

function valueOf(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.format === 'date-time') return plausibleTime;
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items ?? { type: 'string' }), { minLength: 1, maxLength: 3 });
    case 'integer':
      return name === 'connectorId' || name === 'reservationId' ? fc.integer({ min: 1 }) : fc.integer();
    case 'string':
      return fc.string({ unit: character, maxLength: schema.maxLength ?? 600, size: 'max' });
    default:
      throw new Error(`the oracle's schema has a ${schema.type}, unknown here`);
  }
}

const character = fc.constantFrom(...Array.from('abcXYZ019 -_.:/"\\\'<é漢\n'));

const plausibleTime = fc
  .tuple(fc.integer({ min: -29 * 86_400_000, max: 30_000 }), fc.constantFrom(0, 2, -5), fc.constantFrom(19, 21, 23))
  .map(([distance, hours, length]) => {
    const local = new Date(Date.parse(receivedAt) + distance + hours * 3_600_000).toISOString().slice(0, length);
    return local + (hours === 0 ? 'Z' : `${hours < 0 ? '-' : '+'}0${Math.abs(hours)}:00`);
  });

const judgement: fc.Arbitrary<IdTagInfo> = fc.record(
  {
    status: fc.constantFrom('Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx'),
    expiryDate: plausibleTime,
    parentIdTag: fc.string({ maxLength: 25 }),
  },
  { requiredKeys: ['status'] },
);
