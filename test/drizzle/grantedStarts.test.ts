import { afterAll, beforeAll, describe, expect, it, inject } from 'vitest';
import { readGrantedStarts } from '../../drizzle/queries/grantedStarts.ts';
import type { Command, Transaction } from '../../workflows/state/model.ts';
import { input, later, newChargePointId, openStore, type Store, T0, transactionRow } from './support.ts';

let stored: Store;

beforeAll(async () => {
  stored = await openStore(inject('databaseUrl'));
});
afterAll(() => stored.close());

const START = { connectorId: 1, idTag: 'guest', timestamp: T0, meterStart: 0 };

async function store(chargePointId: string, commands: Partial<Command>[], transactions: Partial<Transaction>[] = []) {
  const rows = commands.map((fields, i) => ({ ...remoteStart, commandId: `c${i}`, version: 1, ...fields }));
  const begun = transactions.map((fields, i) => transactionRow(i + 1, 1, { idTag: 'GUEST', ...fields }));
  await stored.writer.persist(input(chargePointId, [], { commands: rows, transactions: begun }));
}

describe('granted starts', () => {
  it('are those that have not ended, with the time that their command gives them', async () => {
    const id = newChargePointId();
    const sentAt = later(1);
    await store(id, [
      { state: 'sent', sentAt },
      { state: 'timedOut', sentAt, options: { grantIdTag: true, effectWithinMs: 3_660_000 } },
      { payload: { idTag: 'GUEST', connectorId: 2 } },
      { state: 'sent', sentAt, options: null },
      { state: 'sent', sentAt, action: 'ReserveNow' },
      { state: 'rejected', sentAt, endedAt: later(2) },
    ]);
    expect(await readGrantedStarts(stored.database, id, undefined)).toEqual([
      { commandId: 'c0', idTag: 'GUEST', connectorId: undefined, isSent: true, until: later(301) },
      { commandId: 'c1', idTag: 'GUEST', connectorId: undefined, isSent: true, until: later(3_661) },
      { commandId: 'c2', idTag: 'GUEST', connectorId: 2, isSent: false, until: later(60) },
    ]);
    expect(await readGrantedStarts(stored.database, newChargePointId(), START)).toEqual([]);
  });

  it('are also those completed by the very same start, for a day, while that goes on', async () => {
    const requestedAt = new Date(Date.now() - 60_000).toISOString();
    const endedAt = new Date(Date.now() - 30_000).toISOString();
    const completed = { state: 'completed', requestedAt, sentAt: requestedAt, endedAt } as const;
    const id = newChargePointId();
    await store(id, [completed, { ...completed, requestedAt: T0 }, { ...completed, state: 'notObserved' }], [{}]);
    const found = await readGrantedStarts(stored.database, id, START);
    expect(found).toMatchObject([{ commandId: 'c0', isSent: true }]);
    expect(Date.parse(found[0]!.until)).toBe(Date.parse(endedAt) + 24 * 3_600_000);
    for (const other of [{ connectorId: 2 }, { idTag: 'OTHER' }, { timestamp: later(1) }, { meterStart: 1 }]) {
      expect(await readGrantedStarts(stored.database, id, { ...START, ...other })).toEqual([]);
    }
    expect(await readGrantedStarts(stored.database, id, undefined)).toEqual([]);

    for (const fields of [{ end: 'station' as const }, { idTagStatus: 'Invalid' }]) {
      const another = newChargePointId();
      await store(another, [completed], [fields]);
      expect(await readGrantedStarts(stored.database, another, START)).toEqual([]);
    }
  });
});

const remoteStart: Omit<Command, 'commandId' | 'version'> = {
  action: 'RemoteStartTransaction',
  payload: { idTag: 'GUEST' },
  state: 'queued',
  reason: null,
  via: 'rest',
  options: { grantIdTag: true },
  requestedBy: null,
  requestedAt: T0,
  deadline: later(60),
  sentAt: null,
  connection: null,
  answer: null,
  answeredAt: null,
  outcome: null,
  endedAt: null,
};
