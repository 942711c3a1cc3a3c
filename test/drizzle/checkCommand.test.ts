import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkCommand } from '../../activities/checkCommand.ts';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { idTag } from '../../drizzle/schema.ts';
import { createWriter } from '../../drizzle/writer.ts';
import type { Transaction } from '../../workflows/state/model.ts';
import { input, log, newChargePointId, open, transactionRow } from './support.ts';

let database: Database;
let breaker: Breaker;
let check: ReturnType<typeof checkCommand>;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  breaker = createBreaker({ database, log });
  check = checkCommand({ database, idTags: { unknownIdTags: 'invalid', offlineUnknownTags: 'accept' } });
});
afterAll(async () => {
  breaker.close();
  await database.close();
});

describe('a RemoteStartTransaction', () => {
  /** An id tag that is charging; resolves to it and its charge point. */
  async function charging(singleTransaction: boolean, fields: Partial<Transaction> = {}) {
    const [tag, chargePointId] = [randomUUID().slice(0, 20), newChargePointId()];
    await database.run((db) => db.insert(idTag).values({ key: tag.toUpperCase(), idTag: tag, singleTransaction }));
    const began = { idTag: tag.toUpperCase(), startedAt: new Date().toISOString(), ...fields };
    const writer = createWriter({ database, breaker, log });
    await writer.persist(input(chargePointId, [], { transactions: [transactionRow(42, 1, began)] }));
    return { tag, chargePointId };
  }
  const start = (chargePointId: string, payload: object, options = {}) =>
    check({ chargePointId, action: 'RemoteStartTransaction', payload, options });

  it('of a tag that charges elsewhere, and may at one place only, is refused with the place', async () => {
    const { tag, chargePointId } = await charging(true);
    const other = newChargePointId();
    for (const payload of [{ idTag: tag }, { idTag: tag.toUpperCase(), connectorId: 1 }]) {
      const { refusal } = await start(other, payload);
      expect(refusal).toMatch(/would be answered ConcurrentTx/);
      expect(refusal).toContain(`charge point ${chargePointId} in transaction 42`);
      expect(refusal).toContain('grantIdTag');
      expect(await start(other, payload, { grantIdTag: true })).toEqual({});
    }
    expect((await start(chargePointId, { idTag: tag, connectorId: 2 })).refusal).toMatch(/ConcurrentTx/);
  });

  it('is not where the start may be answered Accepted', async () => {
    const { tag, chargePointId } = await charging(true);
    // The end of what is open there was lost, or the charge point has another connector.
    expect(await start(chargePointId, { idTag: tag, connectorId: 1 })).toEqual({});
    expect(await start(chargePointId, { idTag: tag })).toEqual({});
    for (const { tag: free } of [
      await charging(false),
      await charging(true, { end: 'station' }),
      await charging(true, { idTagStatus: 'Invalid' }),
    ]) {
      expect(await start(newChargePointId(), { idTag: free })).toEqual({});
    }
  });
});

describe('a ReserveNow', () => {
  it('is refused when the reservation is over', async () => {
    const reserve = (expiryDate: string) =>
      check({
        chargePointId: newChargePointId(),
        action: 'ReserveNow',
        payload: { connectorId: 1, idTag: 'TAG', reservationId: 1, expiryDate },
      });
    expect((await reserve(new Date().toISOString())).refusal).toMatch(/expiryDate: it is over.*§5\.13/);
    expect(await reserve('2099-12-31T22:00:00Z')).toEqual({});
  });
});
