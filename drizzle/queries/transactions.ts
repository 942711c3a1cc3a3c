import { and, asc, desc, eq, gte, isNull, lt, or, sql, type Column } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, transaction } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type TransactionView = Omit<
  typeof transaction.$inferSelect,
  'version' | 'grace' | 'startTimestamp' | 'readings'
>;

export interface TransactionFilter {
  chargePointId?: string | undefined;
  /** Only those that have not ended, or only those that have. */
  open?: boolean | undefined;
  /** Without regard to case (OCPP 1.6 §7.28). */
  idTag?: string | undefined;
  /** Started at or after; of a transaction without a start its end counts. */
  from?: string | undefined;
  /** Started before. */
  to?: string | undefined;
}

/**
 * By charge point, its newest first. Each charge point's are looked up by their time: asking for one month reads nothing
 * of the others, however many years are stored.
 */
export async function listTransactions(
  database: Database,
  filter: TransactionFilter,
  { after, limit }: PageRequest,
): Promise<Page<TransactionView>> {
  const key = keyAfter<[string, string, number]>(after, ['text', 'instant', 'number']);
  const { chargePointId, idTag } = filter;
  const rows = await database.run((db) => {
    if (idTag !== undefined) {
      // An id tag has charged at few of all the charge points: its own are read.
      return db
        .select(columns)
        .from(transaction)
        .where(
          and(
            sql`upper(${transaction.idTag}) = ${idTag.toUpperCase()}`,
            chargePointId === undefined ? undefined : eq(transaction.chargePointId, chargePointId),
            among(filter),
            key && beyond(key, transaction.chargePointId),
          ),
        )
        .orderBy(asc(transaction.chargePointId), desc(startedOrStopped), desc(transaction.transactionId))
        .limit(limit + 1);
    }
    const found = db
      .select({ ...columns, startedOrStopped: sql`${startedOrStopped}`.as('started_or_stopped') })
      .from(transaction)
      .where(
        and(
          eq(transaction.chargePointId, chargePoint.chargePointId),
          among(filter),
          key && beyond(key, chargePoint.chargePointId),
        ),
      )
      .orderBy(desc(startedOrStopped), desc(transaction.transactionId))
      // Also so that it stays a lookup per charge point: without it the planner may join both tables as a whole.
      .limit(limit + 1)
      .as('t');
    return db
      .select(pick(found))
      .from(chargePoint)
      .innerJoinLateral(found, sql`true`)
      .where(
        and(
          chargePointId === undefined ? undefined : eq(chargePoint.chargePointId, chargePointId),
          key && gte(chargePoint.chargePointId, key[0]),
        ),
      )
      .orderBy(asc(chargePoint.chargePointId), desc(found.startedOrStopped), desc(found.transactionId))
      .limit(limit + 1);
  });
  return pageOf(rows, limit, (row) => [row.chargePointId, row.startedAt ?? row.stoppedAt ?? '', row.transactionId]);
}

export async function findTransaction(
  database: Database,
  chargePointId: string,
  transactionId: number,
): Promise<TransactionView | undefined> {
  const [found] = await database.run((db) =>
    db
      .select(columns)
      .from(transaction)
      .where(and(eq(transaction.chargePointId, chargePointId), eq(transaction.transactionId, transactionId))),
  );
  return found;
}

/** The columns of a subquery. */
function pick<T extends Record<keyof typeof columns, unknown>>(found: T): Pick<T, keyof typeof columns> {
  const names = Object.keys(columns) as (keyof typeof columns)[];
  return Object.fromEntries(names.map((name) => [name, found[name]])) as Pick<T, keyof typeof columns>;
}

const startedOrStopped = sql`coalesce(${transaction.startedAt}, ${transaction.stoppedAt})`;

function among({ open, from, to }: TransactionFilter) {
  return and(
    open === undefined ? undefined : open ? isNull(transaction.end) : sql`${transaction.end} is not null`,
    from === undefined ? undefined : gte(startedOrStopped, from),
    to === undefined ? undefined : lt(startedOrStopped, to),
  );
}

/** The first condition is one that the index can begin at. */
function beyond([chargePointId, at, transactionId]: [string, string, number], of: Column) {
  const sameOne = sql`${of} = ${chargePointId}`;
  return and(
    sql`${startedOrStopped} <= case when ${sameOne} then ${at}::timestamptz else 'infinity' end`,
    or(
      sql`${of} > ${chargePointId}`,
      sql`(${startedOrStopped}, ${transaction.transactionId}) < (${at}::timestamptz, ${transactionId}::bigint)`,
    ),
  );
}

const columns = {
  chargePointId: transaction.chargePointId,
  transactionId: transaction.transactionId,
  aliases: transaction.aliases,
  connectorId: transaction.connectorId,
  idTag: transaction.idTag,
  idTagStatus: transaction.idTagStatus,
  parentIdTag: transaction.parentIdTag,
  reservationId: transaction.reservationId,
  startedAt: transaction.startedAt,
  meterStart: transaction.meterStart,
  stoppedAt: transaction.stoppedAt,
  meterStop: transaction.meterStop,
  stopIdTag: transaction.stopIdTag,
  stopReason: transaction.stopReason,
  end: transaction.end,
  energyWh: transaction.energyWh,
  energySource: transaction.energySource,
  lastReadingAt: transaction.lastReadingAt,
  lastReadingWh: transaction.lastReadingWh,
  notes: transaction.notes,
};
