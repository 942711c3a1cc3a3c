import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import type { FIRMWARE_ACTIONS } from '../../src/ocpp/firmwareActions.ts';
import type { Database } from '../client.ts';
import { firmwareEvent } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type FirmwareEventView = Pick<typeof firmwareEvent.$inferSelect, 'at' | 'action' | 'status' | 'requestId'>;

export interface FirmwareEventFilter {
  action?: (typeof FIRMWARE_ACTIONS)[number] | undefined;
  /** At or after. */
  from?: string | undefined;
  /** Before. */
  to?: string | undefined;
}

/** Of one charge point, the newest first. */
export async function listFirmwareEvents(
  database: Database,
  chargePointId: string,
  { action, from, to }: FirmwareEventFilter,
  { after, limit }: PageRequest,
): Promise<Page<FirmwareEventView>> {
  const key = keyAfter<[string, number, number]>(after, ['instant', 'number', 'number']);
  const { at, journal, seq } = firmwareEvent;
  const rows = await database.run((db) =>
    db
      .select({ ...columns, journal, seq })
      .from(firmwareEvent)
      .where(
        and(
          eq(firmwareEvent.chargePointId, chargePointId),
          action === undefined ? undefined : eq(firmwareEvent.action, action),
          from === undefined ? undefined : gte(at, from),
          to === undefined ? undefined : lt(at, to),
          // TimescaleDB leaves out chunks by conditions on the time alone.
          key && sql`${at} <= ${key[0]}::timestamptz`,
          key && sql`(${at}, ${journal}, ${seq}) < (${key[0]}::timestamptz, ${key[1]}::bigint, ${key[2]}::bigint)`,
        ),
      )
      .orderBy(desc(at), desc(journal), desc(seq))
      .limit(limit + 1),
  );
  const { items, next } = pageOf(rows, limit, (row) => [row.at, row.journal, row.seq]);
  return { items: items.map(({ journal: _journal, seq: _seq, ...item }) => item), next };
}

const columns = {
  at: firmwareEvent.at,
  action: firmwareEvent.action,
  status: firmwareEvent.status,
  requestId: firmwareEvent.requestId,
};
