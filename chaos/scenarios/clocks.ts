/** Stations whose clocks jump by years. */
import { Station } from '../../src/simulator/station.ts';
import { answerTo } from '../operator.ts';
import type { Scenario, World } from '../scenario.ts';
import { until } from '../system.ts';

export const clocks: Scenario[] = [
  {
    name: 'clock-jumps',
    fault: "a station's clock jumps between 1970, 2016, now and 2099 within its transactions; the others charge",
    expected: { journal: { during: 'answered', servedWithin: 5 } },
    seeds: 1,
    run: clockJumps,
  },
];

const YEARS = [undefined, 1970, 2099, 2016, undefined, 2099, 1970];
/** A message's time is its station's only from 30 days before to 5 minutes after its receipt. */
const MOST_AHEAD_MS = 5 * 60_000 + 1_000;
const MOST_BEHIND_MS = 30 * 86_400_000 + 1_000;

async function clockJumps({ system, load, note }: World): Promise<void> {
  const chargePointId = `clock-${load.prefix}`;
  const station = new Station({ url: system.edge.url, chargePointId, onCall: answerTo });
  const call = async (action: string, payload: object) => {
    const reply = await station.call(action, payload);
    if (!('result' in reply)) throw new Error(`${action} got ${reply.error}: ${reply.description}`);
    return reply.result;
  };
  let moment = 0;
  const at = (year?: number) => {
    const date = new Date(Date.now() + ++moment);
    if (year) date.setUTCFullYear(year);
    return date.toISOString();
  };
  await call('BootNotification', { chargePointVendor: 'Simulated', chargePointModel: 'One' });
  let wh = 0;
  for (const [i, year] of YEARS.entries()) {
    const next = YEARS[i + 1];
    const start = { connectorId: 1, idTag: 'TAG', meterStart: wh, timestamp: at(year) };
    const { transactionId } = await call('StartTransaction', start);
    wh += 250;
    const sampledValue = [{ value: String(wh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' }];
    await call('MeterValues', { connectorId: 1, transactionId, meterValue: [{ timestamp: at(year), sampledValue }] });
    wh += 250;
    // The clock jumps before the end of the transaction.
    await call('StopTransaction', { transactionId, meterStop: wh, timestamp: at(next), reason: 'Local' });
  }
  const transactions = async () => {
    const rows = await system.sql<{ energy: number; end: string }[]>`
      SELECT energy_wh AS energy, "end" FROM transaction WHERE charge_point_id = ${chargePointId}`;
    return rows.length === YEARS.length && rows.every(({ energy, end }) => energy === 500 && end === 'station');
  };
  await until(`${YEARS.length} transactions of 500 Wh each`, transactions, 180_000);
  const [row] = await system.sql<{ ahead: number; behind: number; noted: number }[]>`
    SELECT max(extract(epoch FROM at - received_at) * 1000)::float AS ahead,
      max(extract(epoch FROM received_at - at) * 1000)::float AS behind,
      count(*) FILTER (WHERE cardinality(notes) > 0)::int AS noted
    FROM message WHERE charge_point_id = ${chargePointId}`;
  station.stop();
  if (!row || row.ahead > MOST_AHEAD_MS || row.behind > MOST_BEHIND_MS) {
    throw new Error(`times were believed that cannot be: ${JSON.stringify(row)}`);
  }
  note(`${row.noted} messages with impossible times noted`);
}
