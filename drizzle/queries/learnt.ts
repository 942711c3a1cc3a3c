/** Rows from which src/operators/learnt folds what is known of a station: its answers, and what else tells of it. */
import { and, desc, eq, gte, inArray, isNotNull, isNull, or, sql, type SQL } from 'drizzle-orm';
import type { Instant } from '../../workflows/events.ts';
import type { CommandState } from '../../workflows/state/model.ts';
import type { Database } from '../client.ts';
import { command, statusNotification, transaction } from '../schema.ts';

/** So many of the newest answers are read at most. */
export const MOST_ANSWERS = 5_000;
/** Transactions without which a TxProfile or a reservation would have no end. */
const MOST_TRANSACTIONS = 1_000;
const MOST_STATUSES = 5_000;
/** Of a station that never answers, older ones are not told. */
const MOST_UNANSWERED = 100;

export type AnsweredRow = Awaited<ReturnType<typeof readAnswers>>[number];

/**
 * ChangeConfiguration, and GetConfiguration from the last one for all keys on. What needs a reboot waits for it over any
 * number of GetConfiguration: so all changes are read.
 */
export async function readConfigurationAnswers(database: Database, chargePointId: string): Promise<AnsweredRow[]> {
  const ofAllKeys = sql`${command.payload}::text in ('{}', '{"key":[]}') and ${command.answer}::text like '%"configurationKey":%'`;
  const sinceAll = sinceLast(chargePointId, 'GetConfiguration', ofAllKeys);
  const [told, changed] = await Promise.all([
    readAnswers(database, chargePointId, ['GetConfiguration'], sinceAll),
    readAnswers(database, chargePointId, ['ChangeConfiguration']),
  ]);
  return [...told, ...changed];
}

/** When it booted, as far as the newest commands tell: a Reset, answered or not, is completed by the boot. */
export async function readBoots(database: Database, chargePointId: string): Promise<Instant[]> {
  const resets = await database.run((db) => {
    const newest = db
      .select({ action: command.action, state: command.state, endedAt: command.endedAt })
      .from(command)
      .where(eq(command.chargePointId, chargePointId))
      .orderBy(desc(command.requestedAt))
      .limit(MOST_ANSWERS)
      .as('newest');
    return db
      .select({ endedAt: newest.endedAt })
      .from(newest)
      .where(and(eq(newest.action, 'Reset'), eq(newest.state, 'completed')));
  });
  return resets.flatMap(({ endedAt }) => endedAt ?? []);
}

export function readCertificateAnswers(database: Database, chargePointId: string): Promise<AnsweredRow[]> {
  return readAnswers(database, chargePointId, [
    'GetInstalledCertificateIds',
    'InstallCertificate',
    'DeleteCertificate',
    'CertificateSigned',
  ]);
}

/** From the last Full list that was accepted on. */
export async function readLocalListAnswers(database: Database, chargePointId: string): Promise<AnsweredRow[]> {
  const accepted = sql`${command.payload}::text like '%"updateType":"Full"%' and ${command.answer}::text like '%"Accepted"%'`;
  const [sent, asked] = await Promise.all([
    readAnswers(database, chargePointId, ['SendLocalList'], sinceLast(chargePointId, 'SendLocalList', accepted)),
    readAnswers(database, chargePointId, ['GetLocalListVersion']),
  ]);
  return [...sent, ...asked];
}

export function readProfileAnswers(database: Database, chargePointId: string): Promise<AnsweredRow[]> {
  const withProfile = sql`${command.payload}::text like '%"chargingProfile":%'`;
  return readAnswers(
    database,
    chargePointId,
    ['SetChargingProfile', 'ClearChargingProfile', 'RemoteStartTransaction'],
    or(sql`${command.action} <> 'RemoteStartTransaction'`, withProfile),
  );
}

/** The newest of a connector, with more than one for those that cannot be read. */
export function readCompositeScheduleAnswers(
  database: Database,
  chargePointId: string,
  connectorId: number,
): Promise<AnsweredRow[]> {
  const ofConnector = sql`${command.payload}::text ~ ${`"connectorId":${connectorId}[,}]`}`;
  const told = sql`${command.answer}::text like '%"chargingSchedule":%'`;
  return readAnswers(database, chargePointId, ['GetCompositeSchedule'], and(ofConnector, told), 20);
}

export function readReservationAnswers(database: Database, chargePointId: string): Promise<AnsweredRow[]> {
  return readAnswers(database, chargePointId, ['ReserveNow', 'CancelReservation']);
}

