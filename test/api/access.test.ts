import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiTest } from './support.ts';

let test: ApiTest;
beforeAll(async () => {
  // As behind one proxy: the tests come from addresses of their own.
  test = await ApiTest.start({ TRUSTED_PROXIES: '1' });
}, 120_000);
afterAll(() => test.dispose());

const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

async function newToken(role: string): Promise<{ id: string; token: string }> {
  const { status, body } = await test.request('POST', '/v1/tokens', { body: { name: `a ${role}`, role } });
  expect(status).toBe(201);
  return body as { id: string; token: string };
}

describe('who may call', () => {
  it('nobody without a token, but for health and what the API is like', async () => {
    for (const path of ['/v1/charge-points', '/v1/events', '/metrics', '/v1/tokens']) {
      const { status, headers, body } = await test.get(path, { token: null });
      expect({ path, status }).toEqual({ path, status: 401 });
      expect(headers.get('www-authenticate')).toContain('Bearer');
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(body).toMatchObject({
        type: 'about:blank',
        status: 401,
        detail: expect.stringContaining('Authorization: Bearer'),
      });
    }
    for (const path of ['/health', '/openapi.json', '/docs', '/docs/static/swagger-ui-bundle.js']) {
      const { status } = await test.get(path, { token: null });
      expect({ path, status }).toEqual({ path, status: 200 });
    }
  });

  it.each([
    ['viewer', { get: 200, put: 403, command: 403, register: 403, tokens: 403 }],
    ['operator', { get: 200, put: 201, command: 404, register: 403, tokens: 403 }],
    ['admin', { get: 200, put: 201, command: 404, register: 201, tokens: 200 }],
  ])('a %s may do what the role is for', async (role, expected) => {
    const { token } = await newToken(role);
    const of = async (method: string, path: string, body?: unknown) =>
      (await test.request(method, path, { token, ...(body === undefined ? {} : { body }) })).status;
    const id = `api-role-${role}-${Date.now()}`;
    expect({
      get: await of('GET', '/v1/charge-points'),
      put: await of('PUT', `/v1/id-tags/${role}${Date.now() % 1e9}`, {}),
      command: await of('POST', `/v1/charge-points/${id}/commands`, { action: 'Reset', payload: { type: 'Soft' } }),
      register: await of('PUT', `/v1/charge-points/${id}`, {}),
      tokens: await of('GET', '/v1/tokens'),
    }).toEqual(expected);
  });

  it('a token is shown once, listed without its text, and works no more when it is revoked', async () => {
    const { id, token } = await newToken('viewer');
    expect(token).toMatch(/^oa_[0-9a-f]{40}$/);
    expect((await test.get('/v1/charge-points', { token })).status).toBe(200);
    const listed = (await test.all('/v1/tokens', 2)).find((row) => row.id === id);
    expect(listed).toEqual({ id, name: 'a viewer', role: 'viewer', createdAt: expect.any(String), revokedAt: null });
    expect(JSON.stringify(await test.sql`SELECT * FROM operator_token`)).not.toContain(token);
    expect((await test.request('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    await expect
      .poll(async () => (await test.get('/v1/charge-points', { token, ...from('10.0.0.9') })).status, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe(401);
    expect((await test.request('DELETE', '/v1/tokens/nobody')).status).toBe(404);
  });

  it('wrong tokens make further wrong ones of their address wait, and of no other', async () => {
    const wrong = { token: 'oa_0000000000000000000000000000000000000000', ...from('10.0.0.1') };
    for (let i = 0; i < 6; i += 1) expect((await test.get('/v1/charge-points', wrong)).status).toBe(401);
    // Each further one doubles the wait: long enough for what follows, also on a busy machine.
    for (const seconds of [1, 2]) {
      await sleep(seconds * 1_000 + 100);
      expect((await test.get('/v1/charge-points', wrong)).status).toBe(401);
    }
    const { status, headers, body } = await test.get('/v1/charge-points', wrong);
    expect({ status, body }).toMatchObject({ status: 429, body: { title: 'too many attempts' } });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await test.get('/v1/charge-points', { ...wrong, ...from('10.0.0.2') })).status).toBe(401);
    // What stands further left is anybody's claim.
    expect((await test.get('/v1/charge-points', { ...wrong, ...from('10.0.0.2, 10.0.0.1') })).status).toBe(429);
  });

  it('a right token is not kept out by wrong ones from the same address', async () => {
    const wrong = { token: 'oa_1111111111111111111111111111111111111111', ...from('10.0.0.3') };
    for (let i = 0; i < 7; i += 1) await test.get('/v1/charge-points', wrong);
    expect((await test.get('/v1/charge-points', wrong)).status).toBe(429);
    expect((await test.get('/v1/charge-points', from('10.0.0.3'))).status).toBe(200);
  });
});

describe('what is wrong is told as RFC 9457 has it', () => {
  it.each([
    ['GET', '/v1/charge-points?limit=0&presence=away', undefined, 400, ['query.limit', 'query.presence']],
    ['GET', '/v1/charge-points?after=zzz', undefined, 400, ['query.after']],
    ['GET', `/v1/charge-points/${'x'.repeat(49)}`, undefined, 400, ['params.id']],
    ['PUT', '/v1/charge-points/CP1', { heartbeatInterval: 1, colour: 'red' }, 400, ['body.heartbeatInterval', 'body']],
    ['GET', '/v1/transactions?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', undefined, 400, ['query.from']],
    ['GET', '/v1/transactions?from=yesterday', undefined, 400, ['query.from']],
    ['GET', '/v1/charge-points/CP1/meter-values?interval=soon', undefined, 400, ['query.interval']],
    ['GET', '/v1/events?lastEventId=x', undefined, 400, ['query.lastEventId']],
  ])('%s %s', async (method, path, body, status, fields) => {
    const answer = await test.request(method, path, body ? { body } : {});
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, title: 'the request does not fit' });
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  });

  it('also for a path that is none, a body that is no JSON and a body of another type', async () => {
    expect((await test.get('/v1/nothing')).body).toMatchObject({ status: 404, detail: 'there is no GET /v1/nothing' });
    const noJson = await test.request('PUT', '/v1/id-tags/X', {
      body: '{',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(noJson.body).toMatchObject({ status: 400 });
    const xml = await test.request('PUT', '/v1/id-tags/X', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } });
    expect(xml.body).toMatchObject({ status: 415 });
    const json = await test.request('POST', '/v1/id-tags/import', { body: {} });
    expect(json.body).toMatchObject({ status: 415 });
  });
});

