/**
 * The whole state of a charge point's actor and its reducer: `state + event → state + what the database must know`.
 * Pure: no clock, no I/O; everything is replaced, never changed in place, so that a reducer that throws leaves the state
 * as it was, and what is new is found by comparing references.
 */
import type { EventBatch, Instant, Message, Registration, StationEvent } from '../events.ts';
import * as commands from './commands.ts';
import * as connections from './connections.ts';
import { statusNotified, type Connectors } from './connectors.ts';
import type { Birth, ChargePoint, Command, Connection, JudgedEvent, PersistInput } from './model.ts';
import * as outcomes from './outcomes.ts';
import * as presence from './presence.ts';
import { heardBefore, remember, type Heard } from './repeats.ts';
import * as transactions from './transactions.ts';
import { describe } from './words.ts';

/** What is carried from run to run. Raise `format` with every change of shape, and teach `migrate` the step. */
export interface ActorState {
  format: 1;
  settings: ActorSettings;
  chargePoint: ChargePoint;
  /** Sequence number up to which events were reduced, per journal id. */
  cursors: Record<string, number>;
  connections: Connection[];
  connectors: Connectors;
  transactions: transactions.Transactions;
  commands: Command[];
  heard: Heard[];
  /** Sequence number up to which connections are known ahead of their events, per journal id. */
  ahead?: Record<string, number>;
  /** Connections taken for ended though their own edge has not said so; a message on one opens it again. */
  doubted?: Connection[];
  /**
   * Which reducers it goes by, so that a run goes on as it began; absent: as before commands could be done already, 2: as
   * before a station that is told ahead to be back counted as online since then, and an edge with an older copy of its
   * folder was not believed; 3: as before an event that comes again was no repeat of its own row; 4: as before what follows a
   * command was asked for step by step, and one message was the effect of one command.
   */
  reducers?: 2 | 3 | 4 | 5;
  /**
   * When it was born of rows (ms since 1970), until it has looked at them once more: the actor before it may have been
   * storing commands in that moment.
   */
  bornAt?: number;
  /** When an operator last decided on the charge point, as far as this actor has heard. */
  decidedAt?: Instant;
  /** The newest events in words, for people. */
  recent: { at: Instant; text: string }[];
  /** The last one given to a row, which it guards: see model.ts. */
  version: number;
}

/** Settings an actor was born with: workflow code reads no environment. */
export interface ActorSettings {
  transactionEndGraceMs: number;
}

/** Longer than `persist` may take in a worker that has not heard of its actor's end. */
const SECOND_LOOK_MS = 20_000;
const RETIRED = 'the charge point was retired';
const RECENT_KEPT = 20;
const CURSORS_KEPT = 32;

export function born(chargePointId: string, birth: Birth, settings: ActorSettings): ActorState {
  return {
    format: 1,
    settings,
    chargePoint: birth.chargePoint ?? presence.unknownChargePoint(chargePointId),
    cursors: birth.cursors,
    connections: birth.openConnections,
    connectors: Object.fromEntries(birth.connectors.map((c) => [c.connectorId, c])),
    transactions: Object.fromEntries(birth.transactions.map((t) => [t.transactionId, t])),
    commands: birth.commands,
    heard: birth.heard,
    recent: [],
    version: birth.version,
  };
}

/** Brings a carried state of an older format to today's. */
export function migrate(carried: ActorState): ActorState {
  if (carried.format !== 1) throw new Error(`carried state has format ${String(carried.format)}, this code knows 1`);
  return carried;
}

/** Whether a batch can be reduced: its events follow what the actor has seen, are all known, or leave a gap. */
export function follows(state: ActorState, batch: EventBatch): 'next' | 'seen' | 'gap' {
  const cursor = state.cursors[batch.journal] ?? 0;
  const last = batch.after + batch.events.length;
  if (last <= cursor) return 'seen';
  return batch.after <= cursor ? 'next' : 'gap';
}

