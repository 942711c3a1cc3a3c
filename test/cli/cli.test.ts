import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ocppActors, ran } from '../support/cli.ts';
import { cli, CliTest, newId, tsx } from './support.ts';

const bin = fileURLToPath(new URL('../../bin/ocpp-actors.js', import.meta.url));

let test: CliTest;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-cli-'));
  test = await CliTest.start({ UNKNOWN_ID_TAGS: 'accept' });
}, 120_000);
afterAll(async () => {
  await test?.dispose();
  await rm(folder, { recursive: true, force: true });
});

const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One', firmwareVersion: '1.0' };
const status = (connectorId: number, word: string) => ({ connectorId, status: word, errorCode: 'NoError' });

async function booted(chargePointId: string, password?: string): Promise<Station> {
  const station = test.station(chargePointId, password === undefined ? {} : { password });
  expect(await station.call('BootNotification', boot)).toMatchObject({ result: { status: 'Accepted' } });
  await isOnline(station);
  return station;
}

/** Its boot is stored. An edge that heard of its password only afterwards has closed the connection: it comes back. */
async function isOnline(station: Station): Promise<void> {
  const rows = async () => {
    await station.connect();
    return test.sql`SELECT online, vendor FROM charge_point WHERE charge_point_id = ${station.chargePointId}`;
  };
  await expect.poll(rows).toEqual([{ online: true, vendor: 'Simulated' }]);
}

describe.concurrent('station', () => {
  it('is registered with a generated password, connects with it, and is listed and shown', async () => {
    const id = newId('added');
    const added = await test.prints('station', 'add', id, '--generate-password', '--label', `site=${id}`);
    expect(added).toContain(`${id}: accepted, with a password, site=${id}\n`);
    const password = /\(shown once\): ([0-9a-f]{40})\n$/.exec(added)?.[1];
    const station = await booted(id, password);
    expect(await station.call('StatusNotification', status(1, 'Available'))).toMatchObject({ result: {} });

    const [table, shown, again] = await Promise.all([
      test.prints('station', 'list', '--label', `site=${id}`, '--online'),
      test.prints('station', 'show', id),
      test.ocppActors('station', 'add', id),
    ]);
    expect(table.split('\n')).toEqual([
      expect.stringMatching(/^id +presence +registration +vendor +model +firmware +last seen +labels$/),
      expect.stringMatching(new RegExp(`^${id} +online +accepted +Simulated +One +1\\.0 +\\S+Z +site=${id}$`)),
      '',
    ]);
    expect(shown).toMatch(new RegExp(`^${id}: online since .*, Simulated One firmware 1.0\n`));
    expect(shown).toContain(`  registered: has a password, site=${id}\n`);
    expect(again).toEqual({ code: 1, stdout: '', stderr: `ocpp-actors: charge point "${id}" exists already\n` });
  });

  it('that is pending boots at once when it is accepted, and is let in no more when it is retired', async () => {
    const id = newId('pending');
    await test.prints('station', 'add', id, '--pending');
    const station = test.station(id, {
      onCall(action, payload) {
        if (action === 'TriggerMessage' && payload.requestedMessage === 'BootNotification') {
          setImmediate(() => void station.call('BootNotification', boot).then((reply) => replies.push(reply)));
        }
        return { status: 'Accepted' };
      },
    });
    const replies: unknown[] = [await station.call('BootNotification', boot)];
    await isOnline(station);
    expect(await test.prints('station', 'accept', id)).toBe(`${id}: accepted, without a password\n`);
    await expect.poll(() => replies.length, { timeout: 20_000 }).toBe(2);
    expect(replies).toMatchObject([{ result: { status: 'Pending' } }, { result: { status: 'Accepted' } }]);

    expect(await test.prints('station', 'retire', id)).toContain('retired');
    expect(await test.json('station', 'list', '--registration', 'retired')).toContainEqual(
      expect.objectContaining({ chargePointId: id }),
    );
  });

  it('password and label change what is registered; of an unknown charge point they say what to do', async () => {
    const id = newId('changed');
    await test.prints('station', 'add', id, '--label', 'a=1', '--label', 'b=2', '--heartbeat-interval', '60');
    const piped = test.spawn(['station', 'password', id, '--stdin'], 'secret of the station\n');
    expect(await piped.end()).toBe(0);
    expect(piped.stdout).toBe(`${id}: accepted, with a password, a=1, b=2\n`);
    await booted(id, 'secret of the station');
    const withoutTemporal = { ...test.program.environment, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const labelled = await ocppActors(withoutTemporal, 'station', 'label', id, 'a=', 'c=3', '--json');
    expect(labelled).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/ is stored, but its actor is not told yet: /),
    });
    expect(JSON.parse(labelled.stdout)).toMatchObject({ labels: { b: '2', c: '3' } });
    const [removed, unknown] = await Promise.all([
      test.prints('station', 'password', id, '--remove'),
      test.ocppActors('station', 'reject', `${id}-unknown`),
    ]);
    expect(removed).toBe(`${id}: accepted, without a password, b=2, c=3\n`);
    expect(unknown.stderr).toBe(
      `ocpp-actors: no charge point "${id}-unknown" is registered or has been here: ocpp-actors station add ${id}-unknown\n`,
    );
  });
});

