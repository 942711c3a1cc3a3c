import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
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

/** A station that has been here, and answers every CALL as told. */
async function charger(name: string, answer: (action: string) => Record<string, unknown> | undefined) {
  const station = test.station(newId(name), { onCall: answer });
  await station.call('BootNotification', boot);
  await known(station.chargePointId);
  return station;
}

async function known(id: string): Promise<void> {
  await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status, WITHIN).toBe(200);
}

function ask(id: string, body: object, options: RequestOptions = {}) {
  return test.request('POST', `/v1/charge-points/${id}/commands`, { ...options, body });
}

async function offline(name: string): Promise<Station> {
  const station = await charger(name, () => ({ status: 'Accepted' }));
  station.stop();
  await expect
    .poll(async () => (await test.get(`/v1/charge-points/${station.chargePointId}`)).body.online, WITHIN)
    .toBe(false);
  return station;
}

describe('Prefer: wait', () => {
  it('answers with the outcome when it comes in time', async () => {
    const { chargePointId } = await charger('wait', () => ({ status: 'Accepted' }));
    const asked = await ask(chargePointId, { action: 'ClearCache' }, { headers: { Prefer: 'wait=20' } });
    expect(asked.status).toBe(200);
    expect(asked.headers.get('preference-applied')).toBe('wait=20');
    expect(asked.body).toMatchObject({
      action: 'ClearCache',
      state: 'completed',
      answer: { status: 'Accepted' },
      requestedBy: 'OPERATOR_TOKEN from 127.0.0.1',
    });
    expect((await test.get(asked.headers.get('location')!)).body).toEqual(asked.body);
  });

  it('answers 202 when it does not', async () => {
    const { chargePointId } = await offline('wait');
    const asked = await ask(chargePointId, { action: 'ClearCache' }, { headers: { Prefer: 'respond-async, wait=1' } });
    expect(asked.status).toBe(202);
    expect((await test.get(asked.headers.get('location')!)).body).toMatchObject({
      state: 'queued',
      position: 1,
      waitsFor: 'the station, which is offline',
    });
  });
});

describe('Idempotency-Key', () => {
  it('queues the same command once, and refuses another one', async () => {
    const { chargePointId } = await offline('key');
    const headers = { 'Idempotency-Key': `key of ${chargePointId}` };
    const reset = { action: 'Reset', payload: { type: 'Soft' } };
    const first = await ask(chargePointId, reset, { headers });
    expect(first).toMatchObject({ status: 202, body: { commandId: headers['Idempotency-Key'] } });
    expect((await ask(chargePointId, reset, { headers })).body).toEqual(first.body);
    await expect
      .poll(async () => (await test.all(`/v1/charge-points/${chargePointId}/commands`, 10)).length, WITHIN)
      .toBe(1);
    const other = await ask(chargePointId, { action: 'Reset', payload: { type: 'Hard' } }, { headers });
    expect(other).toMatchObject({ status: 422, body: { detail: expect.stringContaining('another command: Reset') } });
    expect((await ask(chargePointId, { ...reset, commandId: 'another' }, { headers })).status).toBe(400);
    expect(await test.all(`/v1/charge-points/${chargePointId}/commands`, 10)).toHaveLength(1);
  });
});

