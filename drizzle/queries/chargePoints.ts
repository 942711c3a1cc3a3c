/** Charge points as operators see them: what the actors tell of them, and what operators have decided. */
import { and, asc, eq, gt, lt, ne, sql, type SQL } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, connector } from '../schema.ts';
import { chargePointColumns } from './chargePoint.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type ChargePointView = Awaited<ReturnType<typeof findChargePoint>> & {};
export type ConnectorView = Omit<typeof connector.$inferSelect, 'chargePointId' | 'version'>;

export interface ChargePointFilter {
  online?: boolean | undefined;
  vendor?: string | undefined;
  model?: string | undefined;
  firmwareVersion?: string | undefined;
  /** Without it all but the retired ones. */
  registration?: ChargePointView['registration'] | undefined;
  /** All of them. */
  labels?: Record<string, string> | undefined;
}

/** By id. */
export async function listChargePoints(
  database: Database,
  filter: ChargePointFilter,
  { after, limit }: PageRequest,
): Promise<Page<ChargePointView>> {
  const key = keyAfter<[string]>(after, ['text']);
  const { online, vendor, model, firmwareVersion, registration, labels } = filter;
  const where = [
    key && gt(chargePoint.chargePointId, key[0]),
    sql`${chargePoint.deletedAt} is null`,
    registration === undefined ? ne(chargePoint.registration, 'retired') : eq(chargePoint.registration, registration),
    online === undefined ? undefined : eq(chargePoint.online, online),
    vendor === undefined ? undefined : eq(chargePoint.vendor, vendor),
    model === undefined ? undefined : eq(chargePoint.model, model),
    firmwareVersion === undefined ? undefined : eq(chargePoint.firmwareVersion, firmwareVersion),
    labels && sql`${chargePoint.labels} @> ${JSON.stringify(labels)}::jsonb`,
  ];
  const rows = await database.run((db) =>
    db
      .select(columns)
      .from(chargePoint)
      .where(and(...where))
      .orderBy(asc(chargePoint.chargePointId))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.chargePointId]);
}

/** Of those that count as online and were not heard of since. The one that has been silent for longest comes first. */
export async function silentChargePoints(database: Database, since: string, limit: number): Promise<string[]> {
  const rows = await database.run((db) =>
    db
      .select({ id: chargePoint.chargePointId })
      .from(chargePoint)
      .where(and(eq(chargePoint.online, true), lt(chargePoint.lastSeenAt, since)))
      .orderBy(asc(chargePoint.lastSeenAt))
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

export async function findChargePoint(database: Database, chargePointId: string) {
  const [found] = await database.run((db) =>
    db
      .select(columns)
      .from(chargePoint)
      .where(and(eq(chargePoint.chargePointId, chargePointId), sql`${chargePoint.deletedAt} is null`)),
  );
  return found;
}

/** Of one charge point, by connector id; 0 is the charge point itself (OCPP 1.6 §4.9). */
export async function listConnectors(
  database: Database,
  chargePointId: string,
  { after, limit }: PageRequest,
): Promise<Page<ConnectorView>> {
  const key = keyAfter<[number]>(after, ['number']);
  const rows = await database.run((db) =>
    db
      .select({
        connectorId: connector.connectorId,
        status: connector.status,
        errorCode: connector.errorCode,
        info: connector.info,
        vendorId: connector.vendorId,
        vendorErrorCode: connector.vendorErrorCode,
        at: connector.at,
      })
      .from(connector)
      .where(and(eq(connector.chargePointId, chargePointId), key && gt(connector.connectorId, key[0])))
      .orderBy(asc(connector.connectorId))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.connectorId]);
}

/** What operators decide; what is left out stays as it is, or gets its default. */
export interface ChargePointDecision {
  registration?: ChargePointView['registration'];
  /** Seconds; null: the edge's default. */
  heartbeatInterval?: number | null;
  labels?: Record<string, string>;
  passwordHash?: string | null;
}

/**
 * Writes what operators decided.
 *
 * @param onlyIf `revision`: only where the charge point has it; 'new': only where there is none
 * @returns undefined where `onlyIf` does not hold; `created` where there was no such charge point
 */
export async function decideChargePoint(
  database: Database,
  chargePointId: string,
  decision: ChargePointDecision,
  onlyIf?: { revision: string } | 'new',
): Promise<(ChargePointView & { created: boolean }) | undefined> {
  // A retired one that is decided about again is back.
  const registration = decision.registration ?? unlessRetired;
  const set = { ...decision, registration, deletedAt: null };
  const returned = { ...columns, created: sql<boolean>`xmax = 0` };
  const [row] = await database.run((db) => {
    if (typeof onlyIf === 'object') {
      const same = sql`${chargePoint.changedXid}::text = ${onlyIf.revision}`;
      return db
        .update(chargePoint)
        .set(set)
        .where(and(eq(chargePoint.chargePointId, chargePointId), same))
        .returning({ ...columns, created: sql<boolean>`false` });
    }
    const insert = db.insert(chargePoint).values({ chargePointId, ...decision });
    return onlyIf === 'new'
      ? insert.onConflictDoNothing().returning(returned)
      : insert.onConflictDoUpdate({ target: chargePoint.chargePointId, set }).returning(returned);
  });
  return row;
}

const unlessRetired: SQL<ChargePointView['registration']> =
  sql`case when ${chargePoint.registration} = 'retired' then 'accepted' else ${chargePoint.registration} end`;

const { version: _forActors, ...known } = chargePointColumns;

const columns = {
  ...known,
  heartbeatInterval: chargePoint.heartbeatInterval,
  hasPassword: sql<boolean>`${chargePoint.passwordHash} is not null`.as('has_password'),
  labels: chargePoint.labels,
  createdAt: chargePoint.createdAt,
  /** Of what operators decide: another one after each of their changes. */
  revision: sql<string>`${chargePoint.changedXid}::text`.as('revision'),
};
