import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, message } from '../schema.ts';

/** A way of departing from the specification, as messages were noted. */
interface Counted {
  vendor: string | null;
  /** Of the normalisation or the finding, such as `implausibleTime`. */
  name: string;
  count: number;
  lastAt: string;
  /** The newest note in full: `<name>: <what>`. */
  example: string;
}

/** … of a charge point. */
export interface DeviationView extends Counted {
  chargePointId: string;
  model: string | null;
}

/** … of all charge points of a vendor; null: of those that never said whose they are. */
export interface VendorDeviationView extends Counted {
  /** How many depart in this way. */
  chargePoints: number;
}

interface DeviationFilter {
  chargePointId?: string | undefined;
  /** Received at or after */
  from: string;
}

/** How many are told at most, the most frequent first. */
const MOST = 1_000;

export async function listDeviations(database: Database, filter: DeviationFilter): Promise<DeviationView[]> {
  const rows = await database.run((db) =>
    db.execute<Row<DeviationView>>(sql`
      select m.charge_point_id as "chargePointId", cp.vendor, cp.model, ${counted}
      ${notesOf(filter)}
      group by 1, 2, 3, 4
      order by count(*) desc, 1, 4
      limit ${MOST}`),
  );
  return rows.map((row) => ({ chargePointId: row.chargePointId ?? '', model: row.model, ...countedOf(row) }));
}

/** Summed over the charge points of each vendor, as they call it themselves. */
export async function listVendorDeviations(
  database: Database,
  filter: DeviationFilter,
): Promise<VendorDeviationView[]> {
  const rows = await database.run((db) =>
    db.execute<Row<VendorDeviationView>>(sql`
      select cp.vendor, count(distinct m.charge_point_id)::text as "chargePoints", ${counted}
      ${notesOf(filter)}
      group by 1, 3
      order by count(*) desc, 1, 3
      limit ${MOST}`),
  );
  return rows.map((row) => ({ ...countedOf(row), chargePoints: Number(row.chargePoints) }));
}

type Row<View> = Record<keyof View, string | null>;

const counted = sql`split_part(n.note, ':', 1) as name, count(*)::text as count, max(m.received_at)::text as "lastAt",
  (array_agg(n.note order by m.received_at desc))[1] as example`;

function countedOf(row: Row<Counted>): Counted {
  return {
    vendor: row.vendor,
    name: row.name ?? '',
    count: Number(row.count),
    lastAt: new Date(row.lastAt ?? '').toISOString(),
    example: row.example ?? '',
  };
}

function notesOf({ chargePointId, from }: DeviationFilter): SQL {
  return sql`
    from ${message} as m
    cross join lateral unnest(m.notes) as n (note)
    left join ${chargePoint} as cp using (charge_point_id)
    where m.notes is not null and m.received_at >= ${from}::timestamptz
      ${chargePointId === undefined ? sql`` : sql`and m.charge_point_id = ${chargePointId}`}`;
}