describe('who asked, and which way', () => {
  it('is kept: a name as it was given, beside the token and the address', async () => {
    const { chargePointId } = await charger('who', () => ({ status: 'Accepted' }));
    const wait = { headers: { Prefer: 'wait=20' } };
    expect(await ask(chargePointId, { action: 'ClearCache', requestedBy: 'Ada' }, wait)).toMatchObject({
      status: 200,
      body: { requestedBy: 'Ada, by OPERATOR_TOKEN from 127.0.0.1', via: 'rest' },
    });
    expect(await ask(chargePointId, { action: 'ClearCache', requestedBy: 'x'.repeat(101) })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'body.requestedBy' }] },
    });
    const run = await ocppActors(test.program.environment, 'command', chargePointId, 'ClearCache', '--wait', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      via: 'cli',
      requestedBy: expect.stringMatching(/^[^ ()]+@[^ ()]+$/),
    });
  });

  it('does not matter to who asks again with the same id, also when it has ended, by REST or at a shell', async () => {
    const { chargePointId, received } = await charger('same', () => ({ status: 'Accepted' }));
    const commandId = `same ${chargePointId}`;
    const headers = { 'Idempotency-Key': commandId };
    const again = (requestedBy: string, more: object = {}) =>
      ask(chargePointId, { action: 'ClearCache', requestedBy }, { headers: { ...headers, ...more } });
    const first = await again('Ada', { Prefer: 'wait=20' });
    expect(first).toMatchObject({ status: 200, body: { commandId, state: 'completed' } });
    expect(await again('Grace', { Prefer: 'wait=20' })).toMatchObject({ status: 200, body: first.body });
    expect(await again('Grace')).toMatchObject({ status: 202, body: { commandId } });
    const run = (...words: string[]) =>
      ocppActors(test.program.environment, 'command', chargePointId, ...words, '--id', commandId, '--json');
    const cli = await run('ClearCache');
    expect({ code: cli.code, command: JSON.parse(cli.stdout) }).toEqual({ code: 0, command: first.body });
    expect(await run('GetConfiguration')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is the id of another command: ClearCache'),
    });
    expect(received).toHaveLength(1);
  });
});

describe('options', () => {
  it('of another command, and further commands that no station could understand, are refused', async () => {
    const { chargePointId: id, received } = await charger('options', () => ({ status: 'Accepted' }));
    const refused = async (body: object) => {
      const { status, body: problem } = await ask(id, body);
      return [status, problem.errors?.[0]];
    };
    const clear = { action: 'ClearCache' };
    expect(await refused({ ...clear, options: { unlessRebooted: true } })).toEqual([
      400,
      { field: 'body.options', message: expect.stringContaining('unlessRebooted is an option of Reset only') },
    ]);
    expect(await refused({ ...clear, options: { grantIdTag: true } })).toMatchObject([400, { field: 'body.options' }]);
    const next = [{ action: 'Reset', payload: { type: 'soft' } }];
    expect(await refused({ ...clear, options: { next } })).toMatchObject([400, { field: 'body.payload' }]);
    expect(received).toEqual([]);
  });
});

