/** Commands of one charge point: a queue that survives everything, one CALL in flight. What comes of it: outcomes.ts. */
import { secretRefusal } from '../../src/ocpp/secrets.ts';
import { commandRules } from '../commands/table.ts';
import type { Instant, Registration } from '../events.ts';
import type { ActorState } from './actor.ts';
import type { ChargePoint, Command, CommandOptions, CommandState } from './model.ts';

/** Ended commands an actor keeps to show. */
const ENDED_KEPT = 20;
/** Characters of JSON of those: they go from run to run with everything else. */
export const ENDED_MOST_LENGTH = 200_000;
/** Commands that may wait at a time; one more is refused. */
const OPEN_MOST = 200;
export const FATE_UNKNOWN = 'its edge is gone, or does not say whether it was sent';
/** Characters of JSON that may wait at a time: a run hands all of it to the next one. */
const OPEN_MOST_LENGTH = 500_000;

/** What an operator asked for, as it came: it may be anything. */
export interface CommandRequest {
  commandId: string;
  action: string;
  payload: unknown;
  via: Command['via'];
  requestedBy: string | null;
  requestedAt: Instant;
  /** ms after `requestedAt`; the action's default where absent. */
  deadlineMs?: number;
  options?: CommandOptions;
  /** Why the request is refused before its payload is looked at. */
  refusal?: string;
}

/** What `checkCommand` has found. */
export interface Checked {
  /** Why the command is refused, in words. */
  refusal?: string;
  /** How long (ms) after sending its effect may take at this station; absent: as with any. */
  effectWithinMs?: number;
}

/**
 * The request with what was found of it and of what is asked for otherwise.
 * @param found older histories have the refusal alone
 */
export function judged(request: CommandRequest, found: (Checked | string | undefined)[]): CommandRequest {
  const all = found.map((one) => (typeof one === 'string' ? { refusal: one } : (one ?? {})));
  const refusals = all.flatMap(({ refusal }: Checked) => refusal ?? []);
  if (refusals.length > 0) return { ...request, refusal: refusals.join('; ') };
  const { effectWithinMs }: Checked = all[0] ?? {};
  return effectWithinMs === undefined ? request : { ...request, options: { ...request.options, effectWithinMs } };
}

/** Those found that have not ended and are not known. */
export function unknown(commands: Command[], found: Command[]): Command[] {
  return found.filter((c) => c.endedAt === null && !commands.some(({ commandId }) => commandId === c.commandId));
}

/** With those that were not known, each where it belongs by the time it was asked for. */
export function adopted(commands: Command[], missed: Command[]): Command[] {
  if (missed.length === 0) return commands;
  return [...commands, ...missed].toSorted((a, b) => Date.parse(a.requestedAt) - Date.parse(b.requestedAt));
}

/** Why it is refused where it tells a secret, or what is to follow it does. */
export function secretIn({ action, payload, options }: CommandRequest): string | undefined {
  const all = [{ action, payload }, ...(options?.next ?? []), ...(options?.otherwise ?? [])];
  const changes = all.filter((one) => one.action === 'ChangeConfiguration');
  return changes.map((one) => secretRefusal(Object(one.payload))).find((refusal) => refusal !== undefined);
}

/** The payload that would be sent; undefined where the request will be refused without a further look. */
export function payloadOf({ action, payload, refusal }: CommandRequest): Record<string, unknown> | undefined {
  if (refusal !== undefined) return undefined;
  const checked = commandRules.get(action)?.check(payload);
  return checked && 'payload' in checked ? checked.payload : undefined;
}

export function requested(commands: Command[], request: CommandRequest): Command[] {
  if (commands.some((c) => c.commandId === request.commandId)) return commands;
  const rules = commandRules.get(request.action);
  const requestedAt = after(commands.at(-1)?.requestedAt, request.requestedAt);
  const base: Command = {
    commandId: request.commandId,
    action: request.action.slice(0, 60),
    payload: {},
    state: 'queued',
    reason: null,
    via: request.via,
    options: request.options ?? null,
    requestedBy: request.requestedBy,
    requestedAt,
    deadline: later(requestedAt, request.deadlineMs ?? rules?.deadlineMs ?? 0),
    sentAt: null,
    connection: null,
    answer: null,
    answeredAt: null,
    outcome: null,
    endedAt: null,
    version: 0,
  };
  const refuse = (reason: string) => [...commands, end(base, 'refused', requestedAt, reason)];
  if (request.refusal) return refuse(request.refusal);
  if (!rules) return refuse(`unknown action "${base.action}": known are ${[...commandRules.keys()].join(', ')}`);
  if (pending(commands).length >= OPEN_MOST) return refuse(`${OPEN_MOST} commands are waiting already`);
  const checked = rules.check(request.payload);
  if ('refusal' in checked) return refuse(checked.refusal);
  const length = lengthOf({ ...base, payload: checked.payload });
  if (pending(commands).reduce((sum, c) => sum + lengthOf(c), length) > OPEN_MOST_LENGTH) {
    return refuse(`too much is waiting already: at most ${OPEN_MOST_LENGTH} characters`);
  }
  return [...commands, { ...base, payload: checked.payload }];
}

