import type postgres from 'postgres';
import { replayedDifferences } from '../src/replay/replay.ts';
import type { Ledger } from '../src/simulator/session.ts';
import { workflowId } from '../src/temporal/actors.ts';
import { settledDifferences } from '../test/support/ledgerCheck.ts';
import type { LiveStep } from '../workflows/handlers.ts';
import type { Load } from './load.ts';
import { commandIdOf, type Accepted } from './operator.ts';
import { until, type System } from './system.ts';

/** Moments (ms since 1970) between which what was answered may be lost. */
export type Gap = { from: number; to: number };

const SETTLE_MS = 120_000;
/** A CALL whose answer its actor has not seen is given up after 120 s, and what waits behind it has its turn then. */
const COMMANDS_SETTLE_MS = 180_000;
/** Of the stations of a load so many are run again. */
const REPLAYED = 4;

/** Every answered message is in the database exactly once, in order; transactions have one id, one start, one end. */
export async function messages(sql: postgres.Sql, load: Load, gaps: Gap[]): Promise<string[]> {
  const { ledger, prefix } = load;
  const { kept, doubtful } = without(ledger, gaps);
  const found = await settledDifferences(sql, kept, prefix, SETTLE_MS, doubtful);
  const dead = await sql<{ id: string; reason: string }[]>`
    SELECT charge_point_id AS id, reason FROM dead_event WHERE starts_with(charge_point_id, ${prefix}) LIMIT 5`;
  const refused = ledger.refused.slice(0, 5).map((text) => `answered with an error: ${text}`);
  return [...found, ...dead.map(({ id, reason }) => `${id}: dead event: ${reason}`), ...refused];
}

/**
 * Every command that was taken has one outcome; its station received at most one CALL, exactly one where it is completed.
 * What is to follow it is there where it has completed, and nowhere else.
 */
export async function commands(
  sql: postgres.Sql,
  { load, accepted, gaps }: { load: Load; accepted: Accepted[]; gaps: Gap[] },
): Promise<string[]> {
  const read = () => sql<{ id: string; command: string; state: string; ended: boolean; reason: string | null }[]>`
    SELECT charge_point_id AS id, command_id AS command, state, ended_at IS NOT NULL AS ended, reason
    FROM command WHERE starts_with(charge_point_id, ${load.prefix})`;
  await until(
    'every command has an outcome',
    async () => (await read()).every(({ ended }) => ended),
    COMMANDS_SETTLE_MS,
  ).catch(() => undefined);
  const rows = await read();
  const calls = new Map<string, number>();
  for (const station of [...load.stations, ...load.others]) {
    for (const received of station.received) {
      const commandId = commandIdOf(received);
      if (commandId) calls.set(commandId, (calls.get(commandId) ?? 0) + 1);
    }
  }
  const known = new Map(rows.map((row) => [row.command, row]));
  const wrong: string[] = [];
  for (const { chargePointId, commandId, next, at } of accepted) {
    if (within(at, gaps)) continue;
    const row = known.get(commandId);
    if (!row) wrong.push(`${chargePointId}: command ${commandId} has no row`);
    if (next !== undefined && known.has(next) !== (row?.state === 'completed'))
      wrong.push(
        `${chargePointId}: command ${commandId} is ${row?.state}, and command ${next} is ${known.get(next)?.state ?? 'not there'}`,
      );
  }
  for (const { id, command, state, ended, reason } of rows) {
    const received = calls.get(command) ?? 0;
    const right =
      ended && received <= 1 && (state !== 'completed' || received === 1) && !(NEVER_SENT.has(state) && received > 0);
    if (!right)
      wrong.push(`${id}: command ${command} is ${state} (${reason ?? 'no reason'}), ${received} CALLs received`);
  }
  for (const [command, received] of calls) {
    if (received > 1 && !known.has(command)) wrong.push(`command ${command}: ${received} CALLs received`);
  }
  return wrong;
}

const NEVER_SENT = new Set(['queued', 'refused', 'expired', 'cancelled']);