describe('a queued command', () => {
  it('tells where it stands in lists and on the command line, before it is stored and after', async () => {
    const { chargePointId: id } = await offline('stands');
    const run = (...words: string[]) => ocppActors(test.program.environment, ...words);
    const waits = (position: number) => `queued at position ${position}, waits for the station, which is offline`;
    expect((await run('command', id, 'ClearCache')).stdout).toContain(`${id}: ClearCache ${waits(1)} (command `);
    const unlock = await run('command', id, 'UnlockConnector', 'connectorId=1', '--deadline', '600', '--json');
    expect(JSON.parse(unlock.stdout)).toMatchObject({ position: 1, waitsFor: 'the station, which is offline' });
    await expect
      .poll(async () => (await test.get(`/v1/charge-points/${id}/commands`)).body.items, WITHIN)
      .toMatchObject([
        { action: 'UnlockConnector', position: 1, waitsFor: 'the station, which is offline' },
        { action: 'ClearCache', position: 2, waitsFor: 'the station, which is offline' },
      ]);
    expect((await run('commands', id)).stdout).toMatch(
      /ClearCache +\{\} +queued +2 +waits for the station, which is offline /,
    );
    expect(JSON.parse((await run('commands', id, '--json')).stdout)).toMatchObject([{ position: 1 }, { position: 2 }]);
    expect((await run('station', 'show', id)).stdout).toContain(` ClearCache ${waits(2)}`);
    expect(JSON.parse((await run('station', 'show', id, '--json')).stdout)).toMatchObject({
      commands: [{ position: 2 }, { position: 1 }],
    });
  });

  it('is cancelled, by its id alone too, and never sent; the others are', async () => {
    const station = await offline('cancel');
    const id = station.chargePointId;
    const [first, second, third] = await Promise.all(
      ['1', '2', '3'].map((value) =>
        ask(id, { action: 'ChangeConfiguration', payload: { key: 'HeartbeatInterval', value } }),
      ),
    );
    const path = first!.headers.get('location')!;
    const cancelled = await test.request('DELETE', path);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { state: 'cancelled', reason: 'cancelled by OPERATOR_TOKEN from 127.0.0.1', sentAt: null },
    });
    expect((await test.request('DELETE', path)).body).toEqual(cancelled.body);
    const commandId = second!.body.commandId as string;
    await expect.poll(async () => (await test.get(`/v1/commands/${commandId}`)).status, WITHIN).toBe(200);
    expect((await test.request('DELETE', `/v1/commands/${commandId}`)).body).toMatchObject({ state: 'cancelled' });
    const back = test.station(id, { onCall: () => ({ status: 'Accepted' }) });
    await back.call('BootNotification', boot);
    const last = `/v1/commands/${third!.body.commandId as string}`;
    await expect.poll(async () => (await test.get(last)).body.state, WITHIN).toBe('completed');
    expect(back.received.map(({ payload }) => payload)).toEqual([{ key: 'HeartbeatInterval', value: '3' }]);
    expect(await test.request('DELETE', last)).toMatchObject({
      status: 409,
      body: { detail: 'ChangeConfiguration is completed: only what is still queued can be cancelled' },
    });
    expect((await test.request('DELETE', `/v1/charge-points/${id}/commands/none`)).status).toBe(404);
    expect((await test.request('DELETE', '/v1/commands/none')).status).toBe(404);
    expect((await test.request('DELETE', '/v1/charge-points/NOBODY/commands/none')).status).toBe(404);
  });

  it('is cancelled from the command line; too late is exit code 1', async () => {
    const { chargePointId } = await offline('cli');
    const { body } = await ask(chargePointId, { action: 'ClearCache' });
    const cancel = () =>
      ocppActors(test.program.environment, 'cancel', chargePointId, body.commandId as string, '--requested-by', 'Ada');
    expect(await cancel()).toMatchObject({ code: 0, stdout: expect.stringContaining('cancelled by Ada') });
    const { chargePointId: there } = await charger('cli', () => ({ status: 'Accepted' }));
    const done = await ask(there, { action: 'ClearCache' }, { headers: { Prefer: 'wait=20' } });
    const late = await ocppActors(test.program.environment, 'cancel', there, done.body.commandId as string);
    expect(late).toMatchObject({
      code: 1,
      stderr: 'ClearCache is completed: only what is still queued can be cancelled\n',
    });
  });

  it('that is urgent overtakes what is not, and each says what it waits for', async () => {
    const { chargePointId: id } = await offline('urgent');
    const asked: [string, object][] = [
      ['UpdateFirmware', { location: 'https://127.0.0.1/f', retrieveDate: '2026-12-31T22:00:00.000Z' }],
      ['ClearCache', {}],
      ['UnlockConnector', { connectorId: 1 }],
      ['RemoteStopTransaction', { transactionId: 5 }],
    ];
    const paths: string[] = [];
    for (const [action, payload] of asked) {
      const { headers } = await ask(id, { action, payload, deadlineSeconds: 600 });
      paths.push(headers.get('location')!);
    }
    await expect.poll(async () => (await test.get(paths[3]!)).body.position, WITHIN).toBe(2);
    expect((await test.get(paths[0]!)).body).toMatchObject({ position: 3, waitsFor: 'the station, which is offline' });
    const back = test.station(id, { onCall: () => ({}) });
    await back.call('BootNotification', boot);
    await expect.poll(() => back.received.length, WITHIN).toBe(4);
    expect(back.received.map(({ action }) => action)).toEqual([
      'UnlockConnector',
      'RemoteStopTransaction',
      'UpdateFirmware',
      'ClearCache',
    ]);
  });

  it('that resets is dropped, if so asked, by REST or at a shell, when the station has rebooted by itself', async () => {
    const { chargePointId: id } = await offline('rebooted');
    const reset = { action: 'Reset', payload: { type: 'Soft' } };
    const dropped = await ask(id, { ...reset, options: { unlessRebooted: true } });
    const words = ['command', id, 'Reset', 'type=Soft', '--unless-rebooted', '--json'];
    const { commandId } = JSON.parse((await ocppActors(test.program.environment, ...words)).stdout);
    const other = await ask(id, { action: 'ClearCache' });
    const back = test.station(id, { onCall: () => ({ status: 'Accepted' }) });
    await back.call('BootNotification', boot);
    const of = async ({ headers }: typeof dropped) => (await test.get(headers.get('location')!)).body;
    await expect.poll(() => of(other), WITHIN).toMatchObject({ state: 'completed' });
    expect(await of(dropped)).toMatchObject({
      state: 'cancelled',
      reason: 'the station has rebooted by itself',
      options: { unlessRebooted: true },
      sentAt: null,
    });
    expect((await test.get(`/v1/commands/${commandId}`)).body).toMatchObject({ state: 'cancelled', via: 'cli' });
    expect(back.received.map(({ action }) => action)).toEqual(['ClearCache']);
  });
});

