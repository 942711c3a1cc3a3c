/**
 * The tables. Names are OCPP's, singular; columns are the fields of `workflows/state/model.ts` in snake_case.
 *
 * Two kinds of rows, besides `actor_step`, what the actor was given:
 * - facts (`message`, `meter_value`, `status_notification`, `heartbeat`, `firmware_event`, `security_event`,
 *   `connection`, `dead_event`): inserted once, keyed by where the event stands in its edge's journal (journal id, sequence number, index within the event);
 * - state (`charge_point`, `connector`, `transaction`, `command`): the actor's view, written over whenever its `version`
 *   is higher, and `cursor`: up to where a journal has been stored.
 *
 * What drizzle-kit cannot express (hypertables, policies, aggregates, triggers, storage parameters) is in the
 * hand-written migration `migrations/0001_timescaledb.sql`.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { ActorState } from '../workflows/state/actor.ts';
import type { ChargePoint, Command, CommandOptions, CommandState, Transaction } from '../workflows/state/model.ts';
import { instant, verbatimJson, xid8 } from './columns.ts';
import type { StoredInput } from './steps.ts';

/** Journal ids, sequence numbers, versions and a station's own numbers: beyond 32 bits, within 2⁵³. */
const number = (name: string) => bigint(name, { mode: 'number' });

/** Facts' key: place of the event in the journal of an edge. */
const place = { journal: number('journal').notNull(), seq: number('seq').notNull() };

/** Each call is the first id of a block of 10,000 transaction ids. */
export const transactionIdBlock = pgSequence('transaction_id_block', {
  startWith: 1,
  increment: 10_000,
  maxValue: 2_147_470_001,
});

/** The password that a ChangeConfiguration sets. */
export interface NextPassword {
  commandId: string;
  passwordHash: string;
}

export const chargePoint = pgTable(
  'charge_point',
  {
    chargePointId: text('charge_point_id').primaryKey(),
    vendor: text(),
    model: text(),
    serialNumber: text('serial_number'),
    firmwareVersion: text('firmware_version'),
    iccid: text(),
    imsi: text(),
    meterType: text('meter_type'),
    meterSerialNumber: text('meter_serial_number'),
    lastBootAt: instant('last_boot_at'),
    online: boolean().notNull().default(false),
    onlineSince: instant('online_since'),
    offlineSince: instant('offline_since'),
    lastSeenAt: instant('last_seen_at'),
    version: number('version').notNull().default(0),
    // The columns below belong to operators: the actor sets them when it inserts the row, never afterwards.
    registration: text().$type<NonNullable<ChargePoint['registration']>>().notNull().default('accepted'),
    /** Seconds; null: the default of the edge. */
    heartbeatInterval: integer('heartbeat_interval'),
    /** Hash of the password of its HTTP Basic authentication; null: none is asked for. See src/security/passwords.ts. */
    passwordHash: text('password_hash'),
    /** Hashes of AuthorizationKeys on their way to the station, oldest first: valid beside its password until its word is known. */
    nextPasswords: jsonb('next_passwords').$type<NextPassword[]>().notNull().default([]),
    labels: jsonb().$type<Record<string, string>>().notNull().default({}),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`now()`),
    deletedAt: instant('deleted_at'),
    /** SQL transaction that last changed an operator's column: what the directory follows. */
    changedXid: xid8('changed_xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (table) => [index().on(table.changedXid)],
);

export const connector = pgTable(
  'connector',
  {
    chargePointId: text('charge_point_id').notNull(),
    connectorId: number('connector_id').notNull(),
    status: text().notNull(),
    errorCode: text('error_code').notNull(),
    info: text(),
    vendorId: text('vendor_id'),
    vendorErrorCode: text('vendor_error_code'),
    at: instant().notNull(),
    version: number('version').notNull(),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.connectorId] })],
);

