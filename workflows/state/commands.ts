/**
 * Commands of one charge point: a queue that survives everything, one CALL in flight, the truth about what was written
 * to the socket taken from the journal (`callSent`, `callResult`) and never from an activity's result.
 */
import { commandRules } from '../commands/rules.ts';
import type { CallResult, CallSent, Instant, Message, Registration } from '../events.ts';
import type { ActorState } from './actor.ts';
import type { ChargePoint, Command, CommandOptions, CommandState } from './model.ts';

/** Ended commands an actor keeps to show. */
const ENDED_KEPT = 20;
/** Commands that may wait at a time; one more is refused. */
const OPEN_MOST = 200;
/** An edge that has sent a CALL, and whose journal says nothing of it for so long (ms), is taken for lost. */
const SILENT_MS = 10 * 60_000;
const FORGOTTEN = 'its edge has sent it and knows nothing of it: its data folder is an older copy';
const FATE_UNKNOWN = 'its edge is gone, or does not say whether it was sent';
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
 * not all (OCPP 1.6 §4.2). `inOrder`: as asked for, whatever their urgency.
 */
export function nextToSend(
  commands: Command[],
  registration: Registration | null,
  { inOrder = false } = {},
): Command | undefined {
  if (registration === 'rejected' || underWay(commands)) return undefined;
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
  const queue = byUrgency(commands.filter((c) => c.state === 'queued'));
  const before = queue.findIndex(({ commandId }) => commandId === command.commandId);
  const rebooted = command.action === 'Reset' && lastBootAt !== null && lastBootAt > command.requestedAt;
  const since = rebooted ? `; the station has rebooted by itself at ${lastBootAt}` : '';
  return { position: before + 1, waitsFor: waitsFor() + since };

  function waitsFor(): string {
    if (!online) return 'the station, which is offline';
    if (registration === 'rejected') return 'its station to be accepted';
    if (!maySend(command, registration)) return 'its station to be accepted (OCPP 1.6 §4.2)';
    if (before > 0) return `${before} before it`;
    const busy = underWay(commands);
    return busy ? `${busy.action}, which is under way` : 'its turn, which is now';
  }
}

type Queued = Pick<Command, 'commandId' | 'action' | 'state' | 'requestedAt'>;

