import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { meterValue } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export interface MeterValueFilter {
  /** At or after. */
  from?: string | undefined;
  /** Before. */
  to?: string | undefined;
  measurand?: string | undefined;
  connectorId?: number | undefined;
  transactionId?: number | undefined;
}

export type MeterValueView = Awaited<ReturnType<typeof listMeterValues>>['items'][number];

/** Samples of one charge point as they came, the newest first. */
export async function listMeterValues(
  database: Database,
  chargePointId: string,
  filter: MeterValueFilter,
  { after, limit }: PageRequest,
) {
  type Key = [string, number, number, number];
  const key = keyAfter<Key>(after, ['instant', 'number', 'number', 'number']);
  const rows = await database.run((db) =>
    db
      .select({ ...columns, journal: meterValue.journal, seq: meterValue.seq, index: meterValue.index })
      .from(meterValue)
      .where(
        and(
          ...conditions(chargePointId, filter),
          // TimescaleDB leaves out chunks by conditions on the time alone.
          key && sql`${meterValue.at} <= ${key[0]}::timestamptz`,
          key &&
            sql`(${meterValue.at}, ${meterValue.journal}, ${meterValue.seq}, ${meterValue.index})
              < (${key[0]}::timestamptz, ${key[1]}::bigint, ${key[2]}::bigint, ${key[3]}::integer)`,
        ),
      )
      .orderBy(desc(meterValue.at), desc(meterValue.journal), desc(meterValue.seq), desc(meterValue.index))
      .limit(limit + 1),
  );
  const { items, next } = pageOf(rows, limit, (row) => [row.at, row.journal, row.seq, row.index]);
  return { items: items.map(({ journal: _journal, seq: _seq, index: _index, ...view }) => view), next };
}

/** The samples of one interval of time that measure the same. */
export interface MeterValueSummary {
  /** Begin of the interval. */
  at: string;
  connectorId: number | null;
  measurand: string;
  phase: string | null;
  location: string | null;
  unit: string | null;
  average: number;
  minimum: number;
  maximum: number;
  /** The one read last. */
  last: number;
  samples: number;
}

/** Normalised numbers of one charge point per interval of `seconds`, the newest first. */
export async function summariseMeterValues(
  database: Database,
  chargePointId: string,
  filter: MeterValueFilter & { from: string; to: string },
  seconds: number,
  { after, limit }: PageRequest,
): Promise<Page<MeterValueSummary>> {
  const key = keyAfter<[string, string]>(after, ['instant', 'text']);
  const bucket = sql`time_bucket(make_interval(secs => ${seconds}), ${meterValue.at})`;
  const rows = await database.run((db) => {
    const summary = db
      .select({
        bucket: sql`${bucket}`.as('bucket'),
        connectorId: meterValue.connectorId,
        measurand: meterValue.measurand,
        phase: meterValue.phase,
        location: meterValue.location,
        unit: meterValue.normalisedUnit,
        series: sql<string>`${series}`.as('series'),
        average: sql<number>`avg(${meterValue.normalised})`.as('average'),
        minimum: sql<number>`min(${meterValue.normalised})`.as('minimum'),
        maximum: sql<number>`max(${meterValue.normalised})`.as('maximum'),
        last: sql<number>`last(${meterValue.normalised}, ${meterValue.at})`.as('last_one'),
        samples: sql<number>`count(*)::integer`.as('samples'),
      })
      .from(meterValue)
      .where(
        and(
          ...conditions(chargePointId, filter),
          sql`${meterValue.normalised} is not null`,
          key && sql`${meterValue.at} < ${key[0]}::timestamptz + make_interval(secs => ${seconds})`,
        ),
      )
      // By number: as expressions they would be different parameters.
      .groupBy(sql`1, 2, 3, 4, 5, 6, 7`)
      .as('summary');
    return db
      .select({
        at: sql<string>`${summary.bucket}`.mapWith(meterValue.at),
        connectorId: summary.connectorId,
        measurand: summary.measurand,
        phase: summary.phase,
        location: summary.location,
        unit: summary.unit,
        series: summary.series,
        average: summary.average,
        minimum: summary.minimum,
        maximum: summary.maximum,
        last: summary.last,
        samples: summary.samples,
      })
      .from(summary)
      .where(
        key &&
          sql`(${summary.bucket} < ${key[0]}::timestamptz or ${summary.bucket} = ${key[0]}::timestamptz and ${summary.series} > ${key[1]})`,
      )
      .orderBy(desc(summary.bucket), asc(summary.series))
      .limit(limit + 1);
  });
  const { items, next } = pageOf(rows, limit, (row) => [row.at, row.series]);
  return { items: items.map(({ series: _series, ...view }) => view), next };
}