describe.concurrent('id-tag', () => {
  it('is added, changed, blocked and deleted', async () => {
    const tag = `t${Date.now().toString(36)}`;
    const other = tag.toUpperCase();
    expect(await test.prints('id-tag', 'add', tag, '--note', 'van')).toBe(`${tag}: registered\n`);
    expect(await test.json('id-tag', 'add', other, '--parent', 'FLEET')).toMatchObject({
      note: 'van',
      parentIdTag: 'FLEET',
    });
    expect(await test.prints('id-tag', 'block', other)).toBe(`${other}: Blocked\n`);
    expect(await test.prints('id-tag', 'show', tag)).toMatch(new RegExp(`\n${other} +Blocked +FLEET +no +van\n$`));
    await test.prints('id-tag', 'delete', tag);
    expect(await test.ocppActors('id-tag', 'unblock', tag)).toEqual({
      code: 1,
      stdout: '',
      stderr: `ocpp-actors: there is no id tag "${tag}": ocpp-actors id-tag add ${tag}\n`,
    });
  });

  it('files with bad lines are not imported unless these are skipped; what was imported is exported', async () => {
    const prefix = `f${Date.now().toString(36)}`;
    const file = path.join(folder, 'tags.csv');
    const bad = `${prefix}-with-more-than-20-characters`;
    await writeFile(file, `idTag,status\n${prefix}1,Blocked\n${bad},\n${prefix}2,Nonsense\n${prefix}3,\n`);
    const refused = await test.ocppActors('id-tag', 'import', file);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^line +reason\n3 +idTag: expected 1 to 20 .*\n4 +status: expected one of Accepted/);
    expect(refused.stderr).toBe(
      'ocpp-actors: nothing was imported, 2 bad lines: correct the file, or import the good lines with --skip-bad\n',
    );
    expect(await test.sql`SELECT 1 FROM id_tag WHERE starts_with(id_tag, ${prefix})`).toHaveLength(0);

    const skipped = await test.prints('id-tag', 'import', file, '--skip-bad');
    expect(skipped).toMatch(/\n2 created, 0 changed, 0 unchanged, 2 bad lines skipped\n$/);
    const exported = path.join(folder, 'exported.csv');
    await test.prints('id-tag', 'export', exported);
    expect(await readFile(exported, 'utf8')).toContain(`\n${prefix}1,Blocked,,,false,\n${prefix}3,Accepted,,,false,\n`);
  });
});

