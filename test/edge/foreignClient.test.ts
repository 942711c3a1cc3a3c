/** ocpp-rpc, somebody else's OCPP-J client, in strict mode: it checks what we send against the JSON schemas of OCPP 1.6. */
import { randomUUID } from 'node:crypto';
import { RPCClient } from 'ocpp-rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallResult } from '../../workflows/events.ts';
import { eventually, startTestEdge, type TestEdge } from './edge.ts';

let test: TestEdge;
let station: RPCClient;
const invalid: unknown[] = [];

beforeAll(async () => {
  test = await startTestEdge();
  const options = {
    endpoint: `ws://127.0.0.1:${test.edge.port}/ocpp`,
    identity: 'RDAM 123',
    protocols: ['ocpp1.6'],
    strictMode: true,
    reconnect: false,
  };
  // Its published types declare every option as required; its documentation does not.
  station = new RPCClient(options as unknown as ConstructorParameters<typeof RPCClient>[0]);
  station.on('strictValidationFailure', (failure: unknown) => invalid.push(failure));
  await station.connect();
});
afterAll(async () => {
  await station.close();
  await test.close();
});

describe('ocpp-rpc in strict mode', () => {
  it('boots, charges and stops', async () => {
    const timestamp = new Date().toISOString();
    expect(await station.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })).toMatchObject({
      status: 'Accepted',
      interval: 300,
    });
    expect(
      await station.call('StatusNotification', { connectorId: 1, status: 'Preparing', errorCode: 'NoError' }),
    ).toEqual({});
    expect(await station.call('Authorize', { idTag: 'NOBODY' })).toEqual({ idTagInfo: { status: 'Invalid' } });
    const started = { connectorId: 1, idTag: 'NOBODY', meterStart: 10, timestamp };
    const { transactionId } = (await station.call('StartTransaction', started)) as { transactionId: number };
    expect(transactionId).toBe(1_000);
    const meterValue = [{ timestamp, sampledValue: [{ value: '12' }] }];
    expect(await station.call('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({});
    expect(await station.call('StopTransaction', { transactionId, meterStop: 20, timestamp })).toEqual({});
    expect(await station.call('Heartbeat', {})).toEqual({ currentTime: expect.any(String) });
    expect(await station.call('DataTransfer', { vendorId: 'V' })).toEqual({ status: 'UnknownVendorId' });
    expect(invalid).toEqual([]);
  });

  it('is reset', async () => {
    station.handle('Reset', ({ params }) => {
      expect(params).toEqual({ type: 'Soft' });
      return Promise.resolve({ status: 'Accepted' });
    });
    const [connected] = test.events('RDAM 123');
    const commandId = randomUUID();
    await test.edge.calls.send({
      chargePointId: 'RDAM 123',
      connection: connected!.connection,
      commandId,
      action: 'Reset',
      payload: { type: 'Soft' },
    });
    const result = () => test.events('RDAM 123').find((event): event is CallResult => event.kind === 'callResult');
    await eventually(() => result() !== undefined, 'the result');
    expect(result()).toMatchObject({ commandId, outcome: { result: { status: 'Accepted' } } });
  });
});