/** Energy of one connector within one hour or day. */
export interface Energy {
  /** Begin of the hour or day, UTC. */
  at: string;
  /** 0: the charge point's main meter, which counts what its connectors count. */
  connectorId: number | null;
  location: string | null;
  energyWh: number;
  /** Where the energy register stood at the end. */
  registerWh: number | null;
}

/** By the energy register (`Energy.Active.Import.Register`), the newest first. See the view `energy_per_hour`. */
export async function listEnergy(
  database: Database,
  chargePointId: string,
  { from, to, per, connectorId }: { from: string; to: string; per: 'hour' | 'day'; connectorId?: number | undefined },
  { after, limit }: PageRequest,
): Promise<Page<Energy>> {
  const key = keyAfter<[string, string]>(after, ['instant', 'text']);
  const rows = await database.run((db) =>
    db.execute<{
      at: string;
      connector_id: string | null;
      location: string | null;
      wh: number;
      register: number | null;
      series: string;
    }>(sql`
      select * from (
        select
          date_trunc(${per}, hour)::text as at, connector_id::text, location, sum(energy_wh) as wh,
          last(register_wh, hour) as register,
          coalesce(lpad(connector_id::text, 20, '0'), '') || '/' || coalesce(location, '') as series
        from energy_per_hour
        where charge_point_id = ${chargePointId}
          and hour >= ${from}::timestamptz and hour < ${to}::timestamptz
          and (${connectorId ?? null}::bigint is null or connector_id = ${connectorId ?? null}::bigint)
        group by 1, 2, 3
      ) as e
      ${key ? sql`where at::timestamptz < ${key[0]}::timestamptz or at::timestamptz = ${key[0]}::timestamptz and series > ${key[1]}` : sql``}
      order by at::timestamptz desc, series
      limit ${limit + 1}`),
  );
  const { items, next } = pageOf(
    rows.map((row) => ({ ...row, at: String(meterValue.at.mapFromDriverValue(row.at)) })),
    limit,
    (row) => [row.at, row.series],
  );
  return {
    items: items.map(({ at, connector_id: connector, location, wh, register }) => ({
      at,
      connectorId: connector === null ? null : Number(connector),
      location,
      energyWh: wh,
      registerWh: register,
    })),
    next,
  };
}

/** What tells apart what is measured at the same time, as text in a fixed order. */
const series = sql`concat_ws('/', coalesce(lpad(${meterValue.connectorId}::text, 20, '0'), '-'), ${meterValue.measurand},
  coalesce(${meterValue.phase}, '-'), coalesce(${meterValue.location}, '-'), coalesce(${meterValue.normalisedUnit}, '-'))`;

function conditions(chargePointId: string, { from, to, measurand, connectorId, transactionId }: MeterValueFilter) {
  return [
    eq(meterValue.chargePointId, chargePointId),
    from === undefined ? undefined : gte(meterValue.at, from),
    to === undefined ? undefined : lt(meterValue.at, to),
    measurand === undefined ? undefined : eq(meterValue.measurand, measurand),
    connectorId === undefined ? undefined : eq(meterValue.connectorId, connectorId),
    transactionId === undefined ? undefined : eq(meterValue.transactionId, transactionId),
  ];
}

const columns = {
  at: meterValue.at,
  receivedAt: meterValue.receivedAt,
  connectorId: meterValue.connectorId,
  transactionId: meterValue.transactionId,
  measurand: meterValue.measurand,
  phase: meterValue.phase,
  location: meterValue.location,
  context: meterValue.context,
  format: meterValue.format,
  unit: meterValue.unit,
  value: meterValue.value,
  normalised: meterValue.normalised,
  normalisedUnit: meterValue.normalisedUnit,
};
