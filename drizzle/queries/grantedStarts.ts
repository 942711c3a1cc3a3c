import { and, eq, exists, isNull, sql } from 'drizzle-orm';
import type { StartKey } from '../../src/ocpp/message.ts';
import { dueAt } from '../../workflows/state/outcomes.ts';
import type { Database } from '../client.ts';
import { command, transaction } from '../schema.ts';

/** A RemoteStartTransaction whose id tag may charge once. */
export interface GrantedStart {
  commandId: string;
  idTag: string;
  /** Any, where the operator has named none. */
  connectorId: number | undefined;
  isSent: boolean;
  /** When its start is waited for no more, or is not said again; when it is sent no more, while it is not sent. */
  until: string;
}

/** A start that was not answered may be said again for so long (ms). */
const REPEATED_MS = 24 * 60 * 60_000;

/**
 * RemoteStartTransactions of a charge point with the option grantIdTag that have not ended; and with a start those
 * completed within a day, where an accepted transaction that goes on has begun by the very same start: it is said again.
 */
export async function readGrantedStarts(
  database: Database,
  chargePointId: string,
  start: StartKey | undefined,
): Promise<GrantedStart[]> {
  const rows = await database.run(async (db) => {
    const remoteStarts = and(eq(command.chargePointId, chargePointId), eq(command.action, 'RemoteStartTransaction'));
    // Each by its own index: of all that was ever asked for, few wait, and few are of this day.
    const unfinished = db
      .select(columns)
      .from(command)
      .where(and(remoteStarts, isNull(command.endedAt)))
      .orderBy(command.requestedAt, command.commandId);
    if (start === undefined) return unfinished;
    const isRecent = sql`${command.requestedAt} > now() - ${REPEATED_MS} * interval '1 millisecond'`;
    const sameStart = db
      .select({ one: sql`1` })
      .from(transaction)
      .where(isSame(chargePointId, start));
    const repeated = db
      .select(columns)
      .from(command)
      .where(and(remoteStarts, isRecent, eq(command.state, 'completed'), exists(sameStart)));
    return (await Promise.all([unfinished, repeated])).flat();
  });
  return rows.flatMap(({ payload, options, ...row }) => {
    if (options?.grantIdTag !== true || typeof payload.idTag !== 'string') return [];
    return {
      commandId: row.commandId,
      idTag: payload.idTag,
      connectorId: typeof payload.connectorId === 'number' ? payload.connectorId : undefined,
      isSent: row.sentAt !== null,
      until: row.endedAt === null ? dueAt({ ...row, options }) : after(row.endedAt, REPEATED_MS),
    };
  });
}

/** As edges and actors recognise a start that is said again, while its transaction is open. */
function isSame(chargePointId: string, { connectorId, idTag, timestamp, meterStart }: StartKey) {
  return and(
    eq(transaction.chargePointId, chargePointId),
    isNull(transaction.end),
    eq(transaction.connectorId, connectorId),
    sql`upper(${transaction.idTag}) = ${idTag.toUpperCase()}`,
    sql`coalesce(${transaction.startTimestamp}, '') = ${timestamp}`,
    sql`coalesce(${transaction.meterStart}, 0) = ${meterStart}`,
    eq(transaction.idTagStatus, 'Accepted'),
  );
}

function after(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

const columns = {
  commandId: command.commandId,
  action: command.action,
  payload: command.payload,
  options: command.options,
  state: command.state,
  deadline: command.deadline,
  sentAt: command.sentAt,
  endedAt: command.endedAt,
};