/** Reduces the events of a batch that are new. An event whose reducer throws becomes a dead event; the rest goes on. */
export function reduceBatch(state: ActorState, batch: EventBatch): { state: ActorState; judged: JudgedEvent[] } {
  const cursor = state.cursors[batch.journal] ?? 0;
  const judged: JudgedEvent[] = [];
  let next = state;
  for (const event of batch.events) {
    if (event.seq <= cursor) continue;
    try {
      const reduced = reduce(next, event, batch.journal);
      next = reduced.state;
      judged.push(reduced.judged);
    } catch (error) {
      judged.push({ event, dead: error instanceof Error ? error.message : String(error) });
    }
  }
  const last = batch.events.at(-1)?.seq ?? batch.after;
  const cursors = withCursor(next.cursors, batch.journal, last);
  return { state: { ...next, cursors, ...connections.stillAhead(next.ahead, cursors) }, judged };
}

/** What time alone changes. */
export function tick(state: ActorState, now: number): ActorState {
  const overdue = state.chargePoint.online ? transactions.endOverdue(state.transactions, now) : state.transactions;
  const at = new Date(now).toISOString();
  const wanted =
    state.reducers === 5 ? outcomes.withoutUnwanted(state.commands, state.chargePoint.lastBootAt, at) : state.commands;
  const late = outcomes.commandsOverdue(wanted, at, state.reducers);
  return overdue === state.transactions && late === state.commands
    ? state
    : { ...state, transactions: overdue, commands: late };
}

/** When the rows it was born of are looked at once more (ms since 1970). */
export function nextLook({ bornAt }: ActorState): number {
  return bornAt === undefined ? Infinity : bornAt + SECOND_LOOK_MS;
}

/** Commands that were stored while it was born. */
export function adopted(state: ActorState, found: Command[]): ActorState {
  const { bornAt: _looked, ...rest } = state;
  return { ...rest, commands: commands.adopted(state.commands, found) };
}

/** When `tick` has something to do (ms since 1970); Infinity where nothing is pending. */
export function nextTick(state: ActorState): number {
  const grace = state.chargePoint.online ? transactions.nextGraceEnd(state.transactions) : Infinity;
  return Math.min(grace, outcomes.nextCommandDue(state.commands));
}

/**
 * An operator has decided on the charge point. One that waited for it is asked to boot (`triggerBoot`), so that it hears
 * of it at once (OCPP 1.6 §4.2, errata 3.40: not otherwise).
 */
export function registered(
  state: ActorState,
  registration: Registration,
  triggerBoot: commands.CommandRequest,
): ActorState {
  const { registration: before, online } = state.chargePoint;
  const waited = (before === 'pending' || before === 'rejected') && registration === 'accepted' && online;
  const at = triggerBoot.requestedAt;
  const chargePoint = { ...state.chargePoint, registration };
  const next = noted({ ...state, chargePoint, decidedAt: at }, at, `registration: ${registration}`);
  if (waited) {
    const unaccepted = state.reducers === 5 ? connections.asUnaccepted(state.connections) : state.connections;
    return { ...next, connections: unaccepted, commands: commands.requested(next.commands, triggerBoot) };
  }
  if (registration !== 'retired') return next;
  return { ...next, commands: commands.cancelQueued(next.commands, at, RETIRED) };
}

/** Somebody asks for a command. */
export function asked(state: ActorState, request: commands.CommandRequest): ActorState {
  const retired = state.chargePoint.registration === 'retired';
  const refusal = request.refusal ?? (retired ? 'the charge point is retired' : undefined);
  const judged = refusal === undefined ? request : { ...request, refusal };
  return { ...state, commands: commands.requested(state.commands, judged) };
}

/** Nothing more will come of it: an operator has retired it, and its last connection has ended. */
export function isRetired(state: ActorState): boolean {
  return state.chargePoint.registration === 'retired' && state.connections.length === 0;
}

/** Nobody will follow what it was asked for any more. */
export function left(state: ActorState, at: Instant): ActorState {
  return { ...state, commands: commands.givenUp(commands.cancelQueued(state.commands, at, RETIRED), at, RETIRED) };
}

