import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { entry, tag } from './rows.ts';
import { rule } from './rule.ts';

let test: TestEdge;
let client: Client;

const PAST = '2026-01-01T01:00:00+01:00';
const FUTURE = '2199-01-01T01:00:00+01:00';
const elsewhere = { chargePointId: 'OTHER', connectorId: 1, transactionId: 7 };

beforeAll(async () => {
  test = await startTestEdge({
    rows: {
      chargePoints: [entry('CP1', 'accepted')],
      idTags: [
        tag('Good'),
        tag('BLOCKED', { status: 'Blocked' }),
        tag('INVALID', { status: 'Invalid' }),
        tag('EXPIRED', { status: 'Expired' }),
        tag('GONE', { deleted: true }),
        tag('OLD', { expiryDate: PAST }),
        tag('OLD-BLOCKED', { status: 'Blocked', expiryDate: PAST }),
        tag('YOUNG', { expiryDate: FUTURE }),
        tag('CHILD', { parentIdTag: 'Family' }),
        tag('SIBLING', { parentIdTag: 'Family', status: 'Blocked' }),
        tag('ORPHAN', { parentIdTag: 'x'.repeat(21) }),
        tag('SINGLE', { singleTransaction: true }),
        tag('MANY'),
        tag('a"\\ü✓\u{1F50C} <\t'),
        tag('x'.repeat(20)),
      ],
      openTransactions: [
        { key: 'SINGLE', ...elsewhere },
        { key: 'MANY', ...elsewhere },
      ],
    },
  });
  client = await test.connect('/CP1');
});
afterAll(() => test.close());

const authorize = async (idTag: string) => {
  const [type, , answer] = await client.call('Authorize', { idTag });
  expect(type).toBe(3);
  return (answer as { idTagInfo: object }).idTagInfo;
};
let connectors = 0;
const start = async (idTag: string) => {
  const payload = { connectorId: ++connectors, idTag, meterStart: 0, timestamp: new Date().toISOString() };
  const [type, , answer] = await client.call('StartTransaction', payload);
  expect(type).toBe(3);
  return answer as { transactionId: number; idTagInfo: { status: string } };
};

describe('an idTag', () => {
  rule(42, async () => {
    const expected = {
      Good: 'Accepted',
      BLOCKED: 'Blocked',
      EXPIRED: 'Expired',
      INVALID: 'Invalid',
      NOBODY: 'Invalid',
    };
    for (const [idTag, status] of Object.entries({ ...expected, GONE: 'Invalid' })) {
      expect([idTag, await authorize(idTag)]).toEqual([idTag, { status }]);
      const { transactionId, idTagInfo } = await start(idTag);
      expect([idTag, idTagInfo]).toEqual([idTag, { status }]);
      expect(transactionId).toBeGreaterThan(0);
    }
  });

  rule(42, 'ConcurrentTx', async () => {
    expect(await authorize('single')).toEqual({ status: 'Accepted' });
    expect(await start('single')).toMatchObject({
      transactionId: expect.any(Number),
      idTagInfo: { status: 'ConcurrentTx' },
    });
    expect((await start('MANY')).idTagInfo.status).toBe('Accepted');
  });

  rule(42, 'ConcurrentTx counts what was answered a moment ago, until it is stopped', async () => {
    test.rows.idTags.push(tag('QUICK', { singleTransaction: true }));
    const first = await start('QUICK');
    expect(first.idTagInfo.status).toBe('Accepted');
    const second = await start('QUICK');
    expect(second.idTagInfo.status).toBe('ConcurrentTx');
    for (const { transactionId } of [first, second]) {
      await client.call('StopTransaction', { transactionId, meterStop: 1, timestamp: new Date().toISOString() });
    }
    expect((await start('QUICK')).idTagInfo.status).toBe('Accepted');
  });

  rule(43, async () => {
    for (const idTag of ['good', 'GOOD', 'a"\\ü✓\u{1F50C} <\t', 'X'.repeat(20)]) {
      expect([idTag, await authorize(idTag)]).toEqual([idTag, { status: 'Accepted' }]);
    }
    for (const idTag of ['x'.repeat(21), 'x'.repeat(10_000), '', ' good']) {
      expect([idTag, await authorize(idTag)]).toEqual([idTag, { status: 'Invalid' }]);
      expect((await start(idTag)).idTagInfo).toEqual({ status: 'Invalid' });
    }
  });

  rule(44, async () => {
    expect(await authorize('CHILD')).toEqual({ status: 'Accepted', parentIdTag: 'Family' });
    expect(await authorize('SIBLING')).toEqual({ status: 'Blocked', parentIdTag: 'Family' });
    expect(await authorize('ORPHAN')).toEqual({ status: 'Accepted' });
    expect(await authorize('Family')).toEqual({ status: 'Invalid' });
  });

  rule(44, 'another tag of the group stops', async () => {
    const { transactionId } = await start('CHILD');
    const stop = { transactionId, idTag: 'SIBLING', meterStop: 1, timestamp: new Date().toISOString() };
    const [type, , answer] = await client.call('StopTransaction', stop);
    expect([type, answer]).toEqual([3, { idTagInfo: { status: 'Blocked', parentIdTag: 'Family' } }]);
  });

  rule(45, async () => {
    expect(await authorize('OLD')).toEqual({ status: 'Expired', expiryDate: '2026-01-01T00:00:00.000Z' });
    expect(await authorize('OLD-BLOCKED')).toMatchObject({ status: 'Blocked' });
    expect(await authorize('YOUNG')).toEqual({ status: 'Accepted', expiryDate: '2199-01-01T00:00:00.000Z' });
    expect((await start('OLD')).idTagInfo).toMatchObject({ status: 'Expired' });
  });
});
