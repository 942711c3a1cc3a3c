/**
 * The rows of `event`, made by the statement that stores what they tell of: from the rows it really inserted or changed,
 * so that what is persisted again is not told again.
 *
 * Each statement has its stored rows as `stored_<table>`, and sees the tables themselves as they were before it. That is
 * looked up by scalar subqueries: a join might read the whole table.
 */
import { getTableColumns, getTableName } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import * as schema from './schema.ts';

/** @returns what inserts the events of a statement that stores these tables; undefined where none of them makes any */
export function eventsOf(tables: string[]): string | undefined {
  const selects = SOURCES.filter(({ table }) => tables.includes(table)).map(({ select }) => `(${select})`);
  if (selects.length === 0) return undefined;
  return `insert into event (charge_point_id, kind, data) ${selects.join(' union all ')}`;
}

/** Whether events are made of the table's rows: only these need to be told by the statement that stores them. */
export function makesEvents(table: string): boolean {
  return SOURCES.some((source) => source.table === table);
}

const presence = json(schema.chargePoint, [
  'online',
  'onlineSince',
  'offlineSince',
  'lastSeenAt',
  'lastBootAt',
  'vendor',
  'model',
  'serialNumber',
  'firmwareVersion',
  'registration',
]);
const status = json(schema.statusNotification, [
  'at',
  'receivedAt',
  'connectorId',
  'status',
  'errorCode',
  'info',
  'vendorId',
  'vendorErrorCode',
]);
const transaction = json(schema.transaction, [
  'transactionId',
  'connectorId',
  'idTag',
  'idTagStatus',
  'startedAt',
  'meterStart',
  'stoppedAt',
  'meterStop',
  'stopReason',
  'end',
  'energyWh',
  'energySource',
]);
const command = json(schema.command, [
  'commandId',
  'action',
  'payload',
  'state',
  'reason',
  'requestedBy',
  'requestedAt',
  'deadline',
  'sentAt',
  'answer',
  'answeredAt',
  'outcome',
  'endedAt',
]);
const sample = json(schema.meterValue, [
  'at',
  'measurand',
  'phase',
  'location',
  'context',
  'value',
  'unit',
  'normalised',
  'normalisedUnit',
]);

const SOURCES = [
  {
    table: 'charge_point',
    select: `select t.charge_point_id, 'presence', ${presence} from stored_charge_point as t
      where (select b.online = t.online from charge_point as b where b.charge_point_id = t.charge_point_id) is not true`,
  },
  {
    table: 'status_notification',
    select: `select t.charge_point_id, 'status', ${status} from stored_status_notification as t
      order by t.charge_point_id, t.journal, t.seq`,
  },
  {
    // Every reading changes a transaction's row; readings are told as meter values.
    table: 'transaction',
    select: `select t.charge_point_id, 'transaction', ${transaction} from stored_transaction as t
      where (
        select (b.started_at, b.stopped_at, b.meter_stop, b."end", b.id_tag, b.energy_wh)
          is not distinct from (t.started_at, t.stopped_at, t.meter_stop, t."end", t.id_tag, t.energy_wh)
        from transaction as b
        where b.charge_point_id = t.charge_point_id and b.transaction_id = t.transaction_id) is not true
      order by t.charge_point_id, t.transaction_id`,
  },
  {
    table: 'meter_value',
    select: `select t.charge_point_id, 'meterValues', json_build_object(
        'receivedAt', ${utc('t.received_at')}, 'connectorId', t.connector_id, 'transactionId', t.transaction_id,
        'samples', json_agg(${sample} order by t.index))
      from stored_meter_value as t
      group by t.charge_point_id, t.journal, t.seq, t.received_at, t.connector_id, t.transaction_id
      order by t.charge_point_id, t.journal, t.seq`,
  },
  {
    table: 'command',
    select: `select t.charge_point_id, 'command', ${command} from stored_command as t
      order by t.charge_point_id, t.requested_at`,
  },
] as const;

/**
 * Columns of `t` as a JSON object named as the schema's properties. Nulls stay: json_strip_nulls would read the payloads,
 * and fail on a `\\u0000` in them.
 */
function json<Table extends PgTable>(table: Table, properties: (keyof Table['_']['columns'] & string)[]): string {
  const columns = getTableColumns(table);
  const pairs = properties.map((property) => {
    const column = columns[property];
    if (!column) throw new TypeError(`table ${getTableName(table)} has no column ${property}`);
    const value = `t."${column.name}"`;
    return `'${property}', ${column.getSQLType().startsWith('timestamp') ? utc(value) : value}`;
  });
  return `json_build_object(${pairs.join(', ')})`;
}

/** As everywhere: `Instant`. */
function utc(value: string): string {
  return `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