/** The same, with every row new: all of them are listed by the next `changes`. */
export function renewed(state: ActorState): ActorState {
  const copies = <T extends object>(rows: Record<string, T>) =>
    Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, { ...row }]));
  return {
    ...state,
    chargePoint: { ...state.chargePoint },
    connectors: copies(state.connectors),
    transactions: copies(state.transactions),
    commands: state.commands.map((command) => ({ ...command })),
  };
}

/**
 * Stamps what is new since `before` with the next version and lists it for `persist`. Ended transactions and commands
 * beyond those kept at hand leave the state here, after they were listed.
 *
 * `now` (ms since 1970) is a version's least value. A worker that dies has stored what its workflow task never told
 * Temporal; the task is done again, with what has come since, in fewer and larger steps: a mere counter would give the
 * newer rows a version that the database has already, and it would keep the older ones.
 */
export function changes(before: ActorState, after: ActorState, now: number): { state: ActorState; rows: Rows } {
  const version = Math.max(before.version + 1, now);
  const stamp = <T extends { version: number }>(old: (key: T) => T | undefined) => {
    return (row: T): T => (old(row) === row ? row : { ...row, version });
  };
  const chargePoint = stamp<ChargePoint>(() => before.chargePoint)(after.chargePoint);
  const connectors = Object.values(after.connectors).map(stamp((c) => before.connectors[c.connectorId]));
  const all = Object.values(after.transactions).map(stamp((t) => before.transactions[t.transactionId]));
  const oldCommands = new Map(before.commands.map((c) => [c.commandId, c]));
  const list = after.commands.map(stamp<Command>((c) => oldCommands.get(c.commandId)));
  const fresh = <T extends { version: number }>(rows: T[]) => rows.filter((row) => row.version === version);
  const rows: Rows = {
    ...(chargePoint.version === version ? { chargePoint } : {}),
    connectors: fresh(connectors),
    transactions: fresh(all),
    commands: fresh(list),
  };
  const changed = rows.chargePoint || rows.connectors.length + rows.transactions.length + rows.commands.length > 0;
  if (!changed) return { state: after, rows };
  const state: ActorState = {
    ...after,
    version,
    chargePoint,
    connectors: Object.fromEntries(connectors.map((c) => [c.connectorId, c])),
    transactions: transactions.forgetEnded(Object.fromEntries(all.map((t) => [t.transactionId, t]))),
    commands: commands.forgetEndedCommands(list, after.reducers === 5 ? commands.ENDED_MOST_LENGTH : Infinity),
  };
  return { state, rows };
}

export type Rows = Omit<PersistInput, 'chargePointId' | 'runs' | 'cursors' | 'step'>;

/** The same again moves the time of what is noted: heartbeats do not push out everything else. */
function noted(state: ActorState, at: Instant, text: string): ActorState {
  const before = state.recent.at(-1)?.text === text ? state.recent.slice(0, -1) : state.recent;
  return { ...state, recent: [...before, { at, text }].slice(-RECENT_KEPT) };
}

/** Transaction ids that a batch speaks of and the actor cannot know: an ended transaction may be in the database. */
export function unknownTransactions(state: ActorState, batch: EventBatch): number[] {
  const unknown = new Set<number>();
  const startedHere = new Set<unknown>();
  for (const event of batch.events) {
    if (event.kind !== 'message' || event.seq <= (state.cursors[batch.journal] ?? 0)) continue;
    const answer = event.action === 'StartTransaction' && 'result' in event.answer ? event.answer.result : undefined;
    const id = (answer ?? event.payload).transactionId;
    if (answer && !event.notes?.some((note) => note.startsWith('repeatedStart'))) startedHere.add(id);
    if (typeof id !== 'number' || id <= 0 || startedHere.has(id)) continue;
    if (!transactions.resolve(state.transactions, id)) unknown.add(id);
  }
  return [...unknown];
}