describe('RemoteStartTransaction', () => {
  const start = (idTag: string) => ({ action: 'RemoteStartTransaction', payload: { idTag, connectorId: 1 } });
  const wait = { headers: { Prefer: 'wait=20' } };

  it('with a tag that would be refused is refused', async () => {
    const station = await charger('refused', () => ({ status: 'Accepted' }));
    const asked = await ask(station.chargePointId, start('NOBODY'), wait);
    expect(asked).toMatchObject({
      status: 200,
      body: { state: 'refused', reason: expect.stringContaining('id tag "NOBODY" would be answered Invalid') },
    });
    expect(station.received).toEqual([]);
  });

  it('grants the tag for that start if so asked, and for no other', async () => {
    const station = await charger('granted', () => ({ status: 'Accepted' }));
    const options = { grantIdTag: true };
    const asked = await ask(station.chargePointId, { ...start('GUEST'), options });
    await expect.poll(() => station.received.length, WITHIN).toBe(1);
    const status = async (action: string, payload: object) => {
      const reply = (await station.call(action, payload)) as { result: { idTagInfo: { status: string } } };
      return reply.result.idTagInfo.status;
    };
    const began = { connectorId: 1, idTag: 'guest', meterStart: 0, timestamp: new Date().toISOString() };
    expect(await status('Authorize', { idTag: 'Guest' })).toBe('Accepted');
    expect(await status('StartTransaction', began)).toBe('Accepted');
    expect(await status('StartTransaction', began)).toBe('Accepted');
    expect(await status('StartTransaction', { ...began, connectorId: 2 })).toBe('Invalid');
    expect(await status('Authorize', { idTag: 'Guest' })).toBe('Invalid');
    await expect
      .poll(async () => (await test.get(asked.headers.get('location')!)).body, WITHIN)
      .toMatchObject({ state: 'completed', options });
  });

  it('grants the tag also where the edge that sent it is killed before the start, which it remembers likewise', async () => {
    const station = await charger('granted-killed', () => ({ status: 'Accepted' }));
    const asked = await ask(station.chargePointId, { ...start('GUEST'), options: { grantIdTag: true } });
    const at = asked.headers.get('location')!;
    await expect.poll(async () => (await test.get(at)).body.state, WITHIN).toBe('answered');
    const restart = async () => {
      await test.program.end('SIGKILL');
      await test.program.start();
    };
    const begin = async (connectorId: number) => {
      const began = { connectorId, idTag: 'guest', meterStart: 0, timestamp: '2026-01-01T00:00:00Z' };
      return (await station.call('StartTransaction', began)) as { result: { idTagInfo: { status: string } } };
    };
    await restart();
    const first = await begin(1);
    expect(first.result.idTagInfo.status).toBe('Accepted');
    await expect.poll(async () => (await test.get(at)).body.state, WITHIN).toBe('completed');
    await restart();
    expect(await begin(1)).toEqual(first);
    expect((await begin(2)).result.idTagInfo.status).toBe('Invalid');
  });
});

