/**
 * Transactions of one charge point, assembled in whatever order their messages come: a stop before its start, meter
 * values before either. The first real stop wins over an estimated end, a second one is kept as evidence.
 */
import { energyReadings, type MeterValueEntry, type Reading } from '../../src/ocpp/meterValues.ts';
import type { Instant, Message } from '../events.ts';
import { withEnergy, withReadings } from './energy.ts';
import type { ChargePoint, Transaction } from './model.ts';

export type Transactions = Record<string, Transaction>;

/** Ended transactions an actor keeps at hand: late meter values and repeated stops find them. */
const ENDED_KEPT = 20;

/** The transactions after a message, and which of them the message's facts belong to. */
export interface Judgement {
  transactions: Transactions;
  transactionId?: number | null;
  /** The message says nothing new: what it repeats is known. */
  repeat?: true;
}

/** `graceMs`: online time a transaction has left after a sign that it ended, before it is ended as estimated. */
export function started(transactions: Transactions, event: Message, graceMs: number): Judgement {
  const id = 'result' in event.answer ? event.answer.result.transactionId : undefined;
  if (typeof id !== 'number') return { transactions };
  const { connectorId, idTag, timestamp, meterStart, reservationId } = event.payload;
  const known = resolve(transactions, id);
  if (known?.startedAt) return { transactions, transactionId: known.transactionId, repeat: true };

  const info = idTagInfoOf(event);
  const start = {
    connectorId: typeof connectorId === 'number' ? connectorId : null,
    idTag: typeof idTag === 'string' ? idTag : null,
    idTagStatus: info?.status ?? null,
    parentIdTag: info?.parentIdTag ?? null,
    reservationId: typeof reservationId === 'number' ? reservationId : null,
    startedAt: event.at,
    startTimestamp: typeof timestamp === 'string' ? timestamp : null,
    meterStart: typeof meterStart === 'number' ? meterStart : null,
  };
  const twin = open(transactions).find((t) => sameStart(t, start));
  if (twin) {
    // Two edges answered one start with two ids: one transaction, reached by both (OCPP 1.6 §3.7.1).
    const aliased = { ...twin, aliases: [...twin.aliases, id] };
    return { transactions: put(transactions, aliased), transactionId: twin.transactionId, repeat: true };
  }
  const { others, stop } = takenBack(transactions, id);
  const transaction = withEnergy({ ...(known ?? empty(id)), ...start, ...stop });
  const all = suspectOlder(put(others, transaction), transaction, event.receivedAt, graceMs);
  return { transactions: all, transactionId: id };
}

export function stopped(transactions: Transactions, event: Message): Judgement {
  const { transactionId, meterStop, idTag, reason, transactionData } = event.payload;
  const stop = {
    stoppedAt: event.at,
    meterStop: typeof meterStop === 'number' ? meterStop : null,
    stopIdTag: typeof idTag === 'string' ? idTag : null,
    stopReason: typeof reason === 'string' ? reason : 'Local',
    end: 'station' as const,
    grace: null,
  };
  const id = typeof transactionId === 'number' ? transactionId : 0;
  const known = resolve(transactions, id);
  if (known?.end === 'station') return secondStop(transactions, known, event);
  const target = known ?? fitting(transactions, stop, idTagInfoOf(event)?.parentIdTag);
  if (!target && id <= 0) return { transactions, transactionId: null };

  const { notes } = target ?? empty(id);
  const ended = {
    ...(target ?? empty(id)),
    ...stop,
    notes: known || !target ? notes : [...notes, guess(transactionId)],
  };
  const entries = Array.isArray(transactionData) ? (transactionData as MeterValueEntry[]) : [];
  const transaction = withEnergy(withMeterValues(ended, entries));
  return { transactions: put(transactions, transaction), transactionId: transaction.transactionId };
}

/** Meter values keep a transaction that was thought to have ended alive, and move its last reading. */
export function metered(transactions: Transactions, event: Message): Judgement {
  const { transactionId, connectorId, meterValue } = event.payload;
  if (typeof transactionId !== 'number') return { transactions, transactionId: null };
  const entries = (meterValue ?? []) as MeterValueEntry[];
  const known = transactionId > 0 ? resolve(transactions, transactionId) : onlyOpen(transactions, connectorId, entries);
  if (!known) return { transactions, transactionId: transactionId > 0 ? transactionId : null };
  const alive = known.grace && event.at > known.grace.since ? { ...known, grace: null } : known;
  const read = withMeterValues(alive, entries);
  const next = read === known ? known : withEnergy(withLaterEstimate(read));
  return {
    transactions: next === known ? transactions : put(transactions, next),
    transactionId: known.transactionId,
  };
}