describe.concurrent('what a charge point does', () => {
  it('is watched and followed live, then listed', async () => {
    const id = newId('live');
    const station = await booted(id);
    const watching = test.spawn(['watch', id]);
    const following = test.spawn(['messages', id, '--follow', '--json']);
    await following.says(/"action":"BootNotification"/);
    // Until the watch is there its statuses are not told; each further one is.
    let connectorId = 0;
    await expect
      .poll(
        async () => {
          await station.call('StatusNotification', status(++connectorId, 'Available'));
          return watching.stdout;
        },
        { timeout: 60_000, interval: 250 },
      )
      .toMatch(new RegExp(`Z ${id} status +connector \\d+ Available\n`));
    await station.call('StatusNotification', status(1, 'Preparing'));
    await watching.says(/ connector 1 Preparing\n/);
    const start = { connectorId: 1, idTag: 'TAG1', meterStart: 1_000, timestamp: new Date().toISOString() };
    const reply = await station.call('StartTransaction', start);
    const { transactionId } = (reply as { result: { transactionId: number } }).result;
    await station.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [{ value: '1.5', unit: 'kWh' }] }],
    });
    await watching.says(new RegExp(` transaction +${transactionId} on connector 1 TAG1 charges\n`));
    await watching.says(/ meterValues +connector 1 Energy.Active.Import.Register 1.5 kWh\n/);
    await following.says(/"action":"MeterValues"/);
    expect(await Promise.all([watching.end('SIGINT'), following.end('SIGTERM')])).toEqual([0, 0]);
    expect([watching.stderr, following.stderr]).toEqual(['', '']);
    const followed = following.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string });
    const actions = followed.map(({ action }) => action).filter((action) => action !== 'StatusNotification');
    expect(actions).toEqual(['BootNotification', 'StartTransaction', 'MeterValues']);

    const [open, values, load, messages] = await Promise.all([
      test.prints('transactions', id, '--open'),
      test.prints('meter-values', id),
      test.json('meter-values', id, '--interval', '1h'),
      test.json('messages', id, '--action', 'StartTransaction'),
    ]);
    expect(open).toMatch(new RegExp(`\n${id} +${transactionId} +1 +TAG1 +\\S+Z +open\n$`));
    expect(values).toMatch(
      new RegExp(`Z +1 +${transactionId} +Energy.Active.Import.Register +1500 +Wh +Sample.Periodic\n$`),
    );
    expect(load).toEqual([expect.objectContaining({ average: 1_500, samples: 1, unit: 'Wh' })]);
    expect(messages).toEqual([expect.objectContaining({ payload: expect.objectContaining({ idTag: 'TAG1' }) })]);
  });

  it('with a command is waited for, and listed', async () => {
    const id = newId('command');
    const station: Station = await booted(id);
    station.options.onCall = () => {
      setImmediate(() => void station.call('BootNotification', boot));
      return { status: 'Accepted' };
    };
    const done = await test.json('command', id, 'Reset', '{"type":"Hard"}', '--wait', '--requested-by', 'Ada');
    expect(done).toMatchObject({ action: 'Reset', state: 'completed', payload: { type: 'Hard' } });
    // As `npx ocpp-actors` starts it.
    const again = await ran(process.execPath, [bin, 'reset', id, '--wait'], test.program.environment);
    expect(again).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(`${id}: Reset Soft completed`),
    });
    const list = await test.prints('commands', id);
    expect(list).toMatch(
      /\n\S+Z +Reset +\{"type":"Hard"\} +completed +BootNotification at \S+ +Ada \(\S+\) +[-0-9a-f]{36}\n$/,
    );
  });

  it('that makes no sense is listed among the dead events, without control characters', async () => {
    const id = newId('dead');
    await buryAt(id, 'a\u001b[31mb\nc');
    expect(await test.prints('dead-events', id)).toMatch(/ event +no sense +a\\u001b\[31mb\\nc\n$/);
  });

  it.runIf(process.platform === 'linux')('on a terminal is coloured, and no wider than that', async () => {
    const id = newId('terminal');
    await buryAt(id, 'x'.repeat(100));
    const command = `stty cols 60; ${process.execPath} --import ${tsx} ${cli} dead-events ${id}`;
    const { stdout } = await ran('script', ['-qec', command, '/dev/null'], test.program.environment);
    const bare = stripVTControlCharacters(stdout).trimEnd().split('\r\n');
    expect(bare).toHaveLength(3);
    expect(bare.map((line) => line.length)).toEqual([expect.any(Number), 60, 60]);
    expect(bare[1]).toMatch(/^─+$/);
    expect(bare[2]).toMatch(/x+…$/);
    expect(stdout).toContain('\u001b[1mat');
  });
});

function buryAt(id: string, raw: string) {
  return test.sql`INSERT INTO dead_event (table_name, charge_point_id, key, reason, raw)
    VALUES ('event', ${id}, '1:1', 'no sense', ${raw})`;
}

describe.concurrent('token', () => {
  it('is created, shown once, stored as a hash, and revoked', async () => {
    const name = newId('token');
    const created = (await test.json('token', 'create', name, '--role', 'operator')) as { id: string; token: string };
    expect(created.token).toMatch(/^oa_[0-9a-f]{40}$/);
    const [row] = await test.sql`SELECT to_json(t)::text AS row FROM operator_token AS t WHERE name = ${name}`;
    expect(row?.row).not.toContain(created.token.slice(3));
    expect(await test.prints('token', 'revoke', created.id)).toBe(`token ${created.id} is revoked\n`);
    const listed = await test.prints('token', 'list');
    expect(listed).toMatch(new RegExp(`${created.id} +${name} +operator +\\S+Z +\\S+Z\n`));
    expect(await test.ocppActors('token', 'revoke', 'nobody')).toMatchObject({ code: 1 });
  });
});

describe('id-tag files', () => {
  it('of 100,000 are imported, and listed page by page', async () => {
    const prefix = `m${Date.now().toString(36)}`;
    const file = path.join(folder, 'many.csv');
    await writeFile(file, `idTag\n${Array.from({ length: 100_000 }, (_, i) => `${prefix}${i}`).join('\n')}\n`);
    expect(await test.prints('id-tag', 'import', file)).toBe('100000 created, 0 changed, 0 unchanged\n');
    const rows = (await test.json('id-tag', 'list', '--limit', '1200')) as { idTag: string }[];
    expect(new Set(rows.map(({ idTag }) => idTag)).size).toBe(1_200);
    await test.sql`DELETE FROM id_tag WHERE starts_with(id_tag, ${prefix})`;
  });
});
