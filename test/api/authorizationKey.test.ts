import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ocppActors } from '../support/cli.ts';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 30_000 };
const OLD = 'the-password-so-far';

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start({ LOG_LEVEL: 'trace' });
}, 120_000);
afterAll(() => test.dispose());

/** A station that is let in with OLD, and answers a ChangeConfiguration with that status, or not at all. */
async function charger(name: string, status: string | undefined): Promise<Station> {
  const chargePointId = newId(name);
  const body = { registration: 'accepted', password: OLD };
  expect((await test.request('PUT', `/v1/charge-points/${chargePointId}`, { body })).status).toBe(201);
  const onCall = () => (status === undefined ? undefined : { status });
  const station = test.station(chargePointId, { password: OLD, onCall });
  await station.call('BootNotification', boot);
  return station;
}

function change(id: string, body: object = {}) {
  return test.request('PUT', `/v1/charge-points/${id}/authorization-key`, { body });
}

/** 429: it has been tried too often. */
const REFUSED = [401, 429];

async function gone(station: Station): Promise<void> {
  station.stop();
  const online = async () => (await test.get(`/v1/charge-points/${station.chargePointId}`)).body.online as boolean;
  await expect.poll(online, WITHIN).toBe(false);
}

async function outcome(commandId: string): Promise<string> {
  return (await test.get(`/v1/commands/${commandId}`)).body.state;
}

describe('a new AuthorizationKey', () => {
  it('counts from the answer of the station on, the old one no more; it is told to nobody else', async () => {
    const station = await charger('key', 'Accepted');
    const { chargePointId: id } = station;
    const { status, body, headers } = await change(id);
    expect(status).toBe(202);
    expect(headers.get('cache-control')).toBe('no-store');
    const key = body.authorizationKey as string;
    expect(key).toMatch(/^[0-9a-f]{40}$/);
    await expect.poll(() => outcome(body.commandId), WITHIN).toBe('completed');
    expect(station.received).toEqual([
      { action: 'ChangeConfiguration', payload: { key: 'AuthorizationKey', value: key } },
    ]);
    // The connection made with the old one ends.
    await expect.poll(() => station.connected, WITHIN).toBe(false);
    expect(REFUSED).toContain(await test.knocks(id, OLD));
    // As bytes, the way the specification wants it.
    station.password = Buffer.from(key, 'hex');
    await station.call('Heartbeat', {});
    expect(await everythingKept(id)).not.toContain(key);
  });

  it('is forgotten where the station rejects it, and the connection stays', async () => {
    const station = await charger('key-rejected', 'Rejected');
    const key = '00112233445566778899aabbccddeeff';
    const { body } = await change(station.chargePointId, { key });
    await expect.poll(() => outcome(body.commandId), WITHIN).toBe('rejected');
    await station.call('Heartbeat', {});
    expect(station.connects).toBe(1);
    await expect.poll(async () => REFUSED.includes(await test.knocks(station.chargePointId, key)), WITHIN).toBe(true);
  });

  it('counts beside the old one while nobody knows whether the station has it, until it connects with it', async () => {
    // The answer is lost with the connection.
    const station: Station = await charger('key-lost', undefined);
    const { chargePointId: id } = station;
    const { body } = await change(id);
    await expect.poll(() => station.received.length, WITHIN).toBe(1);
    station.cut();
    await expect.poll(() => outcome(body.commandId), WITHIN).toBe('connectionLost');
    await station.call('Heartbeat', {});
    station.password = body.authorizationKey;
    station.cut();
    await station.call('Heartbeat', {});
    await expect.poll(async () => REFUSED.includes(await test.knocks(id, OLD)), WITHIN).toBe(true);
  });

  it('is dropped where the station answers with an error, which is not kept where it tells it', async () => {
    let told = '';
    const station: Station = await charger('key-error', undefined);
    const { chargePointId: id } = station;
    station.options.onCallFrame = (messageId, _action, payload) => {
      told = (payload as { value: string }).value;
      station.send(JSON.stringify([4, messageId, 'PropertyConstraintViolation', `not valid: ${told}`, {}]));
    };
    for (let i = 0; i < 6; i++) {
      const { status, body } = await change(id);
      expect(status).toBe(202);
      await expect.poll(() => outcome(body.commandId), WITHIN).toBe('failed');
      expect(told).toBe(body.authorizationKey);
    }
    expect(await everythingKept(id)).not.toContain(told);
    await expect.poll(async () => REFUSED.includes(await test.knocks(id, told)), WITHIN).toBe(true);
    await station.call('Heartbeat', {});
  });

  it('waits for a station that is offline, which is let in with the old one as ever', async () => {
    const station = await charger('key-offline', 'Accepted');
    const { chargePointId: id } = station;
    await gone(station);
    const { body } = await change(id);
    const back = test.station(id, { password: OLD, onCall: () => ({ status: 'Accepted' }) });
    await back.call('Heartbeat', {});
    await expect.poll(() => outcome(body.commandId), WITHIN).toBe('completed');
    expect(back.received[0]?.payload.value).toBe(body.authorizationKey);
  });

  it('is dropped when its command is cancelled before', async () => {
    const station = await charger('key-cancelled', 'Accepted');
    const { chargePointId: id } = station;
    await gone(station);
    const { body } = await change(id);
    await expect.poll(() => test.knocks(id, body.authorizationKey), WITHIN).toBe(101);
    const second = (await change(id)).body;
    expect((await test.request('DELETE', `/v1/commands/${second.commandId}`)).status).toBe(200);
    await expect.poll(async () => REFUSED.includes(await test.knocks(id, second.authorizationKey)), WITHIN).toBe(true);
  });

  it('is the first password of a station that had none', async () => {
    const station = test.station(newId('key-first'), { onCall: () => ({ status: 'Accepted' }) });
    const { chargePointId: id } = station;
    await station.call('BootNotification', boot);
    await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status, WITHIN).toBe(200);
    const { body } = await change(id);
    await expect.poll(() => station.connected, WITHIN).toBe(false);
    station.password = body.authorizationKey;
    await station.call('Heartbeat', {});
  });

  it('is not taken where it is no key, or there is no such charge point, or too many are under way', async () => {
    const station = await charger('key-bad', 'Accepted');
    const { chargePointId: id } = station;
    expect(await change(id, { key: 'secret' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'body.key' }] },
    });
    expect((await change('NOBODY')).status).toBe(404);
    await gone(station);
    for (let i = 0; i < 5; i++) expect((await change(id)).status).toBe(202);
    const queued = async () => (await test.get(`/v1/charge-points/${id}/commands`)).body.items.length as number;
    await expect.poll(queued, WITHIN).toBe(5);
    expect(await change(id)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('cancel one of those') },
    });
  });

  it('cannot be sent as a command, nor what was sealed for another one', async () => {
    const station = await charger('key-command', 'Accepted');
    const { chargePointId: id } = station;
    const ask = (value: string) => {
      const body = { action: 'ChangeConfiguration', payload: { key: 'authorizationkey', value } };
      return test.request('POST', `/v1/charge-points/${id}/commands`, { body, headers: { Prefer: 'wait=20' } });
    };
    expect(await ask('0123456789abcdef0123456789abcdef')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('/authorization-key') },
    });
    const { body } = await change(id);
    await expect.poll(() => outcome(body.commandId), WITHIN).toBe('completed');
    const { payload } = (await test.get(`/v1/commands/${body.commandId}`)).body;
    expect(payload.value).toMatch(/^sealed:1:/);
    station.password = body.authorizationKey;
    await station.call('Heartbeat', {});
    expect((await ask(payload.value)).body).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('sealed for another command'),
    });
    expect(station.received).toHaveLength(1);
  });

  it('is left out where a station tells it', async () => {
    const station = test.station(newId('key-told'), {
      onCall: () => ({ configurationKey: [{ key: 'AuthorizationKey', readonly: false, value: 'told-to-everybody' }] }),
    });
    const { chargePointId: id } = station;
    await station.call('BootNotification', boot);
    await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status, WITHIN).toBe(200);
    const body = { action: 'GetConfiguration' };
    const headers = { Prefer: 'wait=20' };
    const asked = await test.request('POST', `/v1/charge-points/${id}/commands`, { body, headers });
    expect(asked.body.answer).toEqual({ configurationKey: [{ key: 'AuthorizationKey', readonly: false }] });
    expect(await everythingKept(id)).not.toContain('told-to-everybody');
  });
});