/** An Available connector, or a boot, is a sign that its transactions ended. Stations may replay the stop afterwards. */
export function suspectEnded(
  transactions: Transactions,
  reason: string,
  at: Instant,
  receivedAt: Instant,
  graceMs: number,
  connectorId?: number,
): Transactions {
  return open(transactions)
    .filter((t) => !t.grace && (connectorId === undefined || t.connectorId === connectorId))
    .filter((t) => t.startedAt !== null && t.startedAt < at)
    .reduce((all, t) => put(all, { ...t, grace: { reason, since: receivedAt, remainingMs: graceMs } }), transactions);
}

/** Grace is online time: it stops running while the station is away. */
export function presenceChanged(transactions: Transactions, before: ChargePoint, after: ChargePoint): Transactions {
  if (before.online === after.online) return transactions;
  const at = (after.online ? after.onlineSince : after.offlineSince) as Instant;
  return open(transactions).reduce((all, t) => {
    if (!t.grace) return all;
    const spent = after.online ? 0 : Math.max(0, Date.parse(at) - Date.parse(t.grace.since));
    return put(all, { ...t, grace: { ...t.grace, since: at, remainingMs: t.grace.remainingMs - spent } });
  }, transactions);
}

/** When the next grace runs out (ms since 1970), for a station that is online. */
export function nextGraceEnd(transactions: Transactions): number {
  return Math.min(
    ...open(transactions).map((t) => (t.grace ? Date.parse(t.grace.since) + t.grace.remainingMs : Infinity)),
  );
}

/** Ends what has used up its grace, at its last reading. A real stop corrects it later. */
export function endOverdue(transactions: Transactions, now: number): Transactions {
  return open(transactions)
    .filter((t) => t.grace && Date.parse(t.grace.since) + t.grace.remainingMs <= now)
    .reduce((all, t) => {
      const ended: Transaction = {
        ...t,
        end: 'estimated',
        stoppedAt: t.lastReadingAt ?? t.startedAt,
        meterStop: t.lastReadingWh ?? t.meterStart,
        grace: null,
        notes: [...t.notes, `ended by estimate: ${t.grace?.reason}`],
      };
      return put(all, withEnergy(ended));
    }, transactions);
}

export function open(transactions: Transactions): Transaction[] {
  return Object.values(transactions).filter((t) => t.end === null);
}

/** Drops the oldest ended transactions beyond those kept at hand: they stay in the database. */
export function forgetEnded(transactions: Transactions): Transactions {
  const ended = Object.values(transactions).filter((t) => t.end !== null);
  if (ended.length <= ENDED_KEPT) return transactions;
  const newest = ended.sort((a, b) => a.version - b.version).slice(-ENDED_KEPT);
  return Object.fromEntries([...open(transactions), ...newest].map((t) => [t.transactionId, t]));
}

/** The transaction with this id, or with this id among its aliases. */
export function resolve(transactions: Transactions, id: number): Transaction | undefined {
  return transactions[id] ?? Object.values(transactions).find((t) => t.aliases.includes(id));
}

function secondStop(transactions: Transactions, known: Transaction, event: Message): Judgement {
  const note = `second stop at ${event.at}, meterStop ${String(event.payload.meterStop)}`;
  const same = known.stoppedAt === event.at && known.meterStop === event.payload.meterStop;
  if (same || known.notes.includes(note)) return { transactions, transactionId: known.transactionId, repeat: true };
  const noted = { ...known, notes: [...known.notes, note] };
  return { transactions: put(transactions, noted), transactionId: known.transactionId };
}

/** For a stop of no known transaction (-1, 0, another id): the open one, if there is just one and everything agrees. */
function fitting(
  transactions: Transactions,
  stop: { stoppedAt: Instant; meterStop: number | null; stopIdTag: string | null },
  parentIdTag: string | undefined,
): Transaction | undefined {
  const candidates = open(transactions);
  const [only] = candidates;
  if (candidates.length !== 1 || !only?.startedAt || only.startedAt > stop.stoppedAt) return undefined;
  if (stop.meterStop !== null && stop.meterStop < (only.meterStart ?? 0)) return undefined;
  const { lastReadingAt: at, lastReadingWh: wh } = only;
  // Registers with a fraction are told as whole Wh at the stop.
  if (stop.meterStop !== null && at !== null && at <= stop.stoppedAt && stop.meterStop + 1 < (wh ?? 0))
    return undefined;
  if (stop.stopIdTag === null || sameTag(stop.stopIdTag, only.idTag)) return only;
  const group = only.parentIdTag ?? only.idTag;
  return sameTag(stop.stopIdTag, group) || (parentIdTag && sameTag(parentIdTag, group)) ? only : undefined;
}

/** For meter values of transaction -1 or 0: the only open one of the connector, if time and meter fit. */
function onlyOpen(
  transactions: Transactions,
  connectorId: unknown,
  entries: MeterValueEntry[],
): Transaction | undefined {
  const candidates = open(transactions).filter((t) => t.connectorId === connectorId);
  const [only] = candidates;
  if (candidates.length !== 1 || !only) return undefined;
  if (only.startedAt !== null && entries.some(({ at }) => at < (only.startedAt as Instant))) return undefined;
  const { register } = energyReadings(entries);
  return only.meterStart !== null && register.some(([, wh]) => wh + 1 < (only.meterStart as number)) ? undefined : only;
}