/** The newest first. No operator of JSON looks into them: those refuse a whole row for one escaped NUL of a station. */
function readAnswers(database: Database, chargePointId: string, actions: string[], besides?: SQL, most = MOST_ANSWERS) {
  return database.run((db) =>
    db
      .select({
        commandId: command.commandId,
        action: command.action,
        payload: command.payload,
        answer: command.answer,
        answeredAt: sql<Instant>`${command.answeredAt}`.mapWith(command.answeredAt),
        state: command.state,
        endedAt: command.endedAt,
      })
      .from(command)
      .where(
        and(
          eq(command.chargePointId, chargePointId),
          inArray(command.action, actions),
          isNotNull(command.answeredAt),
          besides,
        ),
      )
      .orderBy(desc(command.answeredAt))
      .limit(most),
  );
}

/**
 * What was handed to an edge, and neither answered nor given back, the newest first: among the newest commands. Of what an
 * edge gave up without a word (`connectionLost`, `expired` on a connection) nobody knows whether it was sent.
 */
export function readUnanswered(database: Database, chargePointId: string, actions: string[]) {
  const states: CommandState[] = [
    'dispatching',
    'sent',
    'timedOut',
    'connectionLost',
    'notObserved',
    'expired',
    // Its effect came, and no answer.
    'completed',
  ];
  const since = sql`coalesce(${command.sentAt}, ${command.endedAt})`;
  return database.run((db) => {
    const newest = db
      .select({
        commandId: command.commandId,
        action: command.action,
        payload: command.payload,
        state: command.state,
        endedAt: command.endedAt,
        requestedAt: command.requestedAt,
        since: sql<Instant>`${since}`.mapWith(command.sentAt).as('since'),
        // What could not be read (an edge's FormationViolation) may have been said by a station that has done it.
        isUnreadable:
          sql<boolean>`${command.state} = 'failed' and starts_with(${command.reason}, 'FormationViolation:')`.as(
            'unreadable',
          ),
        isUnanswered: sql<boolean>`${command.answeredAt} is null and ${command.connection} is not null`.as(
          'unanswered',
        ),
      })
      .from(command)
      .where(eq(command.chargePointId, chargePointId))
      .orderBy(desc(command.requestedAt))
      .limit(MOST_ANSWERS)
      .as('newest');
    return db
      .select({
        commandId: newest.commandId,
        action: newest.action,
        payload: newest.payload,
        state: newest.state,
        endedAt: newest.endedAt,
        since: newest.since,
      })
      .from(newest)
      .where(
        and(
          inArray(newest.action, actions),
          or(inArray(newest.state, states), newest.isUnreadable),
          newest.isUnanswered,
          isNotNull(newest.since),
        ),
      )
      .orderBy(desc(newest.requestedAt))
      .limit(MOST_UNANSWERED);
  });
}

/** `case`: as a bare condition the planner takes it for rare, and reads all answers instead of the newest ones backwards. */
function sinceLast(chargePointId: string, action: string, such: SQL): SQL {
  return sql`${command.answeredAt} >= coalesce((
    select max(${command.answeredAt}) from ${command}
    where ${command.chargePointId} = ${chargePointId} and ${command.action} = ${action}
      and ${command.answeredAt} is not null and case when ${such} then true else false end), '-infinity')`;
}

/** The open ones and the newest others. */
export async function readRecentTransactions(database: Database, chargePointId: string) {
  const ofIt = eq(transaction.chargePointId, chargePointId);
  const columns = {
    transactionId: transaction.transactionId,
    aliases: transaction.aliases,
    connectorId: transaction.connectorId,
    idTag: transaction.idTag,
    parentIdTag: transaction.parentIdTag,
    reservationId: transaction.reservationId,
    startedAt: transaction.startedAt,
    stoppedAt: transaction.stoppedAt,
    end: transaction.end,
  };
  const newest = desc(sql`coalesce(${transaction.startedAt}, ${transaction.stoppedAt})`);
  const [open, recent] = await Promise.all([
    database.run((db) =>
      db
        .select(columns)
        .from(transaction)
        .where(and(ofIt, isNull(transaction.end))),
    ),
    database.run((db) => db.select(columns).from(transaction).where(ofIt).orderBy(newest).limit(MOST_TRANSACTIONS)),
  ]);
  return [...open, ...recent.filter(({ end }) => end !== null)];
}

/** When it, or one of its connectors, was Faulted or Unavailable, from `from` on. */
export function readOutOfOrder(database: Database, chargePointId: string, from: Instant) {
  return database.run((db) =>
    db
      .select({
        connectorId: statusNotification.connectorId,
        at: statusNotification.at,
        receivedAt: statusNotification.receivedAt,
      })
      .from(statusNotification)
      .where(
        and(
          eq(statusNotification.chargePointId, chargePointId),
          gte(statusNotification.at, from),
          inArray(statusNotification.status, ['Faulted', 'Unavailable']),
        ),
      )
      .orderBy(desc(statusNotification.at))
      .limit(MOST_STATUSES),
  );
}