describe('the command line', () => {
  it('changes the key', async () => {
    const station = await charger('key-cli', 'Accepted');
    const run = (...words: string[]) => ocppActors(test.program.environment, 'station', 'authorization-key', ...words);
    const { code, stdout } = await run(station.chargePointId, '--json');
    expect(code).toBe(0);
    const { commandId, authorizationKey } = JSON.parse(stdout) as Record<string, string>;
    await expect.poll(() => outcome(commandId!), WITHIN).toBe('completed');
    expect(station.received[0]?.payload.value).toBe(authorizationKey);
    const elsewhere = { ...test.program.environment, DATA_DIR: path.join(test.program.dataDir, 'elsewhere') };
    const other = await ocppActors(elsewhere, 'station', 'authorization-key', station.chargePointId);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('SECRET_KEY') });
  }, 120_000);
});

/** The rows and the history of a charge point, the log, and the files of the program. */
async function everythingKept(id: string): Promise<string> {
  const { sql, program } = test;
  const rows = await Promise.all([
    sql`SELECT m::text FROM message AS m WHERE charge_point_id = ${id}`,
    sql`SELECT c::text FROM command AS c WHERE charge_point_id = ${id}`,
    sql`SELECT p::text FROM charge_point AS p WHERE charge_point_id = ${id}`,
    sql`SELECT s::text FROM actor_step AS s WHERE charge_point_id = ${id}`,
    sql`SELECT e::text FROM event AS e WHERE charge_point_id = ${id}`,
  ]);
  expect(rows.flat().length).toBeGreaterThan(4);
  const connection = await Connection.connect({ address: program.temporalAddress });
  const history = await new Client({ connection }).workflow.getHandle(`charge-point/${id}`).fetchHistory();
  await connection.close();
  const kept = { rows, history, output: program.output, files: await files(program.dataDir) };
  const text = JSON.stringify(kept, function (this: Record<string, unknown>, name, value: unknown) {
    const own = this[name];
    return own instanceof Uint8Array ? Buffer.from(own).toString('latin1') : value;
  });
  // What it looks at has the command.
  expect(text).toMatch(/AuthorizationKey/);
  return text;
}

async function files(directory: string): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const name of await readdir(directory, { recursive: true })) {
    const file = path.join(directory, name);
    const content = await contentOf(file);
    if (content) found.push(content);
  }
  expect(found.length).toBeGreaterThan(2);
  return found;
}

/** Of a file that is still there: servers remove some of their own at any time. */
async function contentOf(file: string): Promise<Buffer | undefined> {
  try {
    return (await stat(file)).isFile() ? await readFile(file) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
