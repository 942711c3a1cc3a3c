/**
 * The writer's SQL. One statement stores the rows of all tables: a data-modifying CTE per table, each with its rows as
 * one JSON parameter. So it is one SQL transaction and one round trip, however many charge points are in it.
 */
import { getTableColumns, getTableName, sql, type Column, type SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { eventsOf, makesEvents } from './events.ts';
import type { Rows } from './rows.ts';
import * as schema from './schema.ts';

export type TableName = keyof Rows;

interface Target {
  sqlName: string;
  /** SQL before and after the parameter. */
  before: string;
  after: string;
  keyColumns: string[];
  jsonColumns: string[];
}

/** Tables in the order in which every writer locks their rows. */
export const TABLE_NAMES: TableName[] = [
  'message',
  'meterValue',
  'statusNotification',
  'heartbeat',
  'firmwareEvent',
  'securityEvent',
  'connection',
  'chargePoint',
  'connector',
  'transaction',
  'command',
  'actorStep',
  'deadEvent',
  'cursor',
];

const TARGETS: Record<TableName, Target> = {
  message: target(schema.message, ['chargePointId', 'receivedAt', 'journal', 'seq'], 'do nothing'),
  meterValue: target(schema.meterValue, ['chargePointId', 'at', 'journal', 'seq', 'index'], 'do nothing'),
  statusNotification: target(schema.statusNotification, ['chargePointId', 'at', 'journal', 'seq'], 'do nothing'),
  heartbeat: target(schema.heartbeat, ['chargePointId', 'at', 'journal', 'seq'], 'do nothing'),
  firmwareEvent: target(schema.firmwareEvent, ['chargePointId', 'at', 'journal', 'seq'], 'do nothing'),
  securityEvent: target(schema.securityEvent, ['chargePointId', 'at', 'journal', 'seq'], 'do nothing'),
  // Both ends of a connection may come in either order, and again: each is taken once.
  connection: target(
    schema.connection,
    ['chargePointId', 'connection'],
    `do update set ${['openedAt', 'taskQueue', 'remoteAddress', 'protocol', 'closedAt', 'closeCode', 'reason']
      .map((name) => quoted(columnOf(schema.connection, name).name))
      .map((column) => `${column} = coalesce(t.${column}, excluded.${column})`)
      .join(', ')}
     where t.opened_at is null and excluded.opened_at is not null
        or t.closed_at is null and excluded.closed_at is not null`,
  ),
  // The operator's columns are left out; registration is set on insert.
  chargePoint: target(schema.chargePoint, ['chargePointId'], 'newest', {
    never: ['heartbeatInterval', 'passwordHash', 'nextPasswords', 'labels', 'createdAt', 'deletedAt', 'changedXid'],
    insertOnly: ['registration'],
  }),
  connector: target(schema.connector, ['chargePointId', 'connectorId'], 'newest'),
  transaction: target(schema.transaction, ['chargePointId', 'transactionId'], 'newest', { notOfBehind: true }),
  command: target(schema.command, ['chargePointId', 'commandId'], 'newest'),
  // Of one number: what was done again. The same step stored again is the same row.
  actorStep: target(
    schema.actorStep,
    ['chargePointId', 'at'],
    `do update set ${['previous', 'clock', 'inputs', 'born', 'snapshot'].map((name) => `${name} = excluded.${name}`).join(', ')}`,
  ),
  deadEvent: target(schema.deadEvent, ['chargePointId', 'tableName', 'key'], 'do nothing', {
    never: ['id', 'createdAt'],
  }),
  cursor: target(
    schema.cursor,
    ['chargePointId', 'journal'],
    'do update set seq = excluded.seq where t.seq < excluded.seq',
    { notOfBehind: true },
  ),
};

/**
 * Returns the `id` of each charge point whose actor and database do not agree on what was seen, and what was `found`:
 * the actor is `behind` (rows that are there were left as they are), or the database is `lacking` events.
 *
 * @param rows JSON texts from `encode`, by table; empty ones are skipped
 * @param seen where the actors stand, as JSON texts `{ id, cursors, after }`
 */
export function storeStatement(rows: Partial<Record<TableName, string[]>>, seen: string[]): SQL {
  const stored = TABLE_NAMES.filter((name) => (rows[name] ?? []).length > 0);
  if (stored.length === 0) return sql`select null as id, null as found where false`;
  const inserts = stored.map((name) => {
    const { before, after } = TARGETS[name];
    return sql`${sql.raw(`stored_${TARGETS[name].sqlName} as (${before}`)}${`[${rows[name]?.join(',')}]`}${sql.raw(`${after})`)}`;
  });
  const events = eventsOf(stored.map(sqlNameOf));
  const all = events === undefined ? inserts : [...inserts, sql.raw(`stored_event as (${events})`)];
  const compared = sql`${sql.raw(SEEN_BEFORE)}${`[${seen.join(',')}]`}${sql.raw(SEEN_AFTER)}`;
  return sql`with ${sql.join([compared, ...all], sql.raw(', '))} select id, 'behind' as found from behind union all select id, 'lacking' from lacking`;
}

/**
 * Charge points whose actor has seen less than the database has: it was reset to an earlier point, or Temporal's store
 * is an older copy. What it makes of rows that are there is older than these, whatever their version: its events come
 * again, so its cursors stay where they are. And those of which the database lacks events that it had: it is an older
 * copy itself.
 */
const SEEN_BEFORE = `seen as (select * from json_to_recordset(`;
const SEEN_AFTER = `::json) as s (id text, cursors json, after json)), behind as (
  select s.id from seen as s where exists (
    select from cursor as c where c.charge_point_id = s.id
      and c.seq > coalesce((s.cursors ->> c.journal::text)::bigint, case when c.journal > coalesce(
        (select max(known::bigint) from json_object_keys(s.cursors) as known), 0) then 0 else c.seq end))), lacking as (
  select s.id from seen as s where exists (
    select from json_each_text(s.after) as a left join cursor as c
      on c.charge_point_id = s.id and c.journal = a.key::bigint where coalesce(c.seq, 0) < a.value::bigint))`;

/** A row as the JSON text that `storeStatement` wants. */
export function encode(name: TableName, row: object): string {
  const nested = TARGETS[name].jsonColumns.map((column) => [
    column,
    stringified((row as Record<string, unknown>)[column]),
  ]);
  const flat = nested.length === 0 ? row : { ...row, ...Object.fromEntries(nested) };
  const text = JSON.stringify(flat);
  return UNSTORABLE.test(text) ? JSON.stringify(flat, (_, value: unknown) => storable(value)) : text;
}

/** What tells a row from the others of its charge point and table. */
export function keyOf(name: TableName, row: object): string {
  const columns = [...TARGETS[name].keyColumns.filter((column) => column !== 'chargePointId'), 'version'];
  const values = columns.map((column) => (row as Record<string, unknown>)[column]);
  return values.filter((value) => value !== undefined).join(':');
}

export function sqlNameOf(name: TableName): string {
  return TARGETS[name].sqlName;
}

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. As JSON they are escapes. */
const UNSTORABLE = /\\u0000|\\ud[89a-f]/;

/** The letter-by-letter truth is in `message.payload`, which is JSON text. */
function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', String.raw`\u0000`).toWellFormed() : value;
}

