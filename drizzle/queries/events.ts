/**
 * Following the table `event` in the order of (xid, id). Read is only what was written by SQL transactions that ended
 * before the oldest one still running: what commits later comes later in this order, so nothing is skipped.
 */
import { and, asc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { event } from '../schema.ts';
import { mark } from './changes.ts';

/** A place between events: `<xid>-<id>` of the one before it. */
export type EventPosition = string;

export interface FeedEvent {
  position: EventPosition;
  at: string;
  chargePointId: string;
  kind: (typeof event.$inferSelect)['kind'];
  /** The row as it is after the change, see drizzle/events.ts. */
  data: Record<string, unknown>;
}

export interface EventFilter {
  chargePointId?: string | undefined;
  kind?: FeedEvent['kind'] | undefined;
}

export function isEventPosition(text: string): boolean {
  return /^\d{1,19}-\d{1,15}$/.test(text);
}

/** Negative where `a` is before `b`. */
export function compareEventPositions(a: EventPosition, b: EventPosition): number {
  const [xidA, idA] = numbersOf(a);
  const [xidB, idB] = numbersOf(b);
  const difference = xidA === xidB ? idA - idB : xidA - xidB;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export interface EventPage {
  events: FeedEvent[];
  /** Everything up to here has been read. */
  upTo: EventPosition;
  /** Nothing more is there now. */
  last: boolean;
}

export async function readEventsAfter(
  database: Database,
  after: EventPosition,
  { chargePointId, kind }: EventFilter,
  limit: number,
): Promise<EventPage> {
  const [xid, id] = numbersOf(after).map(String) as [string, string];
  const rows = await database.run((db) => {
    // The filter is applied to a page, not on the way to a full one: that might be all there is.
    const wanted = and(
      chargePointId === undefined ? undefined : eq(event.chargePointId, chargePointId),
      kind === undefined ? undefined : eq(event.kind, kind),
    );
    const next = db
      .select({ ...getTableColumns(event), wanted: sql<boolean>`${wanted ?? sql`true`}`.as('wanted') })
      .from(event)
      .where(
        and(
          sql`(${event.xid}, ${event.id}) > (${xid}::xid8, ${id}::bigint)`,
          sql`${event.xid} < pg_snapshot_xmin(pg_current_snapshot())`,
        ),
      )
      .orderBy(asc(event.xid), asc(event.id))
      .limit(limit)
      .as('e');
    return db
      .select({
        mark,
        xid: next.xid,
        id: next.id,
        at: next.at,
        chargePointId: next.chargePointId,
        kind: next.kind,
        // What nobody wants need not travel.
        data: sql<Record<string, unknown> | null>`case when ${next.wanted} then ${next.data} end`.mapWith(next.data),
        wanted: next.wanted,
      })
      .from(sql`(select 1) as one`)
      .leftJoinLateral(next, sql`true`)
      .orderBy(asc(next.xid), asc(next.id));
  });
  const events = rows.flatMap((row): FeedEvent[] => {
    if (row.id === null || !row.wanted) return [];
    const { at, kind: what, data } = row as typeof event.$inferSelect;
    return [{ position: `${row.xid}-${row.id}`, at, chargePointId: row.chargePointId!, kind: what, data }];
  });
  const newest = rows.at(-1)!;
  const last = newest.id === null || rows.length < limit;
  const upTo = last ? `${newest.mark}-0` : `${newest.xid}-${newest.id}`;
  // A place of another database, ahead of everything here, is no reason to go back.
  return { events, last, upTo: compareEventPositions(upTo, after) < 0 ? after : upTo };
}

/** Where what is written from now on will be. */
export async function presentEventPosition(database: Database): Promise<EventPosition> {
  const [row] = await database.run((db) => db.execute<{ mark: string }>(sql`select ${mark} as mark`));
  return `${row!.mark}-0`;
}

/**
 * Whether events after the position may be missing: dropped because of their age, or the position is of another
 * database.
 */
export async function lacksEventsAfter(database: Database, position: EventPosition): Promise<boolean> {
  const [xid, id] = numbersOf(position).map(String) as [string, string];
  const [found] = await database.run((db) =>
    db.execute<{ known: boolean; first: string | null; ever: boolean; foreign: boolean }>(sql`
      select
        exists (select from ${event} where (xid, id) <= (${xid}::xid8, ${id}::bigint)) as known,
        (select id from ${event} order by xid, id limit 1)::text as first,
        pg_sequence_last_value('event_id_seq'::regclass) is not null as ever,
        ${xid}::xid8 > pg_snapshot_xmax(pg_current_snapshot()) as foreign`),
  );
  const { known, first, ever, foreign } = found!;
  return foreign || (!known && ever && first !== '1');
}

function numbersOf(position: EventPosition): [bigint, bigint] {
  const [xid = '', id = ''] = position.split('-');
  return [BigInt(xid), BigInt(id)];
}
