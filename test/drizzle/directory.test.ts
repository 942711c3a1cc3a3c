import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { decideChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { putIdTags, removeIdTag, type IdTagFields, type IdTagView } from '../../drizzle/queries/idTagRegister.ts';
import { findIdTags, idTagKey, readIdTagChanges, readIdTagPage } from '../../drizzle/queries/idTags.ts';
import { findChargePoints, readChargePointChanges } from '../../drizzle/queries/registrations.ts';
import { takeTransactionIdBlock } from '../../drizzle/queries/transactionIds.ts';
import { idTag } from '../../drizzle/schema.ts';
import { createWriter } from '../../drizzle/writer.ts';
import { input, log, newChargePointId, open, T0 } from './support.ts';

let database: Database;
let breaker: Breaker;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  await database.run((db) => db.delete(idTag));
  breaker = createBreaker({ database, log });
});
afterAll(async () => {
  breaker.close();
  await database.close();
});

/** Creates the id tag, or replaces all of it. */
async function saveIdTag(tag: Partial<IdTagView> & { idTag: string }): Promise<void> {
  const blank = {
    status: 'Accepted',
    expiryDate: null,
    parentIdTag: null,
    singleTransaction: false,
    note: null,
  } as const;
  await putIdTags(database, [{ ...blank, ...tag }], Object.keys(blank) as (keyof IdTagFields)[]);
}

describe('id tags', () => {
  it('are found without regard to case and shown as they were entered', async () => {
    await saveIdTag({ idTag: 'AbCd', expiryDate: T0, parentIdTag: 'Group' });
    expect(await findIdTags(database, [idTagKey('aBcD'), 'UNKNOWN'])).toEqual([
      {
        key: 'ABCD',
        idTag: 'AbCd',
        singleTransaction: false,
        status: 'Accepted',
        expiryDate: T0,
        parentIdTag: 'Group',
        deleted: false,
      },
    ]);
    await saveIdTag({ idTag: 'abcd', status: 'Blocked' });
    expect(await findIdTags(database, ['ABCD'])).toMatchObject([
      { idTag: 'abcd', status: 'Blocked', expiryDate: null },
    ]);
  });

  it('are paged in the order of their keys', async () => {
    for (const text of ['p3', 'p1', 'p2']) await saveIdTag({ idTag: text });
    const first = await readIdTagPage(database, 'P', 2);
    expect(first.map(({ key }) => key)).toEqual(['P1', 'P2']);
    expect((await readIdTagPage(database, 'P2', 1)).map(({ key }) => key)).toEqual(['P3']);
    expect((await readIdTagPage(database, null, 1)).map(({ key }) => key)).toEqual(['ABCD']);
  });

  it('tell what changed since a mark, deletions included', async () => {
    const { rows, mark } = await readIdTagChanges(database, null);
    expect(rows).toEqual([]);

    await saveIdTag({ idTag: 'changed' });
    const first = await readIdTagChanges(database, mark);
    expect(first.rows).toMatchObject([{ key: 'CHANGED', deleted: false }]);

    expect(await removeIdTag(database, 'Changed')).toBe(true);
    const second = await readIdTagChanges(database, first.mark);
    expect(second.rows).toMatchObject([{ key: 'CHANGED', deleted: true }]);
    expect((await readIdTagChanges(database, second.mark)).rows).toEqual([]);
  });
});

describe('charge points', () => {
  it('count as changed when an operator changes them, not when their actor does', async () => {
    const chargePointId = newChargePointId();
    const { mark } = await readChargePointChanges(database, null);
    await decideChargePoint(database, chargePointId, { registration: 'pending', heartbeatInterval: 60 });
    const first = await readChargePointChanges(database, mark);
    expect(first.rows).toEqual([
      {
        chargePointId,
        registration: 'pending',
        heartbeatInterval: 60,
        passwordHash: null,
        nextPasswords: [],
        deleted: false,
      },
    ]);

    const writer = createWriter({ database, breaker, log });
    const nothing = { vendor: null, model: null, serialNumber: null, firmwareVersion: null, iccid: null, imsi: null };
    const never = { meterType: null, meterSerialNumber: null, lastBootAt: null, onlineSince: null, offlineSince: null };
    const actors = {
      chargePointId,
      ...nothing,
      ...never,
      registration: null,
      online: true,
      lastSeenAt: T0,
      version: 1,
    };
    await writer.persist(input(chargePointId, [], { chargePoint: actors }));
    const second = await readChargePointChanges(database, first.mark);
    expect(second.rows).toEqual([]);

    await decideChargePoint(database, chargePointId, { registration: 'accepted' });
    expect((await readChargePointChanges(database, second.mark)).rows).toMatchObject([{ registration: 'accepted' }]);
    expect(await findChargePoints(database, [chargePointId])).toMatchObject([{ heartbeatInterval: 60 }]);
  });
});

describe('transaction ids', () => {
  it('come in blocks that nobody shares', async () => {
    const [a, b] = await Promise.all([takeTransactionIdBlock(database), takeTransactionIdBlock(database)]);
    expect(a.last - a.first).toBe(9_999);
    expect(Math.abs(a.first - b.first)).toBeGreaterThanOrEqual(10_000);
    expect(a.first % 10_000).toBe(1);
  });
});
