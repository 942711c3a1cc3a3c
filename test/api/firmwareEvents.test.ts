import { afterAll, beforeAll, expect, it } from 'vitest';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 20_000 };

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

it('installations and uploads are told, the newest first, by REST and at a shell', async () => {
  const station = test.station(newId('firmware'));
  const id = station.chargePointId;
  const path = `/v1/charge-points/${id}/firmware-events`;
  const before = new Date().toISOString();
  await station.call('BootNotification', boot);
  const told = [
    ['FirmwareStatusNotification', { status: 'Downloading' }],
    ['FirmwareStatusNotification', { status: 'Installed' }],
    ['SignedFirmwareStatusNotification', { status: 'InvalidSignature', requestId: 7 }],
    ['DiagnosticsStatusNotification', { status: 'Uploaded' }],
    ['LogStatusNotification', { status: 'UploadFailure', requestId: 8 }],
  ] as const;
  for (const [action, payload] of told) await station.call(action, payload);
  const expected = told
    .map(([action, payload]) => ({ at: expect.any(String), action, requestId: null, ...payload }))
    .toReversed();
  await expect.poll(async () => (await test.get(path)).body.items?.length, WITHIN).toBe(told.length);
  const all = await test.all(path, 2);
  expect(all).toEqual(expected);
  expect(all.map(({ at }) => at)).toEqual(
    all
      .map(({ at }) => String(at))
      .toSorted()
      .toReversed(),
  );
  expect(await test.all(`${path}?action=FirmwareStatusNotification`, 1)).toEqual(expected.slice(3));
  expect(await test.all(`${path}?from=${before}`, 10)).toHaveLength(told.length);
  expect((await test.get(`${path}?to=${before}`)).body).toEqual({ items: [], next: null });
  expect((await test.get(`${path}?action=Heartbeat`)).status).toBe(400);
  expect((await test.get('/v1/charge-points/nobody/firmware-events')).status).toBe(404);

  const run = (...words: string[]) => ocppActors(test.program.environment, 'firmware-events', id, ...words);
  const { stdout } = await run('--action', 'LogStatusNotification');
  expect(stdout).toMatch(/^at +action +status +request id\n\S+Z +LogStatusNotification +UploadFailure +8\n$/);
  expect(JSON.parse((await run('--json', '--limit', '2')).stdout)).toEqual(all.slice(0, 2));
});
