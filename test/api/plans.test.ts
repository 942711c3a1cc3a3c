import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { listChargePoints, listConnectors } from '../../drizzle/queries/chargePoints.ts';
import { findClockOffset } from '../../drizzle/queries/clockOffset.ts';
import { listDeviations } from '../../drizzle/queries/deviations.ts';
import {
  chargePointsOfCommand,
  findCommand,
  listCommands,
  unfinishedCommands,
} from '../../drizzle/queries/commands.ts';
import { lacksEventsAfter, readEventsAfter } from '../../drizzle/queries/events.ts';
import { listFirmwareEvents } from '../../drizzle/queries/firmwareEvents.ts';
import { findIdTag, listIdTags } from '../../drizzle/queries/idTagRegister.ts';
import { listDeadEvents, listMessages } from '../../drizzle/queries/messages.ts';
import { listEnergy, listMeterValues, summariseMeterValues } from '../../drizzle/queries/meterValues.ts';
import { findToken } from '../../drizzle/queries/tokens.ts';
import { listTransactions } from '../../drizzle/queries/transactions.ts';
import { open } from '../drizzle/support.ts';

const ROWS = 20_000;
const prefix = `api-plans-${Date.now().toString(36)}`;
const id = `${prefix}-7`;
const T = '2026-01-02T03:04:05.000Z';
let database: Database;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  const fill = (statement: string) => database.run((db) => db.execute(sql.raw(statement)), 60_000);
  await fill(`insert into charge_point (charge_point_id) select '${prefix}-' || n from generate_series(1, 2000) n`);
  await fill(`
    insert into transaction (charge_point_id, transaction_id, started_at, stopped_at, "end", id_tag, version)
    select '${prefix}-' || n % 20, n, now() - n * interval '1 minute', now(), 'station', 'T' || n % 100, 1 from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into command (charge_point_id, command_id, action, payload, state, via, requested_at, deadline, ended_at, version)
    select '${id}', n, 'Reset', '{}', 'completed', 'signal', now() - n * interval '1 hour', now(), now(), 1 from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into message (charge_point_id, received_at, at, journal, seq, connection, direction, kind)
    select '${prefix}-' || n % 20, now() - n * interval '10 seconds', now(), 1, n, '1-1', 'in', 'call' from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into meter_value (charge_point_id, at, journal, seq, index, received_at, connector_id, measurand, value, normalised, normalised_unit)
    select '${prefix}-' || n % 20, now() - n * interval '10 seconds', 1, n, 0, now(), 1, 'Energy.Active.Import.Register', n, n, 'Wh' from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into firmware_event (charge_point_id, at, journal, seq, action, status)
    select '${prefix}-' || n % 20, now() - n * interval '10 seconds', 1, n, 'FirmwareStatusNotification', 'Downloading' from generate_series(1, ${ROWS}) n`);
  await fill(
    `insert into event (charge_point_id, kind, data) select '${id}', 'status', '{}' from generate_series(1, ${ROWS}) n`,
  );
  await fill(
    `insert into id_tag (key, id_tag) select upper('${prefix}') || n, '${prefix}' || n from generate_series(1, ${ROWS}) n`,
  );
  await fill(`
    insert into dead_event (table_name, charge_point_id, key, reason, raw) select 'x', '${prefix}', n, '', '' from generate_series(1, ${ROWS}) n`);
  await fill(`
    insert into operator_token (id, name, role, hash, revoked_at) select '${prefix}' || n, '', 'viewer', '${prefix}' || n, now() from generate_series(1, ${ROWS}) n`);
  await fill('analyze');
}, 120_000);

afterAll(async () => {
  const ofChargePoints = ['transaction', 'command', 'message', 'meter_value', 'firmware_event', 'event', 'dead_event'];
  for (const table of ['charge_point', ...ofChargePoints]) {
    const statement = `delete from ${table} where charge_point_id like '${prefix}%'`;
    await database.run((db) => db.execute(sql.raw(statement)), 60_000);
  }
  await database.run((db) => db.execute(sql.raw(`delete from id_tag where id_tag like '${prefix}%'`)), 60_000);
  await database.run((db) => db.execute(sql.raw(`delete from operator_token where id like '${prefix}%'`)), 60_000);
  await database.close();
}, 120_000);

