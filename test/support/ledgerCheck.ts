import type postgres from 'postgres';
import type { Ledger } from '../../src/simulator/session.ts';

/**
 * Holds what stations were answered against the rows: each exactly once, with its values, in order per station. Returns
 * the differences in words. `prefix` is what the ids of the charge points begin with; unanswered messages may have rows,
 * and so may the transactions in `doubtful`, which are not in the ledger.
 */
export async function differences(
  sql: postgres.Sql,
  ledger: Ledger,
  prefix: string,
  doubtful: ReadonlySet<number> = new Set(),
): Promise<string[]> {
  return [
    ...(await meterValues(sql, ledger, prefix)),
    ...(await statusNotifications(sql, ledger, prefix)),
    ...(await transactions(sql, ledger, prefix, doubtful)),
    ...(await order(sql, prefix)),
  ];
}

/** Repeats the check until nothing differs or the time (ms) is up. */
export async function settledDifferences(
  sql: postgres.Sql,
  ledger: Ledger,
  prefix: string,
  withinMs: number,
  doubtful?: ReadonlySet<number>,
): Promise<string[]> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await differences(sql, ledger, prefix, doubtful).catch((error: unknown) => [
      `database: ${String(error)}`,
    ]);
    if (found.length === 0 || Date.now() > until) return found.slice(0, 20);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function meterValues(sql: postgres.Sql, ledger: Ledger, prefix: string): Promise<string[]> {
  const rows = await sql<
    { id: string; at: Date; transaction: string; wh: number | null; w: number | null; n: number }[]
  >`
    SELECT charge_point_id AS id, at, transaction_id::text AS transaction, count(*)::int AS n,
      max(normalised) FILTER (WHERE measurand = 'Energy.Active.Import.Register') AS wh,
      max(normalised) FILTER (WHERE measurand = 'Power.Active.Import') AS w
    FROM meter_value WHERE starts_with(charge_point_id, ${prefix}) GROUP BY 1, 2, 3`;
  const found = new Map(rows.map((row) => [`${row.id} ${row.at.toISOString()}`, row]));
  return ledger.meterValues.flatMap(({ chargePointId, at, wh, transactionId }) => {
    const row = found.get(`${chargePointId} ${at}`);
    if (!row) return [`${chargePointId}: answered MeterValues of ${at} have no rows`];
    if (row.n !== 2) return [`${chargePointId}: MeterValues of ${at} have ${row.n} rows for 2 samples`];
    const same = row.wh === wh && row.w === 7_360 && row.transaction === String(transactionId);
    return same
      ? []
      : [`${chargePointId}: MeterValues of ${at} say ${JSON.stringify(row)}, sent ${wh} Wh, ${transactionId}`];
  });
}

async function statusNotifications(sql: postgres.Sql, ledger: Ledger, prefix: string): Promise<string[]> {
  const rows = await sql<{ key: string; n: number }[]>`
    SELECT charge_point_id || ' ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ' ' || status AS key,
      count(*)::int AS n
    FROM status_notification WHERE starts_with(charge_point_id, ${prefix}) GROUP BY 1`;
  const found = new Map(rows.map((row) => [row.key, row.n]));
  return ledger.statusNotifications.flatMap(({ chargePointId, at, status }) => {
    const n = found.get(`${chargePointId} ${at} ${status}`) ?? 0;
    return n === 1 ? [] : [`${chargePointId}: answered StatusNotification of ${at} has ${n} rows`];
  });
}

async function transactions(
  sql: postgres.Sql,
  ledger: Ledger,
  prefix: string,
  doubtful: ReadonlySet<number>,
): Promise<string[]> {
  const rows = await sql<TransactionRow[]>`
    SELECT charge_point_id AS id, transaction_id::text AS transaction, meter_start AS start, meter_stop AS stop, "end",
      energy_wh AS energy, last_reading_wh AS reading
    FROM transaction WHERE starts_with(charge_point_id, ${prefix})`;
  const found = new Map(rows.map((row) => [`${row.id} ${row.transaction}`, row]));
  const answered = new Set(ledger.transactions.map((t) => `${t.chargePointId} ${t.transactionId}`));
  const lastReadings = new Map(
    ledger.meterValues.map((reading) => [`${reading.chargePointId} ${reading.transactionId}`, reading.wh]),
  );
  const repeated = ledger.transactions.length - answered.size;
  const wrong = ledger.transactions.flatMap(({ chargePointId, transactionId, meterStart, meterStop }) => {
    const row = found.get(`${chargePointId} ${transactionId}`);
    if (!row) return [`${chargePointId}: answered transaction ${transactionId} has no row`];
    const ended =
      meterStop === undefined ||
      (row.end === 'station' && row.stop === meterStop && row.energy === meterStop - meterStart);
    const read = lastReadings.get(`${chargePointId} ${transactionId}`) ?? null;
    return row.start === meterStart && ended && (meterStop === undefined || row.reading === read)
      ? []
      : [`${chargePointId}: transaction ${transactionId} is ${JSON.stringify(row)}`];
  });
  const surplus = rows.filter(
    (row) => !answered.has(`${row.id} ${row.transaction}`) && !doubtful.has(Number(row.transaction)),
  );
  const perStation = new Map<string, number>();
  for (const row of surplus) perStation.set(row.id, (perStation.get(row.id) ?? 0) + 1);
  // The last start of a station may have been cut before its answer.
  const tooMany = [...perStation]
    .filter(([, n]) => n > 1)
    .map(([id, n]) => `${id}: ${n} transactions nobody was answered`);
  return [...wrong, ...tooMany, ...(repeated > 0 ? [`${repeated} transaction ids were given twice`] : [])];
}

interface TransactionRow {
  id: string;
  transaction: string;
  start: number;
  stop: number | null;
  end: string | null;
  energy: number | null;
  reading: number | null;
}

/** The journal's order is the station's: times in the messages that are no repeats never go back. */
async function order(sql: postgres.Sql, prefix: string): Promise<string[]> {
  const rows = await sql<{ id: string; n: number }[]>`
    SELECT id, count(*)::int AS n FROM (
      SELECT charge_point_id AS id, at, lag(at) OVER (PARTITION BY charge_point_id ORDER BY journal, seq) AS before
      FROM message
      WHERE starts_with(charge_point_id, ${prefix}) AND repeat_of IS NULL AND error_code IS NULL
        AND action IN ('StartTransaction', 'StopTransaction', 'MeterValues', 'StatusNotification')
    ) AS m WHERE at < before GROUP BY id`;
  return rows.map(({ id, n }) => `${id}: ${n} messages out of order`);
}
