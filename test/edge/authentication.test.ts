import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hashPassword } from '../../src/security/passwords.ts';
import { startTestEdge, type TestEdge } from './edge.ts';

let test: TestEdge;
afterEach(() => test.close());

const PLAIN = 'correct horse bat';

async function edgeWith(password: string | null, settings: Parameters<typeof startTestEdge>[0] = {}) {
  const passwordHash = password === null ? null : await hashPassword(password);
  const registered = { registration: 'accepted' as const, heartbeatInterval: null, deleted: false };
  const chargePoints = ['CP1', 'CP:1', 'CP 2'].map((chargePointId) => ({ chargePointId, passwordHash, ...registered }));
  test = await startTestEdge({ ...settings, rows: { chargePoints } });
}

interface Tried {
  status: number;
  challenge?: string | undefined;
  retryAfter?: string | undefined;
}

/** What an attempt to connect is answered with; 101 when it is let in. */
function tried(id: string, credentials?: string | Buffer, headers: Record<string, string> = {}): Promise<Tried> {
  const given =
    credentials === undefined ? {} : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  const url = `${test.http.replace('http', 'ws')}/${encodeURIComponent(id)}`;
  const socket = new WebSocket(url, ['ocpp1.6'], { headers: { ...headers, ...given } });
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate();
      resolve({ status: 101 });
    });
    socket.on('unexpected-response', (request, { statusCode = 0, headers: answered }) => {
      request.destroy();
      resolve({ status: statusCode, challenge: answered['www-authenticate'], retryAfter: answered['retry-after'] });
    });
    socket.on('error', reject);
  });
}

describe('a charge point with a password', () => {
  it('is slowed down after some wrong ones: only from its address, only for its identity', async () => {
    await edgeWith(PLAIN, { settings: { trustedProxies: 1 } });
    const from = (address: string) => ({ 'X-Forwarded-For': `1.2.3.4, ${address}` });
    for (let i = 0; i < 6; i++) expect((await tried('CP1', 'CP1:wrong', from('10.0.0.1'))).status).toBe(401);
    // Each further one doubles the wait: long enough for what follows, also on a busy machine.
    for (const seconds of [1, 2]) {
      await sleep(seconds * 1_000 + 100);
      expect((await tried('CP1', 'CP1:wrong', from('10.0.0.1'))).status).toBe(401);
    }
    const blocked = await tried('CP1', `CP1:${PLAIN}`, from('10.0.0.1'));
    expect(blocked.status).toBe(429);
    expect(Number(blocked.retryAfter)).toBeGreaterThan(0);
    expect((await tried('CP1', `CP1:${PLAIN}`, from('10.0.0.2'))).status).toBe(101);
    expect((await tried('CP:1', `CP:1:${PLAIN}`, from('10.0.0.1'))).status).toBe(101);
  });

  it('never has its password logged', async () => {
    await edgeWith(PLAIN);
    await tried('CP1', `CP1:${PLAIN}`);
    await tried('CP1', 'CP1:also secret');
    const log = JSON.stringify(test.logged);
    expect(log).toContain('401');
    for (const secret of [PLAIN, 'also secret', Buffer.from(`CP1:${PLAIN}`).toString('base64')]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('a charge point without a password', () => {
  it('is let in where authentication is optional, and not where it is required', async () => {
    await edgeWith(null);
    expect((await tried('CP1')).status).toBe(101);
    await test.close();
    await edgeWith(null, { settings: { authentication: 'required' } });
    expect((await tried('CP1')).status).toBe(401);
    expect((await tried('NEW', 'NEW:x')).status).toBe(401);
  });
});