/** The plans of all statements that `work` sends, and how many rows they looked at to leave them out again. */
async function plansOf(work: (database: Database) => Promise<unknown>): Promise<{ plans: string; leftOut: number }> {
  const client = postgres(inject('databaseUrl'), { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  const statements: { query: string; params: unknown[] }[] = [];
  const db = drizzle(client, { logger: { logQuery: (query, params) => statements.push({ query, params }) } });
  await work({ run: (query) => query(db), close: () => client.end() });
  const lines: string[] = [];
  for (const { query, params } of statements) {
    const plan = await client.unsafe(`explain analyze ${query}`, params as string[]);
    lines.push(...plan.map((row) => String(row['QUERY PLAN'])));
  }
  await client.end();
  const plans = lines.join('\n');
  const leftOut = [...plans.matchAll(/Rows Removed by Filter: (\d+)/g)].reduce(
    (sum, [, rows]) => sum + Number(rows),
    0,
  );
  return { plans, leftOut };
}

const key = (...values: (string | number)[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
const now = () => new Date().toISOString();
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

describe('with many rows', () => {
  it.each<[string, (db: Database) => Promise<unknown>]>([
    ['charge points', (db) => listChargePoints(db, {}, { after: key(id), limit: 10 })],
    ['connectors', (db) => listConnectors(db, id, { after: key(1), limit: 10 })],
    ["a charge point's transactions", (db) => listTransactions(db, { chargePointId: id }, { limit: 10 })],
    ['transactions, a later page', (db) => listTransactions(db, {}, { after: key(id, ago(1), 5), limit: 10 })],
    ['transactions of an id tag', (db) => listTransactions(db, { idTag: 'T7' }, { limit: 10 })],
    ['transactions of one day', (db) => listTransactions(db, { from: ago(48), to: ago(24) }, { limit: 10 })],
    ['commands', (db) => listCommands(db, id, {}, { after: key(ago(24), '5'), limit: 10 })],
    ['a command', (db) => findCommand(db, id, '5')],
    ['whose command it is', (db) => chargePointsOfCommand(db, '5')],
    ['unfinished commands', (db) => unfinishedCommands(db, id)],
    ['messages', (db) => listMessages(db, id, {}, { after: key(ago(24), 1, 5), limit: 10 })],
    ['firmware events', (db) => listFirmwareEvents(db, id, {}, { after: key(ago(24), 1, 5), limit: 10 })],
    ['how wrong a clock is', (db) => findClockOffset(db, id)],
    ["a charge point's deviations", (db) => listDeviations(db, { chargePointId: id, from: ago(24) })],
    ['meter values', (db) => listMeterValues(db, id, {}, { after: key(ago(24), 1, 5, 0), limit: 10 })],
    [
      'meter values per interval',
      (db) => summariseMeterValues(db, id, { from: ago(2), to: now() }, 900, { limit: 10 }),
    ],
    ['id tags', (db) => listIdTags(db, {}, { after: key(prefix.toUpperCase()), limit: 10 })],
    ['an id tag', (db) => findIdTag(db, `${prefix}7`)],
    ['dead events', (db) => listDeadEvents(db, {}, { after: key(1_000_000), limit: 10 })],
    ['events', (db) => readEventsAfter(db, '0-0', {}, 10)],
    ['whether events are missing', (db) => lacksEventsAfter(db, '9-9')],
    ['a token', (db) => findToken(db, `${prefix}7`)],
  ])('%s: goes by indexes, and looks at few rows besides', async (_, work) => {
    const { plans, leftOut } = await plansOf(work);
    expect(plans).toContain('Index');
    // Chunks that hold few rows are read as they are.
    expect(leftOut).toBeLessThan(1_500);
    expect(plans).not.toMatch(/Seq Scan on (?!_hyper|compress)/);
  });

  it('energy per hour reads one charge point', async () => {
    const { plans } = await plansOf((db) => listEnergy(db, id, { from: T, to: now(), per: 'hour' }, { limit: 10 }));
    expect(plans).toContain('Index');
  });
});
