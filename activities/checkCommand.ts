import type { Database } from '../drizzle/client.ts';
import { readTransactions } from '../drizzle/queries/chargePoint.ts';
import { findIdTags, idTagKey } from '../drizzle/queries/idTags.ts';
import { openTransactionsAt, openTransactionsOf } from '../drizzle/queries/openTransactions.ts';
import { isElsewhere, type OpenTransaction } from '../src/directory/chargingTags.ts';
import { judgeIdTag, type IdTagPolicy } from '../src/directory/judgeIdTag.ts';
import { InvalidCommand, timelyRequest } from '../src/ocpp/command.ts';
import { commands } from '../src/ocpp/commands.ts';
import { isLimited, refusalByConfiguration, startWithinMs } from '../src/ocpp/stationLimits.ts';
import { readConfiguration } from '../src/operators/learnt/read.ts';
import type { Activities, AskedCommand } from './activities.ts';

/** The database has less time than the actor waits for the answer. */
const DATABASE_MS = 2_000;

export function checkCommand(parts: { database: Database; idTags: IdTagPolicy }): Activities['checkCommand'] {
  const keysOf = readOnce((chargePointId) => readConfiguration(parts.database, chargePointId));
  return async (asked) => {
    const { action, chargePointId } = asked;
    const command = commands.get(action);
    if (!command) return {};
    try {
      const exact = { ...asked, payload: timelyRequest(command, asked.payload) };
      const [configuration, ...refusals] = await Promise.all([
        isLimited(action, exact.payload) ? inTime(keysOf(chargePointId)) : undefined,
        inTime(refusalOfIdTag(exact, parts)),
        inTime(refusalOfTxProfile(exact, parts)),
      ]);
      const keys = configuration?.items ?? [];
      const found = [refusalByConfiguration(action, exact.payload, keys), ...refusals].flatMap((one) => one ?? []);
      if (found.length > 0) return { refusal: found.join('; ') };
      return action === 'RemoteStartTransaction' ? { effectWithinMs: startWithinMs(keys) } : {};
    } catch (error) {
      if (error instanceof InvalidCommand) return { refusal: error.message };
      throw error;
    }
  };
}

type Exact = AskedCommand & { payload: Record<string, unknown> };

/** A start with this id tag would be answered so that the station does not charge. */
async function refusalOfIdTag(
  { chargePointId, action, payload: { idTag, connectorId }, options }: Exact,
  { database, idTags }: { database: Database; idTags: IdTagPolicy },
): Promise<string | undefined> {
  if (action !== 'RemoteStartTransaction' || options?.grantIdTag || typeof idTag !== 'string') return undefined;
  const [found] = await findIdTags(database, [idTagKey(idTag)]);
  const { status } = judgeIdTag(found, new Date().toISOString(), idTags).info;
  if (status !== 'Accepted') {
    return `id tag "${idTag}" would be answered ${status}: register it, or ask with the option grantIdTag to let it charge once`;
  }
  if (!found?.singleTransaction || found.deleted) return undefined;
  const open = await openTransactionsOf(database, found.key);
  const other = open.find((one) => isCertainlyElsewhere(one, { chargePointId, connectorId }));
  if (other === undefined) return undefined;
  const where = `charge point ${other.chargePointId} in transaction ${other.transactionId}`;
  return `id tag "${idTag}" would be answered ConcurrentTx: it charges at ${where}, and may at one place only; stop that, or ask with the option grantIdTag`;
}

/** Where no connector is named, any of the charge point may start: also the one whose last end was lost. */
function isCertainlyElsewhere(
  one: OpenTransaction,
  { chargePointId, connectorId }: { chargePointId: string; connectorId: unknown },
): boolean {
  if (typeof connectorId === 'number') return isElsewhere(one, { chargePointId, connectorId });
  return one.chargePointId !== chargePointId;
}

/** A TxProfile is for a transaction that runs at its connector (OCPP 1.6 §5.16.3). One whose end is a guess may run. */
async function refusalOfTxProfile(
  { chargePointId, action, payload: { connectorId, csChargingProfiles } }: Exact,
  { database }: { database: Database },
): Promise<string | undefined> {
  const { chargingProfilePurpose, transactionId } = (csChargingProfiles ?? {}) as Record<string, unknown>;
  if (action !== 'SetChargingProfile' || chargingProfilePurpose !== 'TxProfile') return undefined;
  const [named, open] = await Promise.all([
    readTransactions(database, chargePointId, [transactionId as number]),
    openTransactionsAt(database, chargePointId),
  ]);
  const isThere = (one: { connectorId: number | null }) => one.connectorId === null || one.connectorId === connectorId;
  if (named.some((one) => one.end !== 'station' && isThere(one))) return undefined;
  const others = open.filter(isThere).map((one) => one.transactionId);
  const running = others.length > 0 ? `transaction ${others.join(', ')} is` : 'none is';
  return `transaction ${String(transactionId)} is not running at connector ${String(connectorId)}, ${running} (OCPP 1.6 §5.16.3)`;
}

/** Undefined where the database does not answer, or not in time: the station, or its edge, will know. */
async function inTime<T>(asking: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DATABASE_MS);
  });
  try {
    return await Promise.race([asking, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** A command comes with up to 50 others, all looked at together: they are told by one reading. */
function readOnce<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const reading = new Map<string, Promise<T>>();
  return (key) => {
    const now = reading.get(key) ?? read(key).finally(() => reading.delete(key));
    reading.set(key, now);
    return now;
  };
}
