import type { Instant } from '../../../workflows/events.ts';
import {
  compare,
  inOrder,
  instantIn,
  integerIn,
  isAccepted,
  objectIn,
  sourceOf,
  statusOf,
  textIn,
  type AnsweredCommand,
  type Source,
} from './answered.ts';

export interface LearntReservation extends Source {
  reservationId: number;
  /** 0: any connector. */
  connectorId: number;
  idTag: string;
  parentIdTag: string | null;
  expiryDate: Instant;
  state: ReservationState;
  /** null: it is active. */
  endedAt: Instant | null;
  /** That used it. */
  transactionId: number | null;
}

/** `unknown to station`: it rejected to cancel it, so it has none with this id (OCPP 1.6 §7.5). */
export type ReservationState = 'active' | 'used' | 'cancelled' | 'expired' | 'ended by status' | 'unknown to station';

export interface ReservingTransaction {
  transactionId: number;
  connectorId: number | null;
  idTag: string | null;
  parentIdTag: string | null;
  reservationId: number | null;
  startedAt: Instant | null;
}

/** A StatusNotification with Faulted or Unavailable. */
export interface OutOfOrder {
  connectorId: number;
  at: Instant;
  receivedAt: Instant;
}

export interface ReservationFacts {
  transactions: readonly ReservingTransaction[];
  outOfOrder: readonly OutOfOrder[];
}

/**
 * The reservations that are active, then those that ended in the last 7 days, each the newest first: ReserveNow and
 * CancelReservation (OCPP 1.6 §5.13, §5.1), and what ends a reservation by itself.
 */
export function foldReservations(
  commands: readonly AnsweredCommand[],
  facts: ReservationFacts,
  now: Instant,
): LearntReservation[] {
  const all: LearntReservation[] = [];
  const used = new Set<number>();
  const settle = (reservation: LearntReservation, until: Instant, startedUntil = until) => {
    if (reservation.state !== 'active') return;
    Object.assign(reservation, ended(reservation, facts, used, until, startedUntil));
  };
  for (const command of inOrder(commands)) {
    const id = integerIn(objectIn(command.payload)?.reservationId);
    const before = all.findLast(({ reservationId }) => reservationId === id);
    if (before) settle(before, command.answeredAt);
    if (command.action === 'CancelReservation' && before?.state === 'active') {
      const state = cancelling.get(statusOf(command.answer) ?? '');
      if (state) Object.assign(before, { state, endedAt: command.answeredAt });
    }
    const made = reservationIn(command);
    if (!made) continue;
    // "If the reservationId matches a reservation in the Charge Point, then it SHALL replace that reservation" (§5.13).
    if (before?.state === 'active') all.splice(all.indexOf(before), 1);
    all.push(made);
  }
  // What has started has started, whatever the station's clock says.
  for (const reservation of all) settle(reservation, now, LAST);
  const since = new Date(Date.parse(now) - KEPT_MS).toISOString();
  return all
    .filter(({ endedAt }) => endedAt === null || endedAt >= since)
    .toSorted((a, b) => compare(b.endedAt ?? LAST, a.endedAt ?? LAST) || compare(b.learntAt, a.learntAt));
}

/** How long (ms) a reservation that has ended is shown. */
const KEPT_MS = 7 * 86_400_000;
/** After every time. */
const LAST = '~';
/** Stations' clocks are not ours: a start may seem to come this long (ms) before the answer to ReserveNow. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

const cancelling: ReadonlyMap<string, ReservationState> = new Map([
  ['Accepted', 'cancelled'],
  ['Rejected', 'unknown to station'],
]);

function reservationIn(command: AnsweredCommand): LearntReservation | undefined {
  const payload = objectIn(command.payload);
  if (command.action !== 'ReserveNow' || !isAccepted(command)) return undefined;
  const [reservationId, connectorId] = [integerIn(payload?.reservationId), integerIn(payload?.connectorId)];
  const [idTag, expiryDate] = [textIn(payload?.idTag), instantIn(payload?.expiryDate)];
  if (reservationId === undefined || connectorId === undefined || idTag === undefined || !expiryDate) return undefined;
  const parentIdTag = textIn(payload?.parentIdTag) ?? null;
  const active = { state: 'active', endedAt: null, transactionId: null } as const;
  return { reservationId, connectorId, idTag, parentIdTag, expiryDate, ...active, ...sourceOf(command) };
}

type Ending = Pick<LearntReservation, 'state' | 'endedAt' | 'transactionId'>;

/** How it has ended by itself before `until`: by what came first, where the station's own word goes before the clock's. */
function ended(
  reservation: LearntReservation,
  { transactions, outOfOrder }: ReservationFacts,
  used: Set<number>,
  until: Instant,
  startedUntil: Instant,
): Ending | undefined {
  const { expiryDate, learntAt } = reservation;
  const endings: Ending[] = [];
  const starts = transactions
    .filter(
      ({ transactionId, startedAt }) => !used.has(transactionId) && startedAt !== null && startedAt <= startedUntil,
    )
    .toSorted((a, b) => compare(a.startedAt ?? '', b.startedAt ?? ''));
  const start =
    starts.find((each) => isUseOf(each, reservation)) ?? starts.find((each) => isOfReserved(each, reservation));
  if (start) endings.push({ state: 'used', endedAt: start.startedAt, transactionId: start.transactionId });
  const broken = outOfOrder
    .filter(({ at, receivedAt }) => at >= learntAt && receivedAt >= learntAt && at <= until)
    .filter(({ connectorId }) => connectorId === reservation.connectorId || connectorId === 0)
    .map(({ at }) => at)
    .toSorted(compare)[0];
  if (broken) endings.push({ state: 'ended by status', endedAt: broken, transactionId: null });
  const isSaidUsed = start?.reservationId === reservation.reservationId;
  if (expiryDate <= until && !isSaidUsed) endings.push({ state: 'expired', endedAt: expiryDate, transactionId: null });
  const [first] = endings.toSorted((a, b) => compare(a.endedAt ?? '', b.endedAt ?? ''));
  if (first?.transactionId != null) used.add(first.transactionId);
  return first;
}

function isUseOf({ reservationId, startedAt }: ReservingTransaction, reservation: LearntReservation): boolean {
  if (reservationId !== reservation.reservationId || startedAt === null) return false;
  return Date.parse(startedAt) >= Date.parse(reservation.learntAt) - CLOCK_TOLERANCE_MS;
}

/** "A transaction is started for the reserved idTag or parent idTag" (§5.13), and the station did not say for which reservation. */
function isOfReserved(start: ReservingTransaction, reservation: LearntReservation): boolean {
  const { connectorId, idTag, parentIdTag } = reservation;
  if (start.reservationId !== null || start.startedAt === null || start.startedAt < reservation.learntAt) return false;
  if (connectorId !== 0 && start.connectorId !== connectorId) return false;
  return isSame(start.idTag, idTag) || isSame(start.parentIdTag, parentIdTag);
}

/** §7.28: without regard to case. */
function isSame(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a.toUpperCase() === b.toUpperCase();
}
