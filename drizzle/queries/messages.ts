import { and, desc, eq, getTableColumns, gte, lt, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { deadEvent, message } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type MessageView = Omit<typeof message.$inferSelect, 'hash'>;
export type DeadEventView = typeof deadEvent.$inferSelect;

export interface MessageFilter {
  action?: string | undefined;
  /** As the central system sees it. */
  direction?: 'in' | 'out' | undefined;
  /** Received at or after. */
  from?: string | undefined;
  /** Received before. */
  to?: string | undefined;
}

/** Frames from and to one charge point, the newest first. */
export async function listMessages(
  database: Database,
  chargePointId: string,
  { action, direction, from, to }: MessageFilter,
  { after, limit }: PageRequest,
): Promise<Page<MessageView>> {
  const key = keyAfter<[string, number, number]>(after, ['instant', 'number', 'number']);
  const rows = await database.run((db) =>
    db
      .select(columns)
      .from(message)
      .where(
        and(
          eq(message.chargePointId, chargePointId),
          action === undefined ? undefined : eq(message.action, action),
          direction === undefined ? undefined : eq(message.direction, direction),
          from === undefined ? undefined : gte(message.receivedAt, from),
          to === undefined ? undefined : lt(message.receivedAt, to),
          // TimescaleDB leaves out chunks by conditions on the time alone.
          key && sql`${message.receivedAt} <= ${key[0]}::timestamptz`,
          key &&
            sql`(${message.receivedAt}, ${message.journal}, ${message.seq}) < (${key[0]}::timestamptz, ${key[1]}::bigint, ${key[2]}::bigint)`,
        ),
      )
      .orderBy(desc(message.receivedAt), desc(message.journal), desc(message.seq))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.receivedAt, row.journal, row.seq]);
}

/** What could not be understood or stored, the newest first. */
export async function listDeadEvents(
  database: Database,
  { chargePointId }: { chargePointId?: string | undefined },
  { after, limit }: PageRequest,
): Promise<Page<DeadEventView>> {
  const key = keyAfter<[number]>(after, ['number']);
  const rows = await database.run((db) =>
    db
      .select()
      .from(deadEvent)
      .where(
        and(
          chargePointId === undefined ? undefined : eq(deadEvent.chargePointId, chargePointId),
          key && lt(deadEvent.id, key[0]),
        ),
      )
      .orderBy(desc(deadEvent.id))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.id]);
}

const { hash: _forActors, ...columns } = getTableColumns(message);