/**
 * The command whose turn it is, if the station may get a CALL now: a rejected one gets none, one that waits for approval
 * not all (OCPP 1.6 §4.2). `inOrder`: as asked for, whatever their urgency; `alsoEnded`: one that has ended without a word is
 * waited for all the same.
 */
export function nextToSend(
  commands: Command[],
  registration: Registration | null,
  { inOrder = false, alsoEnded = false } = {},
): Command | undefined {
  if (registration === 'rejected' || underWay(commands, alsoEnded)) return undefined;
  const queue = inOrder ? commands : byUrgency(commands);
  return queue.find((c) => c.state === 'queued' && maySend(c, registration));
}

/**
 * Where a queued command stands, and why it has not been sent, in words.
 * @param commands at least those of the charge point that have not ended, in the order in which they were asked for
 */
export function whyQueued(
  commands: Queued[],
  command: Queued,
  { online, registration, lastBootAt }: Pick<ChargePoint, 'online' | 'registration' | 'lastBootAt'>,
): { position: number; waitsFor: string } {
  const isSendable = maySend(command, registration);
  const queue = byUrgency(commands.filter((c) => c.state === 'queued' && (!isSendable || maySend(c, registration))));
  const before = queue.findIndex(({ commandId }) => commandId === command.commandId);
  const since = rebootedSince(command, lastBootAt);
  return { position: before + 1, waitsFor: since ? `${waitsFor()}; ${since}` : waitsFor() };

  function waitsFor(): string {
    if (!online) return 'the station, which is offline';
    if (registration === 'rejected') return 'its station to be accepted';
    if (!isSendable) return 'its station to be accepted (OCPP 1.6 §4.2)';
    if (before > 0) return `${before} before it`;
    const busy = underWay(commands);
    return busy ? `${busy.action}, which is under way` : 'its turn, which is now';
  }
}

type Queued = Pick<Command, 'commandId' | 'action' | 'state' | 'requestedAt' | 'endedAt'>;

/** A Reset may no longer be wanted. */
export function rebootedSince({ action, requestedAt }: Queued, lastBootAt: Instant | null): string | undefined {
  const isSo = action === 'Reset' && lastBootAt !== null && lastBootAt > requestedAt;
  return isSo ? `the station has rebooted by itself at ${lastBootAt}` : undefined;
}

function underWay<One extends Queued>(commands: One[], alsoEnded = false): One | undefined {
  return commands.find(
    (c) =>
      (alsoEnded || c.endedAt === null) &&
      (c.state === 'dispatching' ||
        c.state === 'sent' ||
        (c.state === 'answered' && commandRules.get(c.action)?.holdsQueue)),
  );
}

function maySend({ action }: Queued, registration: Registration | null): boolean {
  return registration !== 'pending' || !commandRules.get(action)?.notWhilePending;
}

/** What people wait for at the station comes first; what is as urgent, in the order in which it was asked for. */
function byUrgency<One extends Queued>(commands: One[]): One[] {
  const urgency = ({ action }: One) => commandRules.get(action)?.urgency ?? 0;
  return commands.toSorted((a, b) => urgency(b) - urgency(a));
}

export function dispatched(commands: Command[], commandId: string, connection: string): Command[] {
  return update(commands, commandId, (c) => ({ ...c, state: 'dispatching', connection, reason: null }));
}

/** The edge has sent it: whatever its journal says later on, it does not go out again. */
export function taken(commands: Command[], commandId: string, at: Instant): Command[] {
  return update(commands, commandId, (c) => (c.state === 'dispatching' ? { ...c, sentAt: at } : c));
}

/** Whether it is still with the edge of this connection, and nobody has said what became of it. */
export function isOffered(commands: Command[], commandId: string, connection: string): boolean {
  return commands.some((c) => c.commandId === commandId && c.state === 'dispatching' && c.connection === connection);
}

/** Whether one is with an edge that has not said yet whether it was written: rows may still call it queued. */
export function isAnyOffered(commands: Command[]): boolean {
  return commands.some((c) => c.state === 'dispatching');
}

/**
 * What may have been sent already: commands that rows call dispatching, and those that they call queued but the actor
 * before had offered, as it knew them: rows hear of an offer only with what came of it.
 */
export function offeredBefore(rows: Command[], before: Command[]): Command[] {
  const isOffer = (c: Command) => c.state === 'dispatching' && c.connection !== null;
  return rows.flatMap((row) => {
    if (row.state !== 'queued') return row.state === 'dispatching' ? row : [];
    return before.find((c) => c.commandId === row.commandId && isOffer(c)) ?? [];
  });
}

/** Those that rows still call queued, and of which the actor before knew what became of them. They do not go out again. */
export function knownSent(rows: Command[], before: Command[]): Command[] {
  const isSent = (c: Command) => c.connection !== null && c.state !== 'queued' && c.state !== 'dispatching';
  const queued = new Set(rows.filter((row) => row.state === 'queued').map(({ commandId }) => commandId));
  return before.filter((c) => queued.has(c.commandId) && isSent(c));
}