export const transaction = pgTable(
  'transaction',
  {
    chargePointId: text('charge_point_id').notNull(),
    transactionId: number('transaction_id').notNull(),
    aliases: number('aliases').array().notNull().default([]),
    connectorId: number('connector_id'),
    idTag: text('id_tag'),
    idTagStatus: text('id_tag_status'),
    parentIdTag: text('parent_id_tag'),
    reservationId: number('reservation_id'),
    startedAt: instant('started_at'),
    startTimestamp: text('start_timestamp'),
    meterStart: doublePrecision('meter_start'),
    stoppedAt: instant('stopped_at'),
    meterStop: doublePrecision('meter_stop'),
    stopIdTag: text('stop_id_tag'),
    stopReason: text('stop_reason'),
    end: text().$type<NonNullable<Transaction['end']>>(),
    energyWh: doublePrecision('energy_wh'),
    energySource: text('energy_source').$type<NonNullable<Transaction['energySource']>>(),
    readings: jsonb().$type<NonNullable<Transaction['readings']>>(),
    lastReadingAt: instant('last_reading_at'),
    lastReadingWh: doublePrecision('last_reading_wh'),
    grace: jsonb().$type<NonNullable<Transaction['grace']>>(),
    notes: text().array().notNull().default([]),
    version: number('version').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.chargePointId, table.transactionId] }),
    index('transaction_open')
      .on(table.chargePointId)
      .where(sql`${table.end} is null`),
    index('transaction_estimated')
      .on(table.chargePointId, table.stoppedAt)
      .where(sql`${table.end} = 'estimated'`),
    index('transaction_aliased')
      .on(table.chargePointId)
      .where(sql`${table.aliases} <> '{}'`),
    // A stop whose start never came has its place in the order as well.
    index('transaction_id_tag').on(sql`upper(${table.idTag})`, table.chargePointId),
    // Whether an id tag charges somewhere.
    index('transaction_open_id_tag')
      .on(sql`upper(${table.idTag})`)
      .where(sql`${table.end} is null`),
    index('transaction_newest').on(table.chargePointId, sql`coalesce(${table.startedAt}, ${table.stoppedAt})`),
  ],
);

export const command = pgTable(
  'command',
  {
    chargePointId: text('charge_point_id').notNull(),
    commandId: text('command_id').notNull(),
    action: text().notNull(),
    payload: verbatimJson().$type<Record<string, unknown>>().notNull(),
    state: text().$type<CommandState>().notNull(),
    reason: text(),
    via: text().$type<Command['via']>().notNull(),
    options: verbatimJson().$type<CommandOptions>(),
    requestedBy: text('requested_by'),
    requestedAt: instant('requested_at').notNull(),
    deadline: instant().notNull(),
    sentAt: instant('sent_at'),
    connection: text(),
    answer: verbatimJson().$type<Record<string, unknown>>(),
    answeredAt: instant('answered_at'),
    outcome: text(),
    endedAt: instant('ended_at'),
    version: number('version').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.chargePointId, table.commandId] }),
    index('command_unfinished')
      .on(table.chargePointId)
      .where(sql`${table.endedAt} is null`),
    index('command_newest').on(table.chargePointId, table.requestedAt),
    index('command_id').on(table.commandId),
    // What was learnt from answers.
    index('command_answered')
      .on(table.chargePointId, table.action, table.answeredAt)
      .where(sql`${table.answeredAt} is not null`),
  ],
);

export const idTag = pgTable(
  'id_tag',
  {
    /** Upper case of `idTag`: idTags are compared without regard to case (OCPP 1.6 §7.28). */
    key: text().primaryKey(),
    /** As it was entered. */
    idTag: text('id_tag').notNull(),
    status: text().$type<'Accepted' | 'Blocked' | 'Expired' | 'Invalid'>().notNull().default('Accepted'),
    expiryDate: instant('expiry_date'),
    parentIdTag: text('parent_id_tag'),
    /** While it charges at one place a start elsewhere is answered ConcurrentTx (OCPP 1.6 §7.2). */
    singleTransaction: boolean('single_transaction').notNull().default(false),
    note: text(),
    deletedAt: instant('deleted_at'),
    changedXid: xid8('changed_xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (table) => [index().on(table.changedXid)],
);

/** What people and programs call the operators' API with. */
export const operatorToken = pgTable(
  'operator_token',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    role: text().$type<'viewer' | 'operator' | 'admin'>().notNull(),
    /** SHA-256 of the token, hex: its 160 random bits need no salt. */
    hash: text().notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`now()`),
    revokedAt: instant('revoked_at'),
  },
  (table) => [uniqueIndex().on(table.hash)],
);