function underWay<One extends Queued>(commands: One[]): One | undefined {
  return commands.find(
    (c) =>
      c.state === 'dispatching' ||
      c.state === 'sent' ||
      (c.state === 'answered' && commandRules.get(c.action)?.holdsQueue),
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

/** Somebody no longer wants it. Too late once it was handed to an edge. */
export function cancelled(commands: Command[], commandId: string, at: Instant, by: string | null): Command[] {
  const reason = by === null ? 'cancelled' : `cancelled by ${by}`;
  return update(commands, commandId, (c) => (c.state === 'queued' ? end(c, 'cancelled', at, reason) : c));
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

export function sent(commands: Command[], event: CallSent): Command[] {
  return update(commands, event.commandId, (c) => ({
    ...c,
    state: 'sent',
    reason: null,
    endedAt: null,
    sentAt: event.receivedAt,
    connection: event.connection,
  }));
}

export function answered(commands: Command[], event: CallResult, actor: Answering): Command[] {
  const before = commands.find((c) => c.commandId === event.commandId);
  const next = withAnswers(commands, event, actor);
  const refused = next.find((c) => c.commandId === event.commandId);
  const isNew = refused?.state !== before?.state && (refused?.state === 'rejected' || refused?.state === 'failed');
  if (!refused || !isNew || actor.chargePoint.registration === 'retired') return next;
  return withOthers(next, refused, event.receivedAt);
}

/** What an actor knows beside its commands. */
type Answering = Pick<ActorState, 'reducers' | 'connectors' | 'chargePoint'>;

/** The station will not do it: what was to be asked for instead is, all of it or nothing. */
function withOthers(commands: Command[], { commandId, via, requestedBy, options }: Command, at: Instant): Command[] {
  const others = (options?.otherwise ?? []).map(({ action, payload }, i) => ({
    commandId: `${commandId}/${i + 1}`,
    action,
    payload,
    via,
    requestedBy,
    requestedAt: at,
  }));
  const next = others.reduce(requested, commands);
  const isWhole = others.every((other) => isQueued(next, other.commandId));
  if (isWhole) return next;
  const refusal = 'what was to be asked for instead cannot wait: too much does already, or a part of it is refused';
  return others.reduce((queue, other) => requested(queue, { ...other, refusal }), commands);
}

function withAnswers(commands: Command[], event: CallResult, { reducers, connectors }: Answering): Command[] {
  return update(commands, event.commandId, (c) => {
    if (c.state === 'completed') return 'result' in event.outcome ? withAnswer(c, event, event.outcome.result) : c;
    const rules = commandRules.get(c.action);
    const { outcome, receivedAt } = event;
    if ('result' in outcome) {
      const next = withAnswer(c, event, outcome.result);
      if (!rules?.accepted(outcome.result)) return end(next, 'rejected', receivedAt, null);
      const done = reducers && rules.doneBefore?.(outcome.result, c.payload, connectors);
      if (done !== undefined) return { ...end(next, 'completed', receivedAt, null), outcome: done };
      return rules.effect ? { ...next, state: 'answered' } : end(next, 'completed', receivedAt, null);
    }
    if ('error' in outcome) return end(c, 'failed', receivedAt, `${outcome.error}: ${outcome.description}`);
    return 'timeout' in outcome
      ? unanswered(c, 'timedOut', 'the station did not answer in time', receivedAt)
      : unanswered(c, 'connectionLost', 'the connection ended before the answer', receivedAt);
  });
}

/**
 * `told` by its journal: without `callSent` before its end, nothing was written on a connection, and what was handed to it
 * waits again; without `callResult` after it, the edge was gone before the answer. Where its edge is only taken for gone,
 * nobody knows what it wrote, and what it may have sent does not go out a second time over another edge. One that it has
 * taken was sent: a journal that does not know of it is an older copy.
 */
export function connectionEnded(commands: Command[], connection: string, at: Instant, told: boolean): Command[] {
  return map(commands, (c) => {
    if (c.connection !== connection) return c;
    if (c.state === 'dispatching' && c.sentAt !== null) {
      return unanswered(c, 'connectionLost', told ? FORGOTTEN : 'its edge has sent it, and is gone', at);
    }
    if (c.state === 'dispatching') return told ? requeued(c) : end(c, 'connectionLost', at, FATE_UNKNOWN);
    if (told && c.state === 'connectionLost' && c.sentAt === null) return requeued({ ...c, endedAt: null });
    return c.state === 'sent' ? unanswered(c, 'connectionLost', 'its edge ended before the answer', at) : c;
  });
}

/** A message of the station may be the effect a command was sent for; it may come before the command's answer. */
export function effectSeen(commands: Command[], event: Message): Command[] {
  return map(commands, (c) => {
    if (isNoLongerWanted(c, event)) return end(c, 'cancelled', event.receivedAt, 'the station has rebooted by itself');
    if (!awaitsEffect(c) || c.sentAt === null || event.receivedAt < c.sentAt) return c;
    const seen = commandRules.get(c.action)?.effect?.seenIn(event, c.payload) ?? false;
    if (seen === false) return c;
    const state = seen === 'failed' ? 'failed' : 'completed';
    return { ...end(c, state, event.receivedAt, null), outcome: outcomeOf(event) };
  });
}

/** Expires what was not sent by its deadline and gives up waiting for effects. */
export function commandsOverdue(commands: Command[], now: Instant): Command[] {
  return map(commands, (c) => {
    if (c.endedAt === null && now >= dueAt(c)) {
      if (c.state === 'queued') return end(c, 'expired', now, 'not sent before its deadline');
      if (c.state === 'dispatching' && c.sentAt !== null) {
        return unanswered(c, 'connectionLost', 'its edge has sent it, and says no more', now);
      }
      if (c.state === 'dispatching') return end(c, 'expired', now, 'its edge never said whether it was sent');
      if (c.state === 'answered') return end(c, 'notObserved', now, 'accepted, but its effect was not seen');
      return end(c, c.state, now, c.reason ?? 'no answer was seen');
    }
    return c;
  });
}

/** When the next command needs a look (ms since 1970). */
export function nextCommandDue(commands: Command[]): number {
  return Math.min(...pending(commands).map((c) => Date.parse(dueAt(c))));
}

export function pending(commands: Command[]): Command[] {
  return commands.filter((c) => c.endedAt === null);
}

export function forgetEndedCommands(commands: Command[]): Command[] {
  let surplus = commands.length - pending(commands).length - ENDED_KEPT;
  return surplus <= 0 ? commands : commands.filter((c) => c.endedAt === null || surplus-- <= 0);
}

function isNoLongerWanted({ action, state, options, requestedAt }: Command, event: Message): boolean {
  const isReset = action === 'Reset' && state === 'queued' && options?.unlessRebooted === true;
  return isReset && event.action === 'BootNotification' && event.receivedAt > requestedAt;
}

/** How an installation or an upload ended is the outcome, not that it did. */
function outcomeOf({ action, payload, receivedAt }: Message): string {
  const tells = typeof payload.status === 'string' && action !== 'BootNotification' ? ` ${payload.status}` : '';
  return `${action}${tells} at ${receivedAt}`;
}

function awaitsEffect(c: Command): boolean {
  return c.endedAt === null && ['sent', 'answered', 'timedOut', 'connectionLost'].includes(c.state);
}

type Due = Pick<Command, 'action' | 'state' | 'deadline' | 'sentAt'> & {
  options?: Pick<CommandOptions, 'effectWithinMs'> | null;
};

/** When something about the command is settled at the latest. */
export function dueAt(c: Due): Instant {
  if (c.sentAt === null) return c.deadline;
  if (c.state === 'dispatching') return later(c.sentAt, SILENT_MS);
  return later(c.sentAt, c.options?.effectWithinMs ?? commandRules.get(c.action)?.effect?.withinMs ?? 120_000);
}

/** The station may have acted on it all the same: its effect is still looked for, the CALL is never sent again. */
function unanswered(c: Command, state: 'timedOut' | 'connectionLost', reason: string, at: Instant): Command {
  return commandRules.get(c.action)?.effect ? { ...c, state, reason } : end(c, state, at, reason);
}

function requeued(c: Command): Command {
  return { ...c, state: 'queued', reason: null, connection: null };
}

function withAnswer(c: Command, event: CallResult, answer: Record<string, unknown>): Command {
  return { ...c, answer, answeredAt: event.receivedAt };
}

function end(c: Command, state: CommandState, endedAt: Instant, reason: string | null): Command {
  return { ...c, state, endedAt, reason };
}

function lengthOf({ payload, options }: Command): number {
  return JSON.stringify(payload).length + JSON.stringify(options ?? null).length;
}

/** What is asked for in the same moment keeps its order: in the queue, in the table, and in an actor born again from it. */
function after(earlier: Instant | undefined, instant: Instant): Instant {
  return earlier !== undefined && earlier >= instant ? later(earlier, 1) : instant;
}

function later(instant: Instant, ms: number): Instant {
  return new Date(Date.parse(instant) + ms).toISOString();
}

function update(commands: Command[], commandId: string, change: (c: Command) => Command): Command[] {
  return map(commands, (c) => (c.commandId === commandId ? change(c) : c));
}

/** Like Array.map, but the same array where nothing changed: what is new is what gets written. */
function map(commands: Command[], change: (c: Command) => Command): Command[] {
  const next = commands.map(change);
  return next.some((c, i) => c !== commands[i]) ? next : commands;
}
