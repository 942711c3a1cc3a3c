/** Transactions as the database has them and operators see them. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Station } from '../../../src/simulator/station.ts';
import { ApiTest, boot, newId } from '../../api/support.ts';
import { ocppActors } from '../../support/cli.ts';
import { rule } from '../rule.ts';

let test: ApiTest;
let id: string;
let station: Station;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

const SOON = { timeout: 20_000, interval: 50 };
const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();

async function boots(name: string): Promise<void> {
  id = newId(name);
  station = test.station(id);
  await station.call('BootNotification', boot);
}
async function starts(more: object = {}): Promise<number> {
  const payload = { connectorId: 1, idTag: 'NOBODY', meterStart: 5_000, timestamp: ago(3_600), ...more };
  const reply = await station.call('StartTransaction', payload);
  return (reply as { result: { transactionId: number } }).result.transactionId;
}
const reads = (transactionId: number, secondsAgo: number, wh: number) =>
  station.call('MeterValues', {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: ago(secondsAgo), sampledValue: [{ value: String(wh) }] }],
  });
const stops = (transactionId: number, meterStop: number) =>
  station.call('StopTransaction', { transactionId, meterStop, timestamp: ago(0) });
const becomes = (transactionId: number, expected: object) =>
  expect
    .poll(async () => (await test.get(`/v1/charge-points/${id}/transactions/${transactionId}`)).body as object, SOON)
    .toMatchObject(expected);

describe('as it is stored', () => {
  rule(47, 'in the database', async () => {
    await boots('nobody');
    const transactionId = await starts();
    await becomes(transactionId, { idTagStatus: 'Invalid', end: null, energyWh: null, energySource: null });
    await stops(transactionId, 5_100);
    await becomes(transactionId, { end: 'station', energyWh: 100, energySource: 'register', notes: [] });
  });

  rule(57, 'the energy, its source and the doubts, in the API and on the command line', async () => {
    await boots('replaced-meter');
    const transactionId = await starts();
    await reads(transactionId, 3_000, 5_400);
    await reads(transactionId, 2_400, 12);
    await reads(transactionId, 600, 2_000);
    await stops(transactionId, 2_012);
    const doubt = expect.stringMatching(/^energy: the meter went back from 5400 to 12 Wh at .*: counted in two parts$/);
    await becomes(transactionId, { energyWh: 2_400, energySource: 'readings', notes: [doubt] });
    const { stdout } = await ocppActors(test.program.environment, 'transactions', id);
    expect(stdout).toMatch(/2400 +readings .*the meter went back from 5400 to 12 Wh/);
  });

  rule(58, 'what was read before the stop and comes after it counts, in the database', async () => {
    await boots('late');
    const transactionId = await starts();
    await reads(transactionId, 3_000, 5_200);
    await reads(transactionId, 2_400, 5_600);
    await stops(transactionId, 0);
    await becomes(transactionId, { end: 'station', energyWh: 600, energySource: 'readings' });
    await reads(transactionId, 60, 6_000);
    await becomes(transactionId, { end: 'station', energyWh: 1_000, lastReadingWh: 6_000 });
  });
});