describe('a signal', () => {
  it('with a payload that no station could understand is a refused command that names the rule', async () => {
    const { chargePointId: id, received } = await charger('signal', () => ({ status: 'Accepted' }));
    const connection = await Connection.connect({ address: test.program.temporalAddress });
    try {
      const actor = new Client({ connection }).workflow.getHandle(`charge-point/${id}`);
      await actor.signal('command', { action: 'UnlockConnector', payload: { connectorId: 0 } });
      await actor.signal('command', { action: 'ReserveNow', payload: { connectorId: 1 } });
      await actor.signal('command', { action: 'ClearCache' });
    } finally {
      await connection.close();
    }
    await expect
      .poll(async () => (await test.all(`/v1/charge-points/${id}/commands?unfinished=false`, 10)).toReversed(), WITHIN)
      .toMatchObject([
        { state: 'refused', reason: expect.stringContaining('connectorId') },
        { state: 'refused', reason: expect.stringMatching(/expiryDate.*idTag.*reservationId/) },
        { state: 'completed' },
      ]);
    expect(received.map(({ action }) => action)).toEqual(['ClearCache']);
  });
});

describe('the command line', () => {
  it('takes payloads as key=value; the exit code is the outcome', async () => {
    const { chargePointId: id, received } = await charger('pairs', (action) => ({
      status: action === 'UnlockConnector' ? 'UnlockFailed' : 'Accepted',
    }));
    const run = (...words: string[]) => ocppActors(test.program.environment, 'command', id, ...words, '--wait', '20');
    expect(await run('ChangeConfiguration', 'key=HeartbeatInterval', 'value=60')).toMatchObject({ code: 0 });
    expect(await run('UnlockConnector', 'connectorId=1')).toMatchObject({ code: 1 });
    expect(await run('ChangeConfiguration', 'key')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected JSON or key=value, not "key"'),
    });
    expect(received.map(({ payload }) => payload)).toEqual([
      { key: 'HeartbeatInterval', value: '60' },
      { connectorId: 1 },
    ]);
  });
});

describe('a charge point that nobody knows, or that is retired,', () => {
  it('gets no command, neither by REST nor at a shell, and no actor', async () => {
    const unknown = newId('unknown');
    const retired = newId('retired');
    await test.sql`INSERT INTO charge_point (charge_point_id, registration) VALUES (${retired}, 'retired')`;
    const connection = await Connection.connect({ address: test.program.temporalAddress });
    try {
      for (const id of [unknown, retired]) {
        const detail = `no charge point "${id}" is registered or has been here`;
        expect(await ask(id, { action: 'ClearCache' })).toMatchObject({ status: 404, body: { detail } });
        for (const words of [
          ['command', id, 'ClearCache'],
          ['reset', id],
        ]) {
          const { code, stderr } = await ocppActors(test.program.environment, ...words);
          expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(detail) });
        }
        const actor = new Client({ connection }).workflow.getHandle(`charge-point/${id}`);
        await expect(actor.describe()).rejects.toThrow(WorkflowNotFoundError);
      }
    } finally {
      await connection.close();
    }
  });
});
