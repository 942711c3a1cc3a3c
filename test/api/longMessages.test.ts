import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 30_000 };
/** More than Temporal takes at a time, less than closes the socket. */
const LONG = 'x'.repeat(3_000_000);

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

describe('what is longer than an actor can be told', () => {
  it('is kept without what makes it long, and holds up nothing behind it', async () => {
    const station = test.station(newId('long'), { onCall: () => ({ configurationKey: [], unknownKey: [LONG] }) });
    const { chargePointId: id } = station;
    await station.call('BootNotification', boot);
    await station.call('DataTransfer', { vendorId: 'V', data: LONG });
    const stop = { transactionId: 4_242, meterStop: 7, timestamp: new Date().toISOString(), reason: 'Local' };
    const sampledValue = [{ value: LONG, format: 'SignedData' }];
    await station.call('StopTransaction', { ...stop, transactionData: [{ timestamp: stop.timestamp, sampledValue }] });
    const transaction = async () => (await test.get(`/v1/charge-points/${id}/transactions`)).body.items?.[0];
    await expect.poll(transaction, WITHIN).toMatchObject({ transactionId: 4_242, meterStop: 7, stopReason: 'Local' });

    const body = { action: 'GetConfiguration' };
    const headers = { Prefer: 'wait=20' };
    const asked = await test.request('POST', `/v1/charge-points/${id}/commands`, { body, headers });
    expect(asked.body).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/GetConfiguration\.conf: .*250,000/),
    });
    await station.call('StatusNotification', { connectorId: 1, status: 'Faulted', errorCode: 'OtherError' });
    const status = async () => (await test.get(`/v1/charge-points/${id}/connectors`)).body.items?.[0]?.status;
    await expect.poll(status, WITHIN).toBe('Faulted');
  });
});
