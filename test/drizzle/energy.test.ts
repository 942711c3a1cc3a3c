import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { readBirth, readTransactions } from '../../drizzle/queries/chargePoint.ts';
import { findTransaction, listTransactions } from '../../drizzle/queries/transactions.ts';
import { createWriter } from '../../drizzle/writer.ts';
import { withEnergy } from '../../workflows/state/energy.ts';
import {
  chargePointRow,
  input,
  later,
  log,
  meterValuesEvent,
  newChargePointId,
  open,
  transactionRow,
} from './support.ts';

let database: Database;
let breaker: Breaker;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  breaker = createBreaker({ database, log });
});
afterAll(async () => {
  breaker.close();
  await database.close();
});

it('counts energy by the register across the border of two hours, and never less than nothing', async () => {
  const id = newChargePointId();
  const readings: [time: string, wh: number][] = [
    ['10:10', 1000],
    ['10:50', 1400],
    ['11:05', 1700], // 300 Wh flowed between 10:50 and 11:05
    ['11:55', 2000],
    ['14:30', 2600], // nothing was read for two hours
    ['15:10', 5], // another meter
    ['15:40', 105],
    ['16:10', 205],
  ];
  const events = readings.map(([time, wh], index) =>
    meterValuesEvent(index + 1, [String(wh)], { at: `2026-01-05T${time}:00.000Z` }),
  );
  await createWriter({ database, breaker, log }).persist(input(id, events));

  const energy = () =>
    database.run((db) =>
      db.execute(sql`
        select to_char(hour, 'HH24') as hour, energy_wh as wh from energy_per_hour where charge_point_id = ${id} order by 1`),
    );
  const expected = [
    { hour: '10', wh: 400 },
    { hour: '11', wh: 600 },
    { hour: '14', wh: 600 },
    { hour: '15', wh: 100 },
    { hour: '16', wh: 100 },
  ];
  expect(await energy()).toEqual(expected);

  await database.run(
    (db) => db.execute(sql`call refresh_continuous_aggregate('energy_hour', '2026-01-05', '2026-01-06')`),
    20_000,
  );
  expect(await energy()).toEqual(expected);
});

it("keeps a transaction's energy with its source, its doubts and what it was reckoned from", async () => {
  const id = newChargePointId();
  const readings = {
    register: [
      [later(60), 5_400],
      [later(120), 12],
      [later(180), 40.5],
      [later(240), 80],
    ] as [string, number][],
    power: { countedWh: 0.25, newest: [[later(60), 11_000]] as [string, number][] },
    begin: [later(1), 5_000] as [string, number],
  };
  const running = transactionRow(1, 1, { meterStart: 5_000, readings, parentIdTag: 'FLEET' });
  const ended = withEnergy({ ...running, transactionId: 2, end: 'station', stoppedAt: later(300), meterStop: 90 });
  const rest = { chargePoint: chargePointRow(id, 1), transactions: [running, ended] };
  await createWriter({ database, breaker, log }).persist(input(id, [], rest));

  const view = { energyWh: 400 + 78, energySource: 'readings', parentIdTag: 'FLEET', notes: ended.notes };
  expect(ended.notes.join()).toContain('counted in two parts');
  const found = await findTransaction(database, id, 2);
  expect(found).toMatchObject(view);
  expect(found).not.toHaveProperty('readings');
  const { items } = await listTransactions(database, { chargePointId: id }, { limit: 10 });
  expect(items.map(({ energyWh, energySource }) => [energyWh, energySource])).toEqual([
    [478, 'readings'],
    [null, null],
  ]);

  // An actor that is born again goes on from them.
  const { transactions } = await readBirth(database, id);
  expect(transactions.find(({ transactionId }) => transactionId === 1)).toEqual({ ...running, energySource: null });
  expect(await readTransactions(database, id, [2])).toEqual([ended]);
});