describe('health, metrics, the page', () => {
  it('GET /health tells the roles and how their neighbours are', async () => {
    await expect
      .poll(async () => (await test.get('/health', { token: null })).body as object)
      .toMatchObject({
        status: 'ok',
        roles: ['edge', 'worker', 'api'],
        temporal: { ok: true },
        database: { ok: true },
        edge: { status: 'ok' },
      });
  });

  it("GET /metrics has the process, the requests and Temporal's SDK, each described once", async () => {
    await test.get('/v1/charge-points');
    const { body, headers } = await test.get('/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    for (const name of [
      'process_cpu_seconds_total',
      'ocpp_actors_api_request_duration_seconds_bucket{le="10",method="GET",route="/v1/charge-points",status="200"}',
      'temporal_',
    ]) {
      expect(body).toContain(name);
    }
    const described = String(body).match(/^# TYPE \S+/gm) ?? [];
    expect(new Set(described).size).toBe(described.length);
  });

  it('the page needs nothing from elsewhere, and its policy forbids it', async () => {
    const { body, headers } = await test.get('/docs', { token: null });
    const sources = [...String(body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.every((source) => source?.startsWith('/docs/'))).toBe(true);
    expect(body).not.toMatch(/<script[^>]*>\s*[^<\s]/);
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
  });
});
