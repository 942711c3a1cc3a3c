import type postgres from 'postgres';
import type { SimulationLedger } from '../../src/simulator/ledger.ts';

/** What `--ledger` writes. */
export interface WrittenLedger extends SimulationLedger {
  /** Ids of the charge points whose messages mean what they say. */
  keepsFacts: string[];
}

/** Holds what charge points were answered against the rows, in words; [] if each fact is there exactly once. */
export async function disagreements(sql: postgres.Sql, ledger: WrittenLedger, prefix: string): Promise<string[]> {
  const kept = new Set(ledger.keepsFacts);
  const meant = <T extends { chargePointId: string }>(facts: T[]) =>
    facts.filter(({ chargePointId }) => kept.has(chargePointId));
  return [
    ...(await transactions(sql, meant(ledger.transactions), prefix)),
    ...(await meterValues(sql, meant(ledger.meterValues), prefix)),
    ...(await statusNotifications(sql, meant(ledger.statusNotifications), prefix)),
  ];
}

async function transactions(
  sql: postgres.Sql,
  facts: SimulationLedger['transactions'],
  prefix: string,
): Promise<string[]> {
  const rows = await sql<TransactionRow[]>`
    SELECT charge_point_id, transaction_id::int, connector_id::int, id_tag, started_at, meter_start, stopped_at,
      meter_stop, stop_reason, energy_wh, "end"
    FROM transaction WHERE starts_with(charge_point_id, ${prefix})`;
  const found = new Map(rows.map((row) => [`${row.charge_point_id} ${row.transaction_id}`, row]));
  return facts.flatMap((fact) => {
    const { chargePointId, transactionId, connectorId, idTag, startedAt, meterStart, stop } = fact;
    if (!stop) return [`${chargePointId}: transaction ${transactionId} was never stopped`];
    const row = found.get(`${chargePointId} ${transactionId}`);
    const expected = {
      charge_point_id: chargePointId,
      transaction_id: transactionId,
      connector_id: connectorId,
      id_tag: idTag,
      started_at: new Date(startedAt),
      meter_start: meterStart,
      stopped_at: new Date(stop.at),
      meter_stop: stop.meterStop,
      stop_reason: stop.reason,
      energy_wh: stop.meterStop - meterStart,
      end: 'station',
    };
    return same(row, expected) ? [] : [`${chargePointId}: ${JSON.stringify(expected)} is ${JSON.stringify(row)}`];
  });
}

interface TransactionRow {
  charge_point_id: string;
  transaction_id: number;
  connector_id: number;
  id_tag: string;
  started_at: Date;
  meter_start: number;
  stopped_at: Date;
  meter_stop: number;
  stop_reason: string;
  energy_wh: number;
  end: string;
}

async function meterValues(
  sql: postgres.Sql,
  facts: SimulationLedger['meterValues'],
  prefix: string,
): Promise<string[]> {
  const rows = await sql<{ key: string; n: number; wh: number | null }[]>`
    SELECT concat_ws(' ', charge_point_id, (extract(epoch FROM at) * 1000)::bigint, connector_id, transaction_id) AS key,
      count(*)::int AS n, max(normalised) FILTER (WHERE measurand = 'Energy.Active.Import.Register') AS wh
    FROM meter_value WHERE starts_with(charge_point_id, ${prefix}) GROUP BY 1`;
  const found = new Map(rows.map((row) => [row.key, row]));
  return facts.flatMap(({ chargePointId, at, connectorId, transactionId, samples, wh }) => {
    const key = [chargePointId, Date.parse(at), connectorId, transactionId]
      .filter((part) => part !== undefined)
      .join(' ');
    const row = found.get(key);
    return row?.n === samples && row.wh === (wh ?? null) ? [] : [`${key}: ${samples}, ${wh} is ${JSON.stringify(row)}`];
  });
}

async function statusNotifications(
  sql: postgres.Sql,
  facts: SimulationLedger['statusNotifications'],
  prefix: string,
): Promise<string[]> {
  const rows = await sql<{ key: string; n: number }[]>`
    SELECT concat_ws(' ', charge_point_id, (extract(epoch FROM at) * 1000)::bigint, connector_id, status) AS key,
      count(*)::int AS n
    FROM status_notification WHERE starts_with(charge_point_id, ${prefix}) GROUP BY 1`;
  const found = new Map(rows.map((row) => [row.key, row.n]));
  return facts.flatMap(({ chargePointId, at, connectorId, status }) => {
    const key = `${chargePointId} ${Date.parse(at)} ${connectorId} ${status}`;
    return found.get(key) === 1 ? [] : [`${key}: ${found.get(key) ?? 0} rows`];
  });
}

function same(row: TransactionRow | undefined, expected: TransactionRow): boolean {
  return JSON.stringify(row) === JSON.stringify(expected);
}
