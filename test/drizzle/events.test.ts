import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createBreaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import { chargePointRow, input, log, messageEvent, newChargePointId, open, transactionRow } from './support.ts';

let database: Database;
let writer: Writer;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  writer = createWriter({ database, breaker: createBreaker({ database, log }), log });
});

afterAll(() => database.close());

async function eventsOf(id: string) {
  const rows = await database.run((db) =>
    db.execute<{ kind: string; data: string }>(
      sql`select kind, data::text as data from event where charge_point_id = ${id} order by xid, id`,
    ),
  );
  return rows.map(({ kind, data }) => ({ kind, ...(JSON.parse(data) as Record<string, unknown>) }));
}

it('a change is told once, however often it is persisted', async () => {
  const id = newChargePointId();
  const payload = { connectorId: 1, status: 'Charging', errorCode: 'NoError' };
  const persisted = input(id, [messageEvent(1, { action: 'StatusNotification', payload })], {
    chargePoint: chargePointRow(id, 1, { online: true, onlineSince: '2026-03-01T10:00:00.000Z' }),
    transactions: [transactionRow(7, 1)],
  });
  await writer.persist(persisted);
  await writer.persist(persisted);
  expect(await eventsOf(id)).toEqual([
    expect.objectContaining({ kind: 'presence', online: true, onlineSince: '2026-03-01T10:00:00.000Z' }),
    expect.objectContaining({ kind: 'status', connectorId: 1, status: 'Charging', errorCode: 'NoError' }),
    expect.objectContaining({ kind: 'transaction', transactionId: 7 }),
  ]);
});

it('what only time has touched is no event: a station seen again, a further reading of a transaction', async () => {
  const id = newChargePointId();
  const online = { online: true, onlineSince: '2026-03-01T10:00:00.000Z' };
  const first = { chargePoint: chargePointRow(id, 1, online), transactions: [transactionRow(7, 1)] };
  await writer.persist(input(id, [], first));
  const seen = chargePointRow(id, 2, { ...online, lastSeenAt: '2026-03-01T11:00:00.000Z' });
  await writer.persist(
    input(id, [], { chargePoint: seen, transactions: [{ ...transactionRow(7, 2), lastReadingWh: 5 }] }),
  );
  expect((await eventsOf(id)).map(({ kind }) => kind)).toEqual(['presence', 'transaction']);
  const stopped = { ...transactionRow(7, 3), end: 'station' as const, meterStop: 10 };
  await writer.persist(input(id, [], { transactions: [stopped] }));
  expect((await eventsOf(id)).at(-1)).toMatchObject({ kind: 'transaction', end: 'station', meterStop: 10 });
  const read = { ...stopped, version: 4, energyWh: 10, energySource: 'readings' as const };
  await writer.persist(input(id, [], { transactions: [read] }));
  expect((await eventsOf(id)).at(-1)).toMatchObject({ end: 'station', energyWh: 10, energySource: 'readings' });
});

it('the samples of one MeterValues are one event', async () => {
  const id = newChargePointId();
  const at = '2026-03-01T10:00:00.000Z';
  const sampledValue = [
    { value: '1.5', unit: 'kWh' },
    { value: '16', measurand: 'Current.Import', phase: 'L1', unit: 'A' },
  ];
  const payload = { connectorId: 2, meterValue: [{ timestamp: at, at, sampledValue }] };
  await writer.persist(input(id, [messageEvent(1, { action: 'MeterValues', payload })]));
  expect(await eventsOf(id)).toEqual([
    expect.objectContaining({
      kind: 'meterValues',
      connectorId: 2,
      samples: [
        expect.objectContaining({ value: '1.5', normalised: 1500, normalisedUnit: 'Wh' }),
        expect.objectContaining({ value: '16', measurand: 'Current.Import', phase: 'L1' }),
      ],
    }),
  ]);
});
