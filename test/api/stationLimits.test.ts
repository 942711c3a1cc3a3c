import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId, type RequestOptions } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 20_000 };

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

type Keys = { configurationKey: object[]; unknownKey?: string[] };

/** A station that takes two keys in one GetConfiguration, and has told so. */
async function twoKeys(name: string): Promise<Station> {
  const station = test.station(newId(name), {
    onCall: (_action, payload): Keys => {
      const { key } = payload as { key?: string[] };
      if (key) return { configurationKey: key.map((one) => ({ key: one, readonly: false, value: `of ${one}` })) };
      return { configurationKey: [{ key: 'GetConfigurationMaxKeys', readonly: true, value: '2' }] };
    },
  });
  await station.call('BootNotification', boot);
  const { chargePointId } = station;
  await expect.poll(async () => (await test.get(`/v1/charge-points/${chargePointId}`)).status, WITHIN).toBe(200);
  const told = await ask(chargePointId, { action: 'GetConfiguration' }, { headers: { Prefer: 'wait=20' } });
  expect(told).toMatchObject({ status: 200, body: { state: 'completed' } });
  return station;
}

function ask(id: string, body: object, options: RequestOptions = {}) {
  return test.request('POST', `/v1/charge-points/${id}/commands`, { ...options, body });
}

const read = (...key: string[]) => ({ action: 'GetConfiguration', payload: { key } });

describe('more keys than the station takes in one GetConfiguration', () => {
  it('are asked for in several commands, once, each with its own answer', async () => {
    const station = await twoKeys('split');
    const id = station.chargePointId;
    const commandId = `keys of ${id}`;
    const options = { headers: { 'Idempotency-Key': commandId, Prefer: 'wait=20' } };
    const asked = await ask(id, read('A', 'B', 'C', 'D', 'E'), options);
    const further = [`${commandId}-2`, `${commandId}-3`];
    expect(asked).toMatchObject({
      status: 200,
      body: { commandId, further, payload: { key: ['A', 'B'] }, state: 'completed' },
    });
    expect((await test.get(`/v1/commands/${encodeURIComponent(further[1]!)}`)).body).toMatchObject({
      state: 'completed',
      answer: { configurationKey: [{ key: 'E', value: 'of E' }] },
    });
    const { body } = await test.get(`/v1/charge-points/${id}/configuration`);
    expect((body.items as { key: string }[]).map(({ key }) => key)).toEqual([
      'A',
      'B',
      'C',
      'D',
      'E',
      'GetConfigurationMaxKeys',
    ]);
    expect((await ask(id, read('A', 'B', 'C', 'D', 'E'), options)).body).toEqual(asked.body);
    expect((await ask(id, read('A', 'C'), options)).status).toBe(422);
    expect(station.received).toHaveLength(4);
  }, 60_000);

  it('asked for at a shell are, too; the worst outcome is the exit code, and JSON has them all', async () => {
    const station = await twoKeys('shell');
    const words = ['command', station.chargePointId, 'GetConfiguration', 'key=["A","B","C"]', '--wait'];
    const run = (...more: string[]) => ocppActors(test.program.environment, ...words, ...more);
    const well = await run('--json');
    expect({ code: well.code, command: JSON.parse(well.stdout) }).toMatchObject({
      code: 0,
      command: {
        payload: { key: ['A', 'B'] },
        state: 'completed',
        further: [{ payload: { key: ['C'] }, state: 'completed', answer: { configurationKey: [{ value: 'of C' }] } }],
      },
    });
    const answered = station.options.onCall;
    station.options.onCallFrame = (messageId, _action, payload) => {
      const { key } = payload as { key: string[] };
      const error = [4, messageId, 'InternalError', 'the disk is full', {}];
      const answer = answered?.('GetConfiguration', { key }, messageId);
      station.send(JSON.stringify(key.includes('C') ? error : [3, messageId, answer]));
    };
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(/GetConfiguration completed \(command \S+\)\n.*GetConfiguration failed: InternalError/);
  }, 60_000);

  it('asked for by a signal are refused, and the rule is named', async () => {
    const { chargePointId: id, received } = await twoKeys('signal');
    const connection = await Connection.connect({ address: test.program.temporalAddress });
    try {
      const actor = new Client({ connection }).workflow.getHandle(`charge-point/${id}`);
      await actor.signal('command', read('A', 'B', 'C'));
    } finally {
      await connection.close();
    }
    await expect
      .poll(async () => (await test.get(`/v1/charge-points/${id}/commands?limit=1`)).body.items, WITHIN)
      .toMatchObject([
        {
          state: 'refused',
          reason: '3 keys: the charge point takes 2 (its GetConfigurationMaxKeys, OCPP 1.6 §9.1)',
        },
      ]);
    expect(received).toHaveLength(1);
  }, 60_000);
});

describe('a deadline', () => {
  const inAnHour = () => new Date(Date.now() + 3_600_000);

  it('may be an instant', async () => {
    const { chargePointId: id } = await twoKeys('deadline');
    const deadline = inAnHour();
    const east = deadline.toISOString().replace('Z', '+00:00');
    const asked = await ask(id, { ...read('A'), deadline: east }, { headers: { Prefer: 'wait=20' } });
    expect(asked.status).toBe(200);
    const late = Date.parse(asked.body.deadline as string) - deadline.getTime();
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(20_000);
    const run = (...words: string[]) =>
      ocppActors(test.program.environment, 'command', id, 'GetConfiguration', ...words);
    const cli = await run('--deadline', deadline.toISOString(), '--wait', '20', '--json');
    expect(cli).toMatchObject({ code: 0 });
    expect(Math.abs(Date.parse(JSON.parse(cli.stdout).deadline as string) - deadline.getTime())).toBeLessThan(20_000);
    expect(await run('--deadline', '2026-01-01T00:00:00Z')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a time to come within a year'),
    });
  }, 60_000);

  it('that is over, too far away, or given twice is refused, and says why', async () => {
    const { chargePointId: id } = await twoKeys('bad-deadline');
    const of = async (body: object) => {
      const answer = await ask(id, { ...read('A'), ...body });
      return [answer.status, answer.body.errors?.[0]];
    };
    const refused = (words: string) => [400, { field: 'body.deadline', message: expect.stringContaining(words) }];
    expect(await of({ deadline: '2026-01-01T00:00:00Z' })).toEqual(refused('is over'));
    expect(await of({ deadline: '2999-01-01T00:00:00Z' })).toEqual(refused('more than a year away'));
    expect(await of({ deadline: '2999-01-01T00:00:00' })).toEqual(refused('expected a time like'));
    expect(await of({ deadline: inAnHour().toISOString(), deadlineSeconds: 60 })).toEqual(refused('give one'));
  }, 60_000);

  it('does not matter to who asks again with the same id', async () => {
    const { chargePointId: id } = await twoKeys('again');
    const options = { headers: { 'Idempotency-Key': `again ${id}`, Prefer: 'wait=20' } };
    const first = await ask(id, { ...read('A'), deadline: inAnHour().toISOString() }, options);
    expect(first.status).toBe(200);
    const again = await ask(id, { ...read('A'), deadline: '2026-01-01T00:00:00Z' }, options);
    expect(again).toMatchObject({ status: 200, body: first.body });
  }, 60_000);
});