export const connection = pgTable(
  'connection',
  {
    chargePointId: text('charge_point_id').notNull(),
    connection: text().notNull(),
    journal: number('journal').notNull(),
    taskQueue: text('task_queue'),
    remoteAddress: text('remote_address'),
    protocol: text(),
    /** Null where only the end of the connection was heard of. */
    openedAt: instant('opened_at'),
    closedAt: instant('closed_at'),
    closeCode: integer('close_code'),
    reason: text(),
  },
  (table) => [
    primaryKey({ columns: [table.chargePointId, table.connection] }),
    index('connection_open')
      .on(table.chargePointId)
      .where(sql`${table.closedAt} is null`),
  ],
);

/** Up to which event (`seq`) a station's journal has been stored. */
export const cursor = pgTable('cursor', { chargePointId: text('charge_point_id').notNull(), ...place }, (table) => [
  primaryKey({ columns: [table.chargePointId, table.journal] }),
  index().on(table.journal),
]);

/** What could not be reduced or stored, as text: for operators to see, nothing reads it back. */
export const deadEvent = pgTable(
  'dead_event',
  {
    id: number('id').primaryKey().generatedAlwaysAsIdentity(),
    /** Table that refused the row; `event` where the actor could not make sense of the event. */
    tableName: text('table_name').notNull(),
    chargePointId: text('charge_point_id').notNull(),
    /** The row's own key within table and charge point: the same row is not buried twice. */
    key: text().notNull(),
    journal: number('journal'),
    seq: number('seq'),
    reason: text().notNull(),
    raw: text().notNull(),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`now()`),
  },
  (table) => [uniqueIndex().on(table.chargePointId, table.tableName, table.key)],
);

/**
 * Every frame in and out. A CALL of the station and the answer it got are one row.
 *
 * Hypertable on `received_at`: a log in order of arrival, so that what an offline station delivers late does not reach
 * back into old chunks.
 */
export const message = pgTable(
  'message',
  {
    chargePointId: text('charge_point_id').notNull(),
    receivedAt: instant('received_at').notNull(),
    /** Effective time: the station's own where plausible. */
    at: instant().notNull(),
    ...place,
    connection: text().notNull(),
    direction: text().$type<'in' | 'out'>().notNull(),
    kind: text().$type<'call' | 'result' | 'error' | 'malformed'>().notNull(),
    messageId: text('message_id'),
    action: text(),
    payload: verbatimJson(),
    /** Payload of the CALLRESULT a station's CALL was answered with. */
    answer: verbatimJson(),
    /** OCPP's error code of a CALLERROR; `timeout` or `connectionLost` where a CALL to the station had no answer. */
    errorCode: text('error_code'),
    errorDescription: text('error_description'),
    commandId: text('command_id'),
    notes: text().array(),
    /** `<journal>:<seq>` of the event that this one repeats. */
    repeatOf: text('repeat_of'),
    /** Hash of what the station may send again: an actor that is born again recognises it. */
    hash: text(),
    raw: text(),
  },
  (table) => [
    primaryKey({ columns: [table.chargePointId, table.receivedAt, table.journal, table.seq] }),
    index('message_noted')
      .on(table.chargePointId, table.receivedAt)
      .where(sql`${table.notes} is not null`),
  ],
);

/** One row per sampled value. Hypertable on `at`, the effective time of the reading. */
export const meterValue = pgTable(
  'meter_value',
  {
    chargePointId: text('charge_point_id').notNull(),
    at: instant().notNull(),
    ...place,
    /** Place of the sample within its message. */
    index: integer().notNull(),
    receivedAt: instant('received_at').notNull(),
    connectorId: number('connector_id'),
    transactionId: number('transaction_id'),
    measurand: text().notNull(),
    phase: text(),
    location: text(),
    context: text(),
    format: text(),
    unit: text(),
    /** As the station sent it. */
    value: text().notNull(),
    number: doublePrecision(),
    /** In `normalised_unit`: Wh, W, A, V, … */
    normalised: doublePrecision(),
    normalisedUnit: text('normalised_unit'),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at, table.journal, table.seq, table.index] })],
);