/** With these instead of the ones of the same id, or with these in another state. */
export function replaced(commands: Command[], by: Command[], state?: CommandState): Command[] {
  return map(commands, (c) => {
    const other = by.find(({ commandId }) => commandId === c.commandId);
    return other && state ? { ...c, state } : (other ?? c);
  });
}

export function isQueued(commands: Command[], commandId: string): boolean {
  return commands.some((c) => c.commandId === commandId && c.state === 'queued');
}

/** Offered again and again, its edge has never said what it did: as if that were gone. */
export function fateUnknown(commands: Command[], commandId: string, at: Instant): Command[] {
  return update(commands, commandId, (c) =>
    c.state === 'dispatching' ? end(c, 'connectionLost', at, FATE_UNKNOWN) : c,
  );
}

/** The edge said for certain that nothing was written. */
export function notSent(commands: Command[], commandId: string, reason: string): Command[] {
  return update(commands, commandId, (c) =>
    c.state === 'dispatching' && c.sentAt === null ? { ...requeued(c), reason } : c,
  );
}

/** Somebody no longer wants it. Once it was handed to an edge it is too late, but for what was to follow it. */
export function cancelled(
  commands: Command[],
  commandId: string,
  at: Instant,
  by: string | null,
  reducers?: ActorState['reducers'],
): Command[] {
  const reason = by === null ? 'cancelled' : `cancelled by ${by}`;
  return update(commands, commandId, (c) => {
    if (c.state === 'queued') return end(c, 'cancelled', at, reason);
    if (!isFollowed(c) || (reducers !== 5 && c.options?.next === undefined)) return c;
    const { next: _next, otherwise: _otherwise, ...options } = c.options ?? {};
    return { ...c, options };
  });
}

/** Something is to follow it yet. */
export function isFollowed({ endedAt, options }: Command): boolean {
  return endedAt === null && (options?.next ?? options?.otherwise) !== undefined;
}

/** What has not been handed to an edge. */
export function cancelQueued(commands: Command[], at: Instant, reason: string): Command[] {
  return map(commands, (c) => (c.state === 'queued' ? end(c, 'cancelled', at, reason) : c));
}

/** What was handed to an edge: its answer or its effect is waited for no more. */
export function givenUp(commands: Command[], at: Instant, reason: string): Command[] {
  return map(commands, (c) => {
    if (c.endedAt !== null || c.state === 'queued') return c;
    if (c.state === 'answered') return end(c, 'notObserved', at, `accepted, but ${reason}`);
    return end(c, c.state === 'timedOut' ? 'timedOut' : 'connectionLost', at, c.reason ?? reason);
  });
}

/**
 * The edge has sent a command of this id before. Its journal will say when; where it has said so long ago, the outcome is
 * waited for like any other, so that what is queued behind it gets its turn.
 */
export function sentBefore(commands: Command[], commandId: string, at: Instant, reason: string): Command[] {
  return update(commands, commandId, (c) =>
    c.state === 'dispatching' ? { ...c, state: 'sent', sentAt: at, reason } : c,
  );
}

/** The edge will never send it. */
export function invalid(commands: Command[], commandId: string, at: Instant, reason: string): Command[] {
  return update(commands, commandId, (c) => end(c, 'refused', at, reason));
}

export function pending(commands: Command[]): Command[] {
  return commands.filter((c) => c.endedAt === null);
}

/** `within`: so many characters of JSON. The database has them all. */
export function forgetEndedCommands(commands: Command[], within = Infinity): Command[] {
  let surplus = commands.length - pending(commands).length - ENDED_KEPT;
  const some = surplus <= 0 ? commands : commands.filter((c) => c.endedAt === null || surplus-- <= 0);
  let left = within;
  const tooLong = new Set<Command>();
  for (const c of some.toReversed()) {
    const length = c.endedAt === null ? 0 : JSON.stringify(c).length;
    if (length > left) tooLong.add(c);
    else left -= length;
  }
  return tooLong.size === 0 ? some : some.filter((c) => !tooLong.has(c));
}

export function requeued(c: Command): Command {
  return { ...c, state: 'queued', reason: null, connection: null };
}

export function end(c: Command, state: CommandState, endedAt: Instant, reason: string | null): Command {
  return { ...c, state, endedAt, reason };
}

function lengthOf({ payload, options }: Command): number {
  return JSON.stringify(payload).length + JSON.stringify(options ?? null).length;
}

/** What is asked for in the same moment keeps its order: in the queue, in the table, and in an actor born again from it. */
function after(earlier: Instant | undefined, instant: Instant): Instant {
  return earlier !== undefined && earlier >= instant ? later(earlier, 1) : instant;
}

export function later(instant: Instant, ms: number): Instant {
  return new Date(Date.parse(instant) + ms).toISOString();
}

export function update(commands: Command[], commandId: string, change: (c: Command) => Command): Command[] {
  return map(commands, (c) => (c.commandId === commandId ? change(c) : c));
}

/** Like Array.map, but the same array where nothing changed: what is new is what gets written. */
export function map(commands: Command[], change: (c: Command) => Command): Command[] {
  const next = commands.map(change);
  return next.some((c, i) => c !== commands[i]) ? next : commands;
}