function stringified(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

function target(
  table: PgTable,
  keyColumns: string[],
  onConflict: string,
  except: { never?: string[]; insertOnly?: string[]; notOfBehind?: true } = {},
): Target {
  const columns = Object.entries(getTableColumns(table)).filter(([property]) => !except.never?.includes(property));
  const names = columns.map(([, column]) => quoted(column.name)).join(', ');
  // json is handed over as text: json_to_recordset would decode the \u0000 in it and fail.
  const fields = columns.map(
    ([property, column]) => `${quoted(property)} ${isJson(column) ? 'text' : column.getSQLType()}`,
  );
  const values = columns.map(
    ([property, column]) => quoted(property) + (isJson(column) ? `::${column.getSQLType()}` : ''),
  );
  const key = keyColumns.map((property) => quoted(columnOf(table, property).name)).join(', ');
  const changed = columns
    .filter(([property]) => !keyColumns.includes(property) && !except.insertOnly?.includes(property))
    .map(([, column]) => `${quoted(column.name)} = excluded.${quoted(column.name)}`);
  const newest = `do update set ${changed.join(', ')} where t.version < excluded.version and not exists (select from behind as b where b.id = t.charge_point_id)`;
  const notOfBehind = except.notOfBehind
    ? ' where not exists (select from behind as b where b.id = r."chargePointId")'
    : '';

  return {
    sqlName: getTableName(table),
    before: `insert into ${quoted(getTableName(table))} as t (${names}) select ${values.join(', ')} from json_to_recordset(`,
    after: `::json) as r (${fields.join(', ')})${notOfBehind} on conflict (${key}) ${onConflict === 'newest' ? newest : onConflict}${makesEvents(getTableName(table)) ? ' returning t.*' : ''}`,
    keyColumns,
    jsonColumns: columns.filter(([, column]) => isJson(column)).map(([property]) => property),
  };
}

function columnOf(table: PgTable, property: string): Column {
  const column = getTableColumns(table)[property];
  if (!column) throw new TypeError(`table ${getTableName(table)} has no column ${property}`);
  return column;
}

function isJson(column: Column): boolean {
  return column.getSQLType() === 'json' || column.getSQLType() === 'jsonb';
}

function quoted(name: string): string {
  return `"${name}"`;
}