/** Hypertable on `at`. */
export const statusNotification = pgTable(
  'status_notification',
  {
    chargePointId: text('charge_point_id').notNull(),
    at: instant().notNull(),
    ...place,
    receivedAt: instant('received_at').notNull(),
    connectorId: number('connector_id').notNull(),
    status: text().notNull(),
    errorCode: text('error_code').notNull(),
    info: text(),
    vendorId: text('vendor_id'),
    vendorErrorCode: text('vendor_error_code'),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at, table.journal, table.seq] })],
);

/** Progress of firmware updates, diagnostics and logs (OCPP 1.6 §4.4, §4.5; security extension §4.5, §4.9). Hypertable on `at`. */
export const firmwareEvent = pgTable(
  'firmware_event',
  {
    chargePointId: text('charge_point_id').notNull(),
    at: instant().notNull(),
    ...place,
    /** What told it: the message. */
    action: text().notNull(),
    status: text().notNull(),
    requestId: number('request_id'),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at, table.journal, table.seq] })],
);

/** SecurityEventNotification (security extension §4.8). Hypertable on `at`. */
export const securityEvent = pgTable(
  'security_event',
  {
    chargePointId: text('charge_point_id').notNull(),
    at: instant().notNull(),
    ...place,
    receivedAt: instant('received_at').notNull(),
    type: text().notNull(),
    techInfo: text('tech_info'),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at, table.journal, table.seq] })],
);

/** Hypertable on `at`, which is the time of receipt: a Heartbeat.req carries no time (OCPP 1.6 §6.29). */
export const heartbeat = pgTable(
  'heartbeat',
  { chargePointId: text('charge_point_id').notNull(), at: instant().notNull(), ...place },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at, table.journal, table.seq] })],
);

/**
 * What an actor was given, step by step: `ocpp-actors replay` runs it through the reducer again. Written by the statement
 * that stores what came of it.
 *
 * Steps make a chain: a worker that died may have stored steps that its actor never heard of, and has done again. They
 * stay beside the chain.
 *
 * Hypertable on `at`, kept as long as `message`, whose rows are the events that the inputs refer to.
 */
export const actorStep = pgTable(
  'actor_step',
  {
    chargePointId: text('charge_point_id').notNull(),
    /** The step: its time, or 1 ms more than the step before. */
    at: instant().notNull(),
    /** The step it follows; null: the actor began with it, in the state `born`. */
    previous: instant(),
    /** What the actor's clock said, where that is not `at`. */
    clock: instant(),
    /** In the order in which they were applied: see workflows/state/inputs.ts and drizzle/steps.ts. */
    inputs: verbatimJson().$type<StoredInput[]>().notNull(),
    /** The actor's state before the inputs of its first step. */
    born: verbatimJson().$type<ActorState>(),
    /** The actor's state after the step, now and then. */
    snapshot: verbatimJson().$type<ActorState>(),
  },
  (table) => [primaryKey({ columns: [table.chargePointId, table.at] })],
);

/**
 * What has changed, for those who follow: one row per change of presence, connector status, transaction or command, and
 * per MeterValues. Written by the statement that stores the change, in order of (xid, id).
 *
 * Hypertable on `at`, kept for days: who comes later reads the tables.
 */
export const event = pgTable(
  'event',
  {
    id: number('id').notNull().generatedAlwaysAsIdentity(),
    /** SQL transaction that wrote it: what commits later may have a smaller id, never one below the oldest running. */
    xid: xid8('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    at: instant()
      .notNull()
      .default(sql`now()`),
    chargePointId: text('charge_point_id').notNull(),
    kind: text().$type<'presence' | 'status' | 'transaction' | 'command' | 'meterValues'>().notNull(),
    /** The row as it is after the change: see drizzle/events.ts. */
    data: verbatimJson().$type<Record<string, unknown>>().notNull(),
  },
  (table) => [index('event_order').on(table.xid, table.id)],
);
