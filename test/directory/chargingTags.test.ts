import { describe, expect, it } from 'vitest';
import { ChargingTags, type OpenTransaction } from '../../src/directory/chargingTags.ts';
import type { IdTagRow } from '../../src/directory/directory.ts';

const TAG: IdTagRow = {
  key: 'ABC',
  idTag: 'Abc',
  status: 'Accepted',
  expiryDate: null,
  parentIdTag: null,
  singleTransaction: true,
  deleted: false,
};
const at = (chargePointId: string, transactionId: number, connectorId = 1): OpenTransaction => ({
  chargePointId,
  connectorId,
  transactionId,
});

describe('a tag that may charge at one place only', () => {
  it('charges elsewhere by what the database has, or by what was answered a moment ago', async () => {
    const stored: OpenTransaction[] = [];
    const tags = new ChargingTags(() => Promise.resolve(stored));
    expect(await tags.start(TAG, at('A', 1))).toBe(false);
    expect(await tags.start(TAG, at('B', 2))).toBe(true);
    tags.stopped('A', 1);
    expect(await tags.start(TAG, at('B', 3))).toBe(false);
    stored.push(at('C', 9));
    expect(await tags.start(TAG, at('B', 4))).toBe(true);
  });

  it('is not held by a start that was refused, nor by its own connector, whose last end was lost', async () => {
    const tags = new ChargingTags(() => Promise.resolve([at('A', 1)]));
    expect(await tags.start(TAG, at('B', 2))).toBe(true);
    expect(await tags.start(TAG, at('A', 3))).toBe(false);
    expect(await tags.start(TAG, at('A', 4, 2))).toBe(true);
  });

  it('is not freed by a stop of another charge point', async () => {
    const tags = new ChargingTags(() => Promise.resolve([]));
    await tags.start(TAG, at('A', 1));
    tags.stopped('B', 1);
    expect(await tags.start(TAG, at('C', 2))).toBe(true);
  });

  it('is not judged where the database cannot say', async () => {
    const tags = new ChargingTags(() => Promise.reject(new Error('away')));
    expect(await tags.start(TAG, at('A', 1))).toBeUndefined();
    expect(await tags.start(TAG, at('B', 2))).toBe(true);
  });
});
