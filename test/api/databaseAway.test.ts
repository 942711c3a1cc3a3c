import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startProxy, type Proxy } from '../drizzle/support.ts';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 30_000 };

let proxy: Proxy;
let test: ApiTest;
beforeAll(async () => {
  proxy = await startProxy(inject('databaseUrl'));
  test = await ApiTest.start({ DATABASE_URL: proxy.url });
}, 120_000);
afterAll(async () => {
  proxy?.mode('open');
  await test?.dispose();
  await proxy?.close();
});

const command = (id: string, body: object, headers = {}) =>
  test.request('POST', `/v1/charge-points/${id}/commands`, { body, headers });

it('a command is given to an actor that runs, by REST and at a shell; for an id that nobody knows none is started', async () => {
  const station = test.station(newId('away'), { onCall: () => ({ status: 'Accepted' }) });
  const id = station.chargePointId;
  await station.call('BootNotification', boot);
  const shown = () => test.get(`/v1/charge-points/${id}`);
  await expect.poll(async () => (await shown()).status, WITHIN).toBe(200);

  proxy.mode('cut');
  await expect.poll(async () => (await shown()).status, WITHIN).toBe(503);
  const asked = await command(id, { action: 'ClearCache' }, { 'Idempotency-Key': `rest ${id}` });
  expect(asked).toMatchObject({ status: 202, body: { commandId: `rest ${id}` } });
  const run = (chargePointId: string) =>
    ocppActors(test.program.environment, 'command', chargePointId, 'ClearCache', '--id', `cli ${chargePointId}`);
  expect(await run(id)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`(command cli ${id})`) });

  const unknown = newId('unknown');
  const words = /has no running actor, and whether it exists cannot be looked up, so nothing was queued/;
  const refused = await command(unknown, { action: 'ClearCache' });
  expect(refused).toMatchObject({ status: 503, body: { detail: expect.stringMatching(words) } });
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect(await run(unknown)).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
  const connection = await Connection.connect({ address: test.program.temporalAddress });
  const actor = new Client({ connection }).workflow.getHandle(`charge-point/${unknown}`);
  await expect(actor.describe()).rejects.toThrow(WorkflowNotFoundError);
  await connection.close();

  proxy.mode('open');
  for (const via of ['rest', 'cli']) {
    await expect
      .poll(async () => (await test.get(`/v1/charge-points/${id}/commands/${via} ${id}`)).body, WITHIN)
      .toMatchObject({ state: 'completed', via });
  }
  expect(station.received.map(({ action }) => action)).toEqual(['ClearCache', 'ClearCache']);
});
