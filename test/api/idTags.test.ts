import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { importIdTags } from '../../src/operators/idTags.ts';
import { log } from '../drizzle/support.ts';
import { ApiTest, boot, newId } from './support.ts';

let test: ApiTest;
let database: Database;
beforeAll(async () => {
  test = await ApiTest.start();
  database = openDatabase({ url: test.program.databaseUrl, max: 1, log });
  await migrate(database);
}, 120_000);
afterAll(async () => {
  await database.close();
  await test.dispose();
});

const prefix = `T${(Date.now() % 1e7).toString(36)}`;
const importFile = (file: string, query = '') => test.request('POST', `/v1/id-tags/import${query}`, { body: file });
const show = async (idTag: string) => (await test.get(`/v1/id-tags/${encodeURIComponent(idTag)}`)).body as object;

describe('one by one', () => {
  it('PUT creates or replaces, whatever the case; DELETE deletes', async () => {
    const path = `/v1/id-tags/${prefix}a`;
    const made = await test.request('PUT', path, { body: { note: 'Ada', expiryDate: '2030-01-01T00:00:00+02:00' } });
    expect({ status: made.status, body: made.body }).toEqual({
      status: 201,
      body: {
        idTag: `${prefix}a`,
        status: 'Accepted',
        expiryDate: '2029-12-31T22:00:00.000Z',
        parentIdTag: null,
        singleTransaction: false,
        note: 'Ada',
      },
    });
    const replaced = await test.request('PUT', path.toUpperCase().replace('/V1/ID-TAGS', '/v1/id-tags'), {
      body: { status: 'Blocked' },
    });
    expect(replaced.status).toBe(200);
    expect(await show(`${prefix}a`)).toMatchObject({
      idTag: `${prefix}A`.toUpperCase(),
      status: 'Blocked',
      note: null,
      expiryDate: null,
    });
    expect((await test.request('DELETE', path)).status).toBe(204);
    expect((await test.request('DELETE', path)).status).toBe(404);
    expect(await show(`${prefix}a`)).toMatchObject({ status: 404 });
    expect((await test.request('PUT', `/v1/id-tags/${'x'.repeat(21)}`, { body: {} })).status).toBe(400);
  });

  it('a station may charge with it from then on', async () => {
    const idTag = `${prefix}charge`;
    const station = test.station(newId('charge'));
    await station.call('BootNotification', boot);
    expect(await station.call('Authorize', { idTag })).toEqual({ result: { idTagInfo: { status: 'Invalid' } } });
    await test.request('PUT', `/v1/id-tags/${idTag}`, { body: {} });
    await expect
      .poll(() => station.call('Authorize', { idTag }), { timeout: 20_000, interval: 500 })
      .toEqual({ result: { idTagInfo: { status: 'Accepted' } } });
  });

  it('lists all, each once, and by parent', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `${prefix}list${i}`);
    for (const name of names) await test.request('PUT', `/v1/id-tags/${name}`, { body: { parentIdTag: `${prefix}p` } });
    const found = await test.all(`/v1/id-tags?parentIdTag=${prefix.toLowerCase()}P`, 2);
    expect(found.map((row) => row.idTag)).toEqual(names);
  });
});

