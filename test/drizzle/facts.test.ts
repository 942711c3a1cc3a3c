import { describe, expect, it } from 'vitest';
import { factsOf } from '../../drizzle/facts.ts';
import type { StationEvent } from '../../workflows/events.ts';
import type { JudgedEvent } from '../../workflows/state/model.ts';
import { JOURNAL, later, messageEvent, meterValuesEvent, T0 } from './support.ts';

const facts = (event: StationEvent, judged: Partial<JudgedEvent> = {}, connectors = new Map<number, number>()) =>
  factsOf('CP-1', [{ event, journal: JOURNAL, ...judged }], connectors);
const place = { chargePointId: 'CP-1', journal: JOURNAL, seq: 1 };

describe('facts', () => {
  it('of MeterValues are one row per sampled value, with the transaction the actor found', () => {
    const { meterValue, message } = facts(meterValuesEvent(1, ['1.5', 'x']), { transactionId: 42 });
    expect(meterValue).toEqual([
      {
        ...place,
        index: 0,
        at: later(1),
        receivedAt: later(1),
        connectorId: 1,
        transactionId: 42,
        measurand: 'Energy.Active.Import.Register',
        phase: null,
        location: 'Outlet',
        context: 'Sample.Periodic',
        format: 'Raw',
        unit: 'Wh',
        value: '1.5',
        number: 1.5,
        normalised: 1.5,
        normalisedUnit: 'Wh',
      },
      expect.objectContaining({ index: 1, value: 'x', number: null, normalised: null }),
    ]);
    expect(message).toMatchObject([{ ...place, direction: 'in', kind: 'call', action: 'MeterValues', answer: {} }]);
  });

  it('of firmware, diagnostics and log messages are their progress, of a security event the event', () => {
    for (const action of ['FirmwareStatusNotification', 'DiagnosticsStatusNotification', 'LogStatusNotification']) {
      const { firmwareEvent } = facts(messageEvent(1, { action, payload: { status: 'Idle', requestId: 7 } }));
      expect(firmwareEvent).toEqual([{ ...place, at: later(1), action, status: 'Idle', requestId: 7 }]);
    }
    const payload = { type: 'TamperDetectionActivated', timestamp: T0, techInfo: 'lid' };
    const { securityEvent } = facts(messageEvent(1, { action: 'SecurityEventNotification', payload, at: T0 }));
    expect(securityEvent).toEqual([
      { ...place, at: T0, receivedAt: later(1), type: 'TamperDetectionActivated', techInfo: 'lid' },
    ]);
  });

  it('of StopTransaction are its transactionData, at the connector of the transaction', () => {
    const transactionData = [{ timestamp: T0, at: T0, sampledValue: [{ value: '9' }] }];
    const stop = messageEvent(1, { action: 'StopTransaction', payload: { transactionId: 42, transactionData } });
    const { meterValue } = facts(stop, { transactionId: 42 }, new Map([[42, 3]]));
    expect(meterValue).toMatchObject([{ at: T0, transactionId: 42, connectorId: 3, value: '9' }]);
    expect(facts(messageEvent(1, { action: 'StopTransaction', payload: { transactionId: 42 } })).meterValue).toEqual(
      [],
    );
  });

  it('of StatusNotification and Heartbeat are one row each', () => {
    const payload = { connectorId: 2, status: 'Faulted', errorCode: 'GroundFailure', timestamp: T0 };
    const status = facts(messageEvent(1, { action: 'StatusNotification', at: T0, payload })).statusNotification;
    expect(status).toMatchObject([
      { ...place, at: T0, receivedAt: later(1), connectorId: 2, errorCode: 'GroundFailure' },
    ]);
    expect(facts(messageEvent(1)).heartbeat).toEqual([{ ...place, at: later(1) }]);
  });

  it.each([
    ['what the station sent again', { repeatOf: '1:1' }, {}],
    ['what was answered with a CALLERROR', {}, { answer: { error: 'InternalError', description: 'why' } }],
  ])('of %s are the message alone', (_, judged, fields) => {
    const found = facts(meterValuesEvent(1, ['1'], fields), judged);
    expect(found.message).toHaveLength(1);
    expect(found).toMatchObject({ meterValue: [], deadEvent: [] });
    expect(found.message[0]).toMatchObject(
      'answer' in fields ? { errorCode: 'InternalError', errorDescription: 'why' } : judged,
    );
  });

  it('keep an event that the actor could not reduce for people to see', () => {
    const event = messageEvent(1);
    const { deadEvent, message } = facts(event, { dead: 'TypeError: oops' });
    expect(deadEvent).toEqual([
      {
        tableName: 'event',
        chargePointId: 'CP-1',
        key: `${JOURNAL}:1`,
        journal: JOURNAL,
        seq: 1,
        reason: 'TypeError: oops',
        raw: JSON.stringify(event),
      },
    ]);
    expect(message).toHaveLength(1);
  });

  it('survive a payload nothing can be made of', () => {
    const event = messageEvent(1, { action: 'MeterValues', payload: { connectorId: 1, meterValue: 'text' } });
    expect(facts(event)).toMatchObject({ meterValue: [], deadEvent: [{ tableName: 'event' }] });
  });

  it('of commands are the frames in both directions', () => {
    const common = { receivedAt: T0, connection: `${JOURNAL}-1`, commandId: 'c1', messageId: 'm1', action: 'Reset' };
    const sent = facts({ kind: 'callSent', seq: 1, ...common, payload: { type: 'Hard' } }).message[0];
    expect(sent).toMatchObject({ direction: 'out', kind: 'call', commandId: 'c1', payload: { type: 'Hard' } });
    const result = (outcome: Extract<StationEvent, { kind: 'callResult' }>['outcome']) =>
      facts({ kind: 'callResult', seq: 1, ...common, outcome }).message[0];
    expect(result({ result: { status: 'Accepted' } })).toMatchObject({
      direction: 'in',
      kind: 'result',
      payload: { status: 'Accepted' },
    });
    expect(result({ error: 'NotSupported', description: 'no' })).toMatchObject({
      kind: 'error',
      errorCode: 'NotSupported',
      errorDescription: 'no',
    });
    expect(result({ timeout: true })).toMatchObject({ kind: 'error', errorCode: 'timeout' });
    expect(result({ connectionLost: true })).toMatchObject({ kind: 'error', errorCode: 'connectionLost' });
  });

  it('of a frame that is no OCPP-J are its text and why', () => {
    const { message } = facts({
      kind: 'malformed',
      seq: 1,
      receivedAt: T0,
      connection: `${JOURNAL}-1`,
      raw: '[2',
      reason: 'no JSON',
    });
    expect(message).toMatchObject([{ kind: 'malformed', raw: '[2', notes: ['no JSON'] }]);
  });

  it('join both ends of a connection, and know its journal from its id', () => {
    const connection = '17-1';
    const connected: StationEvent = {
      kind: 'connected',
      seq: 1,
      receivedAt: T0,
      connection,
      taskQueue: 'q',
      remoteAddress: '::1',
      protocol: 'ocpp1.6',
    };
    const disconnected: StationEvent = {
      kind: 'disconnected',
      seq: 2,
      receivedAt: later(2),
      connection,
      code: 1006,
      reason: 'cut',
    };
    const { connection: rows, message } = factsOf(
      'CP-1',
      [connected, disconnected].map((event) => ({ event, journal: JOURNAL })),
      new Map(),
    );
    expect(rows).toMatchObject([
      { connection, journal: 17, openedAt: T0, taskQueue: 'q', closedAt: later(2), closeCode: 1006, reason: 'cut' },
    ]);
    expect(message).toEqual([]);
  });
});