/** What the actors were given, run again, makes the states that they kept and the ones they have. */
export async function replays(system: System, { stations }: Load): Promise<string[]> {
  const wrong: string[] = [];
  for (const { chargePointId } of stations.slice(0, REPLAYED)) {
    let live: LiveStep | undefined;
    const ask = async () => {
      live = await system.client.workflow.getHandle(workflowId(chargePointId)).query<LiveStep>('step');
      return true;
    };
    // Of a worker that has just come a query may be too much.
    await until(`the actor of ${chargePointId} says where it stands`, ask, 60_000, 1_000);
    const found = await replayedDifferences(system.reads, chargePointId, live ? { live } : {});
    wrong.push(...found.slice(0, 3).map((text) => `${chargePointId}: replay: ${text}`));
  }
  return wrong;
}

/** Nothing waits, nothing is left in the journal, one actor a station, all are shown as online. */
export async function backToNormal(system: System, load: Load): Promise<string[]> {
  const { prefix, stations } = load;
  const wrong: string[] = [];
  const expect = async (what: string, holds: () => Promise<boolean>) => {
    await until(what, holds, 60_000, 500).catch((error: unknown) => wrong.push((error as Error).message));
  };
  await expect('health is ok and nothing waits to be delivered', async () => {
    const { status, backlog } = await system.health();
    return status === 'ok' && backlog.stations === 0;
  });
  await expect('stored events are trimmed from the journal', async () => {
    // Heartbeats alone wait for company.
    const events = await system.metric('ocpp_journal_events');
    if (events > 10 * stations.length) throw new Error(`${events} are left`);
    return true;
  });
  await expect('every station is shown as online', async () => {
    const [row] = await system.sql<{ online: number }[]>`
      SELECT count(*) FILTER (WHERE online)::int AS online FROM charge_point WHERE starts_with(charge_point_id, ${prefix})`;
    return row?.online === stations.length;
  });
  await expect('every station has one running actor', async () => {
    const query = `WorkflowId STARTS_WITH "charge-point/${prefix}" AND ExecutionStatus = "Running"`;
    if ((await system.client.workflow.count(query)).count === stations.length) return true;
    await speakToNew(system, load);
    return false;
  });
  return wrong;
}

/** An actor that was cancelled may end after its station's last word: the next word brings a new one. */
async function speakToNew({ client }: System, { stations }: Load): Promise<void> {
  for (const station of stations) {
    const { status } = await client.workflow.getHandle(workflowId(station.chargePointId)).describe();
    if (status.name === 'CANCELLED') {
      await station.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' });
    }
  }
}

/** The part of a ledger that must not be lost. Transactions that a gap touches are `doubtful`, and left out whole. */
function without(ledger: Ledger, gaps: Gap[]): { kept: Ledger; doubtful: Set<number> } {
  const kept = (at: string) => !within(Date.parse(at), gaps);
  const lastReadings = new Map<number, number>();
  for (const { transactionId, at } of ledger.meterValues) {
    lastReadings.set(transactionId, Math.max(lastReadings.get(transactionId) ?? 0, Date.parse(at)));
  }
  const touched = (t: Ledger['transactions'][number]) => {
    const from = Date.parse(t.startedAt);
    const to = Math.max(from, lastReadings.get(t.transactionId) ?? 0) + 5_000;
    return gaps.some((gap) => from <= gap.to && to >= gap.from);
  };
  const doubtful = new Set(ledger.transactions.filter(touched).map((t) => t.transactionId));
  return {
    doubtful,
    kept: {
      ...ledger,
      meterValues: ledger.meterValues.filter(({ at, transactionId }) => kept(at) && !doubtful.has(transactionId)),
      statusNotifications: ledger.statusNotifications.filter(({ at }) => kept(at)),
      transactions: ledger.transactions.filter(({ transactionId }) => !doubtful.has(transactionId)),
    },
  };
}

function within(at: number, gaps: Gap[]): boolean {
  return gaps.some(({ from, to }) => from <= at && at <= to);
}