function reduce(state: ActorState, event: StationEvent, journal: number): { state: ActorState; judged: JudgedEvent } {
  const at = event.receivedAt;
  const judged: JudgedEvent = { event };
  const base = noted({ ...state, chargePoint: presence.seen(state.chargePoint, at) }, at, describe(event));
  switch (event.kind) {
    case 'connected': {
      const known = { ...base, chargePoint: presence.admitted(base.chargePoint, event) };
      return { state: connections.connected(known, event, journal), judged };
    }
    case 'disconnected':
      return { state: connections.disconnected(base, event, journal), judged };
    case 'callSent': {
      const lastBootAt = base.reducers === 5 ? base.chargePoint.lastBootAt : null;
      return { state: { ...base, commands: outcomes.sent(base.commands, event, lastBootAt) }, judged };
    }
    case 'callResult':
      return { state: { ...base, commands: outcomes.answered(base.commands, event, base) }, judged };
    case 'malformed':
      return { state: base, judged };
    case 'message': {
      if ('error' in event.answer) return { state: base, judged };
      return reduceMessage(base, event, journal);
    }
  }
}

function withEffect(state: ActorState, event: Message, isLooked: boolean): ActorState {
  const queue = isLooked ? outcomes.effectSeen(state.commands, event, state) : state.commands;
  return queue === state.commands ? state : { ...state, commands: queue };
}

function reduceMessage(state: ActorState, event: Message, journal: number): { state: ActorState; judged: JudgedEvent } {
  const told = withEffect(state, event, state.reducers !== undefined);
  if (event.action === 'Heartbeat') return { state: told, judged: { event } };
  const self = (state.reducers ?? 0) >= 4 ? `${journal}:${event.seq}` : undefined;
  const repeatOf = heardBefore(state.heard, event, self);
  // A start is told by its transaction id, which the edge fixed: clockless stations send equal starts for different sessions.
  if (repeatOf !== undefined && event.action !== 'StartTransaction')
    return { state: told, judged: { event, repeatOf } };
  const next = {
    ...withEffect(told, event, state.reducers === undefined),
    heard: remember(state.heard, event, journal),
  };
  const graceMs = state.settings.transactionEndGraceMs;
  switch (event.action) {
    case 'BootNotification': {
      const chargePoint = presence.identified(next.chargePoint, event, state.decidedAt);
      const suspected = transactions.suspectEnded(
        next.transactions,
        'the station booted',
        event.at,
        event.receivedAt,
        graceMs,
      );
      const isAccepted = 'result' in event.answer && event.answer.result.status === 'Accepted';
      const all = connections.booted(next.connections, event.connection, isAccepted);
      return { state: { ...next, chargePoint, connections: all, transactions: suspected }, judged: { event } };
    }
    case 'StatusNotification': {
      const connectors = statusNotified(next.connectors, event);
      const { connectorId, status } = event.payload;
      const available = status === 'Available' && typeof connectorId === 'number' && connectorId > 0;
      const reason = `connector ${String(connectorId)} is Available`;
      const all = available
        ? transactions.suspectEnded(next.transactions, reason, event.at, event.receivedAt, graceMs, connectorId)
        : next.transactions;
      return { state: { ...next, connectors, transactions: all }, judged: { event } };
    }
    case 'StartTransaction':
      return withTransactions(next, event, transactions.started(next.transactions, event, graceMs));
    case 'StopTransaction':
      return withTransactions(next, event, transactions.stopped(next.transactions, event));
    case 'MeterValues':
      return withTransactions(next, event, transactions.metered(next.transactions, event));
    default:
      return { state: next, judged: { event } };
  }
}

function withTransactions(state: ActorState, event: Message, judgement: transactions.Judgement) {
  const { transactionId, repeat } = judgement;
  const repeatOf = repeat ? { repeatOf: `transaction ${transactionId}` } : {};
  return {
    state: { ...state, transactions: judgement.transactions },
    judged: { event, ...(transactionId === undefined ? {} : { transactionId }), ...repeatOf },
  };
}

/** Journals come and go with edge boots; the oldest ones' cursors are not carried for ever. */
function withCursor(cursors: Record<string, number>, journal: number, seq: number): Record<string, number> {
  const next: Record<string, number> = { ...cursors, [journal]: seq };
  const journals = Object.keys(next);
  if (journals.length <= CURSORS_KEPT) return next;
  const oldest = Math.min(...journals.map(Number));
  return Object.fromEntries(Object.entries(next).filter(([id]) => Number(id) !== oldest));
}