describe('by file', () => {
  it('takes , and ;, any order of columns, quotes, a byte order mark and Windows line ends', async () => {
    const file = `\uFEFFnote;IDTAG;singleTransaction\r\n"a; ""b""";${prefix}w1;true\r\n;${prefix}w2;\r\n`;
    expect((await importFile(file)).body).toEqual({
      lines: 2,
      created: 2,
      changed: 0,
      unchanged: 0,
      badLines: 0,
      bad: [],
    });
    expect(await show(`${prefix}w1`)).toMatchObject({ note: 'a; "b"', singleTransaction: true, status: 'Accepted' });
    expect(await show(`${prefix}w2`)).toMatchObject({ note: null, singleTransaction: false });
  });

  it('imports nothing of a file with bad lines, and names each; with skipBad the good ones', async () => {
    const file = [
      'idTag,status,expiryDate,note',
      `${prefix}good,Blocked,2030-01-01T00:00:00Z,fine`,
      `${prefix}GOOD,,,again`,
      ',,,nameless',
      `${'x'.repeat(21)},,,long`,
      `${prefix}s,Maybe,,unknown status`,
      `${prefix}d,,31.12.2030,no such date`,
      `${prefix}c,Accepted`,
      `${prefix}good2,,,`,
    ].join('\n');
    const refused = await importFile(file);
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toEqual([
      { field: 'line 3', message: `idTag "${prefix}GOOD" is in line 2 already` },
      { field: 'line 4', message: 'idTag: expected 1 to 20 characters, not ""' },
      { field: 'line 5', message: `idTag: expected 1 to 20 characters, not "${'x'.repeat(21)}"` },
      { field: 'line 6', message: 'status: expected one of Accepted, Blocked, Expired, Invalid, not "Maybe"' },
      { field: 'line 7', message: 'expiryDate: expected a time like 2027-01-31T23:59:59Z, not "31.12.2030"' },
      { field: 'line 8', message: 'expected 4 cells as in the header, not 2' },
    ]);
    expect(await show(`${prefix}good`)).toMatchObject({ status: 404 });
    const skipped = await importFile(file, '?skipBad=true');
    expect(skipped.body).toMatchObject({ lines: 8, created: 2, badLines: 6 });
    expect(await show(`${prefix}good`)).toMatchObject({ status: 'Blocked', expiryDate: '2030-01-01T00:00:00.000Z' });
  });

  it.each([
    ['without a header', 'X1,Accepted\n', 'expected a first line with the names of the columns'],
    ['with an unknown column', 'idTag,colour\nX1,red\n', 'There is no column "colour"'],
    ['that is no CSV', 'idTag\n"X1\n', 'no CSV'],
    ['that is empty', '', 'expected a first line'],
  ])('refuses a file %s', async (_, file, message) => {
    const answer = file === '' ? await importFile('\n') : await importFile(file);
    expect({ status: answer.status, detail: answer.body.detail }).toEqual({
      status: 400,
      detail: expect.stringContaining(message),
    });
  });

  it('again changes nothing, not even for the edges; columns it does not have stay', async () => {
    const file = `idTag,status,note\n${prefix}i1,Accepted,one\n${prefix}i2,Blocked,two\n`;
    expect((await importFile(file)).body).toMatchObject({ created: 2 });
    const rows = () =>
      test.sql`SELECT key, changed_xid::text FROM id_tag WHERE key LIKE ${`${prefix.toUpperCase()}I%`} ORDER BY key`;
    const before = await rows();
    expect((await importFile(file)).body).toMatchObject({ created: 0, changed: 0, unchanged: 2 });
    expect(await rows()).toEqual(before);
    expect((await importFile(`idTag,note\n${prefix}i1,uno\n${prefix}i2,two\n`)).body).toMatchObject({
      changed: 1,
      unchanged: 1,
    });
    expect(await show(`${prefix}i1`)).toMatchObject({ note: 'uno', status: 'Accepted' });
    expect(await show(`${prefix}i2`)).toMatchObject({ note: 'two', status: 'Blocked' });
    // A deleted one is as if it were new.
    await test.request('DELETE', `/v1/id-tags/${prefix}i2`);
    expect((await importFile(`idTag\n${prefix}i2\n`)).body).toMatchObject({ changed: 1 });
    expect(await show(`${prefix}i2`)).toMatchObject({ note: null, status: 'Accepted' });
  });

  it('exports what it imports again unchanged, and no formula for a spreadsheet', async () => {
    const notes = ['=1+1', "'=1", '+49', '@x', '-1', 'a,b', 'say "hi"', ' spaced '];
    for (const [i, note] of notes.entries())
      await test.request('PUT', `/v1/id-tags/${prefix}x${i}`, { body: { note } });
    const { body, headers } = await test.get('/v1/id-tags.csv');
    expect(headers.get('content-type')).toContain('text/csv');
    const own = String(body)
      .split('\n')
      .filter((line) => line.startsWith(`${prefix}x`));
    expect(own).toHaveLength(notes.length);
    expect(own[0]).toBe(`${prefix}x0,Accepted,,,false,'=1+1`);
    expect(own.join('\n')).not.toMatch(/,[=+@-]/);
    const header = String(body).split('\n')[0];
    // Blanks around a cell are nobody's wish.
    expect((await importFile([header, ...own.slice(0, -1), ''].join('\n'))).body).toMatchObject({
      unchanged: notes.length - 1,
    });
  });

  it('100,000 id tags', async () => {
    const count = 100_000;
    const tag = (i: number) => `${prefix}Z${i}`;
    const file = `idTag,status,note\n${Array.from({ length: count }, (_, i) => `${tag(i)},Accepted,holder ${i}`).join('\n')}\n`;
    const seen: number[] = [];
    const began = performance.now();
    const result = await importIdTags(database, file, { onProgress: (done) => seen.push(done) });
    const ms = Math.round(performance.now() - began);
    expect(result).toMatchObject({ imported: true, lines: count, created: count });
    expect(seen.at(-1)).toBe(count);
    const again = performance.now();
    expect(await importIdTags(database, file)).toMatchObject({ unchanged: count });
    const againMs = Math.round(performance.now() - again);
    console.log(`import of ${count} id tags: ${ms} ms, once more: ${againMs} ms`);
    await test.sql`DELETE FROM id_tag WHERE key LIKE ${`${prefix.toUpperCase()}Z%`}`;
  });
});
