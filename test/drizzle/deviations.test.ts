import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createBreaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { listDeviations, listVendorDeviations } from '../../drizzle/queries/deviations.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import { chargePointRow, input, later, log, messageEvent, newChargePointId, open, T0 } from './support.ts';

let database: Database;
let writer: Writer;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  writer = createWriter({ database, breaker: createBreaker({ database, log }), log });
});

afterAll(() => database.close());

/** A charge point whose messages were noted in turn like this. */
async function noted(vendor: string | null, ...notes: string[][]): Promise<string> {
  const id = newChargePointId();
  const events = notes.map((of, index) => messageEvent(index + 1, of.length > 0 ? { notes: of } : {}));
  await writer.persist(input(id, events, { chargePoint: chargePointRow(id, 1, { vendor, model: `of ${id}` }) }));
  return id;
}

it('deviations are told by charge point, or summed over those of a vendor, the most frequent first', async () => {
  const [vendor, other] = [`Acme ${newChargePointId()}`, `Other ${newChargePointId()}`];
  const first = await noted(vendor, ['noZone: a', 'unreadableTime: b'], [], ['noZone: c']);
  const second = await noted(vendor, ['noZone: d'], [], [], ['noZone: e: f']);
  await noted(other, ['noZone: g']);

  const vendors = (await listVendorDeviations(database, { from: T0 })).filter((row) =>
    [vendor, other].includes(row.vendor ?? ''),
  );
  expect(vendors).toEqual([
    { vendor, name: 'noZone', count: 4, chargePoints: 2, lastAt: later(4), example: 'noZone: e: f' },
    { vendor, name: 'unreadableTime', count: 1, chargePoints: 1, lastAt: later(1), example: 'unreadableTime: b' },
    { vendor: other, name: 'noZone', count: 1, chargePoints: 1, lastAt: later(1), example: 'noZone: g' },
  ]);

  const model = `of ${first}`;
  expect(await listDeviations(database, { chargePointId: first, from: T0 })).toEqual([
    { chargePointId: first, vendor, model, name: 'noZone', count: 2, lastAt: later(3), example: 'noZone: c' },
    {
      chargePointId: first,
      vendor,
      model,
      name: 'unreadableTime',
      count: 1,
      lastAt: later(1),
      example: expect.any(String),
    },
  ]);
  expect(await listVendorDeviations(database, { chargePointId: second, from: later(2) })).toMatchObject([
    { vendor, name: 'noZone', count: 1, chargePoints: 1 },
  ]);
});

it('deviations of charge points that never said whose they are have no vendor', async () => {
  const id = await noted(null, ['noZone: a']);
  expect(await listVendorDeviations(database, { chargePointId: id, from: T0 })).toMatchObject([
    { vendor: null, name: 'noZone', count: 1 },
  ]);
});
