import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpenAPIV3_1 } from 'openapi-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran } from '../support/cli.ts';
import { ApiTest, boot, newId, OPERATOR_TOKEN } from './support.ts';

const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const generator = path.join(modules, '@hey-api/openapi-ts/dist/run.mjs');
const typescript5 = fileURLToPath(new URL('./typescript5.mjs', import.meta.url));

let test: ApiTest;
let document: OpenAPIV3_1.Document;
let directory: string;
beforeAll(async () => {
  test = await ApiTest.start();
  document = (await test.get('/openapi.json', { token: null })).body as OpenAPIV3_1.Document;
  directory = await mkdtemp(path.join(tmpdir(), 'ocpp-actors-client-'));
}, 120_000);
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await test.dispose();
});

/** Every object within. */
function* objectsOf(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const each of Object.values(value)) yield* objectsOf(each);
}

function operations() {
  return Object.entries(document.paths ?? {}).flatMap(([route, item]) =>
    (['get', 'put', 'post', 'delete'] as const).flatMap((method) => {
      const operation = item?.[method];
      return operation ? [{ route, method, operation }] : [];
    }),
  );
}

describe('the OpenAPI document', () => {
  it('is of version 3.1, and every reference in it leads somewhere', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const names = Object.keys(document.components?.schemas ?? {});
    const references = [...objectsOf(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect([...new Set(references)].sort()).toEqual(names.map((name) => `#/components/schemas/${name}`).sort());
  });

  it('has for every operation an id of its own, a summary, its tag, its path parameters and its errors', () => {
    const all = operations();
    expect(all.length).toBeGreaterThan(20);
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
    const tags = document.tags?.map(({ name }) => name);
    for (const { route, operation } of all) {
      const { summary, description, parameters = [], responses } = operation;
      expect(summary).toMatch(/^[A-Z]/);
      expect(description).toMatch(/Role: (viewer|operator|admin)\.$/);
      for (const tag of operation.tags ?? []) expect(tags).toContain(tag);
      const inPath = parameters.flatMap((each) => ('name' in each && each.in === 'path' ? [each.name] : []));
      expect(inPath).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
    }
    expect(document.security).toEqual([{ token: [] }]);
  });
});

describe('a client generated from it', () => {
  it('compiles, and works', async () => {
    const input = path.join(directory, 'openapi.json');
    await writeFile(input, JSON.stringify(document));
    const output = path.join(directory, 'client');
    const generated = await ran(process.execPath, [
      '--import',
      typescript5,
      generator,
      '-i',
      input,
      '-o',
      output,
      '--silent',
    ]);
    expect(generated).toMatchObject({ code: 0 });

    await mkdir(directory, { recursive: true });
    await symlink(modules, path.join(directory, 'node_modules'));
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(directory, 'use.ts'), USE);
    await writeFile(path.join(directory, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    const compiled = await ran(process.execPath, [path.join(modules, 'typescript/bin/tsc'), '-p', directory]);
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });

    const id = newId('client');
    const station = test.station(id);
    await station.call('BootNotification', boot);
    await expect.poll(async () => (await test.get(`/v1/charge-points/${id}`)).status).toBe(200);
    const used = await ran(process.execPath, [
      '--import',
      path.join(modules, 'tsx/dist/loader.mjs'),
      path.join(directory, 'use.ts'),
      test.url,
      OPERATOR_TOKEN,
      id,
    ]);
    expect(used).toEqual({ code: 0, stderr: '', stdout: `Simulated accepted 404 not found\n` });
  });
});

const TSCONFIG = {
  compilerOptions: {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['client', '*.ts'],
};

const USE = `
import { createClient } from './client/client';
import { getChargePoint, putChargePoint, listTransactionsOfChargePoint, type Problem } from './client';

const [baseUrl, token, id] = process.argv.slice(2) as [string, string, string];
const client = createClient({ baseUrl, auth: token });
const { data } = await getChargePoint({ client, path: { id } });
const vendor: string | null | undefined = data?.vendor;
const put = await putChargePoint({ client, path: { id }, body: { registration: 'accepted', labels: { site: 'x' } } });
const missing = await listTransactionsOfChargePoint({ client, path: { id: 'nobody' }, query: { limit: 5, open: true } });
const problem: Problem | undefined = missing.error;
// @ts-expect-error -- there is no such registration
void (() => putChargePoint({ client, path: { id }, body: { registration: 'maybe' } }));
console.log(vendor, put.data?.registration, problem?.status, problem?.title);
`;