/** Says in the notes of a transaction that its stop was for another id. */
function guess(transactionId: unknown): string {
  return `stop said transaction ${String(transactionId ?? 'none')}: the only open one fits`;
}

/** The stop of a transaction that started after all (two edges deliver on their own), from the one it was taken for. */
function takenBack(transactions: Transactions, id: number): { others: Transactions; stop?: Partial<Transaction> } {
  const note = guess(id);
  const wronged = Object.values(transactions).find((t) => t.notes.includes(note));
  if (!wronged) return { others: transactions };
  const { stoppedAt, meterStop, stopIdTag, stopReason, end } = wronged;
  const reopened: Transaction = {
    ...wronged,
    stoppedAt: null,
    meterStop: null,
    stopIdTag: null,
    stopReason: null,
    end: null,
    energyWh: null,
    energySource: null,
    notes: wronged.notes.filter((one) => one !== note && !one.startsWith('energy: ')),
  };
  return { others: put(transactions, reopened), stop: { stoppedAt, meterStop, stopIdTag, stopReason, end } };
}

/** Of several open transactions on a connector only the latest by start can be running. */
function suspectOlder(
  transactions: Transactions,
  added: Transaction,
  receivedAt: Instant,
  graceMs: number,
): Transactions {
  if (added.end !== null) return transactions;
  const rivals = open(transactions).filter((t) => t.connectorId === added.connectorId && t.startedAt !== null);
  const latest = rivals.reduce((a, b) => ((a.startedAt as Instant) >= (b.startedAt as Instant) ? a : b), added);
  return rivals
    .filter((t) => t !== latest && !t.grace)
    .reduce((all, t) => {
      const reason = `transaction ${latest.transactionId} started on its connector`;
      return put(all, { ...t, grace: { reason, since: receivedAt, remainingMs: graceMs } });
    }, transactions);
}

/** The same transaction where the meter values tell nothing new. */
function withMeterValues(t: Transaction, entries: MeterValueEntry[]): Transaction {
  const found = energyReadings(entries);
  const { lastReadingAt, lastReadingWh } = t;
  // Carried from when only the last reading was kept.
  const carried = !t.readings && lastReadingAt !== null && lastReadingWh !== null;
  const kept = carried ? { register: [[lastReadingAt, lastReadingWh] satisfies Reading] } : (t.readings ?? undefined);
  const readings = withReadings(kept, found);
  const next = readings === kept ? t : { ...t, readings: readings ?? null };
  const newest = [...found.begin, ...found.register, ...found.end].reduce<Reading | undefined>(
    (a, b) => (a && a[0] > b[0] ? a : b),
    undefined,
  );
  if (!newest || (lastReadingAt !== null && lastReadingAt >= newest[0])) return next;
  return { ...next, lastReadingAt: newest[0], lastReadingWh: newest[1] };
}

/** Readings that come after an estimated end move the estimate: the transaction was still running. */
function withLaterEstimate(t: Transaction): Transaction {
  if (t.end !== 'estimated' || !t.lastReadingAt || (t.stoppedAt && t.stoppedAt >= t.lastReadingAt)) return t;
  return { ...t, stoppedAt: t.lastReadingAt, meterStop: t.lastReadingWh };
}

function sameStart(
  t: Transaction,
  start: Pick<Transaction, 'connectorId' | 'idTag' | 'startTimestamp' | 'meterStart'>,
) {
  return (
    t.connectorId === start.connectorId &&
    sameTag(t.idTag, start.idTag) &&
    t.startTimestamp === start.startTimestamp &&
    t.meterStart === start.meterStart
  );
}

/** idTags are compared without case (OCPP 1.6 §7.28). */
function sameTag(a: string | null, b: string | null): boolean {
  return a?.toUpperCase() === b?.toUpperCase();
}

/** What the station was told of an idTag. */
function idTagInfoOf({ answer }: Message): { status?: string; parentIdTag?: string } | undefined {
  return ('result' in answer ? answer.result.idTagInfo : undefined) as ReturnType<typeof idTagInfoOf>;
}

function put(transactions: Transactions, transaction: Transaction): Transactions {
  return { ...transactions, [transaction.transactionId]: transaction };
}

function empty(transactionId: number): Transaction {
  return {
    transactionId,
    aliases: [],
    connectorId: null,
    idTag: null,
    idTagStatus: null,
    parentIdTag: null,
    reservationId: null,
    startedAt: null,
    startTimestamp: null,
    meterStart: null,
    stoppedAt: null,
    meterStop: null,
    stopIdTag: null,
    stopReason: null,
    end: null,
    energyWh: null,
    energySource: null,
    readings: null,
    lastReadingAt: null,
    lastReadingWh: null,
    grace: null,
    notes: [],
    version: 0,
  };
}
