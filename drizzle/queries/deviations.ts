import { sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, message } from '../schema.ts';

/** A way in which a charge point departs from the specification, as its messages were noted. */
export interface DeviationView {
  chargePointId: string;
  vendor: string | null;
  model: string | null;
  /** Of the normalisation or the finding, such as `implausibleTime`. */
  name: string;
  count: number;
  lastAt: string;
  /** The newest note in full: `<name>: <what>`. */
  example: string;
}

/** How many are told at most, the most frequent first. */
const MOST = 1_000;

/** @param filter.from received at or after */
export async function listDeviations(
  database: Database,
  { chargePointId, from }: { chargePointId?: string | undefined; from: string },
): Promise<DeviationView[]> {
  const rows = await database.run((db) =>
    db.execute<Record<keyof DeviationView, string | null>>(sql`
      select m.charge_point_id as "chargePointId", cp.vendor, cp.model, split_part(n.note, ':', 1) as name,
        count(*)::text as count, max(m.received_at)::text as "lastAt",
        (array_agg(n.note order by m.received_at desc))[1] as example
      from ${message} as m
      cross join lateral unnest(m.notes) as n (note)
      left join ${chargePoint} as cp using (charge_point_id)
      where m.notes is not null and m.received_at >= ${from}::timestamptz
        ${chargePointId === undefined ? sql`` : sql`and m.charge_point_id = ${chargePointId}`}
      group by 1, 2, 3, 4
      order by count(*) desc, 1, 4
      limit ${MOST}`),
  );
  return rows.map((row) => ({
    chargePointId: row.chargePointId ?? '',
    vendor: row.vendor,
    model: row.model,
    name: row.name ?? '',
    count: Number(row.count),
    lastAt: new Date(row.lastAt ?? '').toISOString(),
    example: row.example ?? '',
  }));
}
