/**
 * What comes of commands that were sent: the truth about what was written to the socket is the journal's (`callSent`,
 * `callResult`), never an activity's result; whether it was done is told by what the station says next.
 */
import type { Seen } from '../commands/rules.ts';
import { commandRules } from '../commands/table.ts';
import type { CallResult, CallSent, Instant, Message } from '../events.ts';
import type { ActorState } from './actor.ts';
import { end, FATE_UNKNOWN, later, map, pending, rebootedSince, requeued, update } from './commands.ts';
import { isRefused, withFurther, withOthers } from './further.ts';
import type { Command, CommandOptions } from './model.ts';

/** An edge that has sent a CALL, and whose journal says nothing of it for so long (ms), is taken for lost. */
const SILENT_MS = 10 * 60_000;
const FORGOTTEN = 'its edge has sent it and knows nothing of it: its data folder is an older copy';
const REBOOTED = 'the station has rebooted by itself';

export function sent(commands: Command[], event: CallSent, lastBootAt: Instant | null): Command[] {
  return update(commands, event.commandId, (c) => ({
    ...c,
    state: 'sent',
    reason: rebootedSince(c, lastBootAt) ?? null,
    endedAt: null,
    sentAt: event.receivedAt,
    connection: event.connection,
  }));
}

export function answered(commands: Command[], event: CallResult, actor: Answering): Command[] {
  const next = withAnswers(commands, event, actor);
  if (actor.chargePoint.registration === 'retired') return next;
  const [before, now] = [commands, next].map((all) => all.find((c) => c.commandId === event.commandId));
  if (!now || now.state === before?.state) return next;
  // Nobody asked for these two when runs began that go by older reducers.
  const isStepByStep = actor.reducers === 5 || (now.options?.next ?? now.options?.expected) !== undefined;
  if (!isStepByStep) return isRefused(now) ? withOthers(next, now, event.receivedAt) : next;
  const givenUp = 'result' in event.outcome && event.outcome.result.status === 'AcceptedCanceled';
  return withFurther(givenUp ? withoutEarlier(next, now, event.receivedAt) : next, now, event);
}

/** What an actor knows beside its commands. */
type Answering = Pick<ActorState, 'reducers' | 'connectors' | 'connections' | 'chargePoint'>;

/** The station does one at a time, and has given up the one before for it. */
function withoutEarlier(commands: Command[], { action, commandId }: Command, at: Instant): Command[] {
  return map(commands, (c) => {
    if (c.action !== action || c.commandId === commandId || !awaitsEffect(c)) return c;
    return end(c, 'notObserved', at, `the station has given it up for command ${commandId}`);
  });
}

function withAnswers(commands: Command[], event: CallResult, { reducers, connectors }: Answering): Command[] {
  return update(commands, event.commandId, (c) => {
    // What it did has been seen.
    const isSettled = c.state === 'completed' || (reducers === 5 && c.endedAt !== null && c.outcome !== null);
    if (isSettled) return 'result' in event.outcome ? withAnswer(c, event, event.outcome.result) : c;
    const rules = commandRules.get(c.action);
    const { outcome, receivedAt } = event;
    if ('result' in outcome) {
      const next = withAnswer(c, event, outcome.result);
      if (!rules?.accepted(outcome.result)) return end(next, 'rejected', receivedAt, null);
      const unexpected = unexpectedIn(outcome.result, c.options?.expected);
      if (unexpected !== undefined) return end(next, 'failed', receivedAt, unexpected);
      const done = reducers && rules.doneBefore?.(outcome.result, c.payload, connectors);
      if (done !== undefined) return { ...end(next, 'completed', receivedAt, null), outcome: done };
      if (!rules.effect) return end(next, 'completed', receivedAt, null);
      return { ...next, state: 'answered', ...(reducers === 5 ? { endedAt: null } : {}) };
    }
    if ('error' in outcome) return end(c, 'failed', receivedAt, `${outcome.error}: ${outcome.description}`);
    return 'timeout' in outcome
      ? unanswered(c, 'timedOut', 'the station did not answer in time', receivedAt)
      : unanswered(c, 'connectionLost', 'the connection ended before the answer', receivedAt);
  });
}

/** What of the answer is not as it has to be, in words. */
function unexpectedIn(answer: Record<string, unknown>, expected: Record<string, unknown> = {}): string | undefined {
  const other = Object.keys(expected).find((key) => inOrder(answer[key]) !== inOrder(expected[key]));
  if (other === undefined) return undefined;
  const shown = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200);
  return `the station says ${other} ${shown(answer[other])}, and ${shown(expected[other])} was expected`;
}

/** As JSON, the properties of objects in one order. */
function inOrder(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
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
export function effectSeen(commands: Command[], event: Message, actor: Answering): Command[] {
  if (actor.reducers !== 5) return effectSeenBefore(commands, event);
  const open = commands.filter(awaitsEffect);
  if (open.length === 0) return commands;
  const { openedAt } = actor.connections.find(({ connection }) => connection === event.connection) ?? {};
  const { connectors } = actor;
  // One that the station has taken on comes before one whose answer is not known.
  const byWord = ({ state }: Command) => (state === 'answered' ? 0 : state === 'sent' ? 1 : 2);
  const oldest = open.toSorted((a, b) => byWord(a) - byWord(b));
  const spent = new Set<string>();
  const changed = new Map<string, Command>();
  for (const c of oldest) {
    if (spent.has(c.action)) continue;
    const next = c.sentAt === null ? c : withEffect(c, event, { connectors, sentAt: c.sentAt, openedAt });
    if (next === c) continue;
    changed.set(c.commandId, next);
    if (commandRules.get(c.action)?.effect?.ofOne) spent.add(c.action);
  }
  if (changed.size === 0) return commands;
  const next = commands.map((c) => changed.get(c.commandId) ?? c);
  if (actor.chargePoint.registration === 'retired') return next;
  return [...changed.values()].reduce((queue, c) => withFurther(queue, c, event), next);
}

/** As runs that began before do it. What is asked for next nobody asked for then. */
function effectSeenBefore(commands: Command[], event: Message): Command[] {
  const next = map(commands, (c) => isNoLongerWanted(c, event) ?? withEffect(c, event));
  const isDone = (c: Command) => c.options?.next !== undefined && !commands.includes(c);
  return next.filter(isDone).reduce((queue, c) => withFurther(queue, c, event), next);
}

function withEffect(c: Command, event: Message, seen?: Seen): Command {
  if (!awaitsEffect(c) || c.sentAt === null || event.receivedAt < c.sentAt) return c;
  const found = commandRules.get(c.action)?.effect?.seenIn(event, c.payload, seen) ?? false;
  if (found === false) return c;
  const outcome = outcomeOf(event, seen !== undefined);
  if (found === 'under way') return { ...c, outcome };
  return { ...end(c, found === 'failed' ? 'failed' : 'completed', event.receivedAt, null), outcome };
}

/** As runs that began before do it: a Reset that is no longer wanted, dropped at the boot itself. */
function isNoLongerWanted(c: Command, event: Message): Command | undefined {
  const isBoot = event.action === 'BootNotification' && event.receivedAt > c.requestedAt;
  return isBoot && isDropped(c) ? end(c, 'cancelled', event.receivedAt, REBOOTED) : undefined;
}

function isDropped({ action, state, options }: Command): boolean {
  return action === 'Reset' && state === 'queued' && options?.unlessRebooted === true;
}

/** Resets that are no longer wanted since the station has booted, also while they were offered in vain. */
export function withoutUnwanted(commands: Command[], lastBootAt: Instant | null, at: Instant): Command[] {
  return map(commands, (c) => (isDropped(c) && rebootedSince(c, lastBootAt) ? end(c, 'cancelled', at, REBOOTED) : c));
}

/** Expires what was not sent by its deadline and gives up waiting for effects. */
export function commandsOverdue(commands: Command[], now: Instant, reducers?: ActorState['reducers']): Command[] {
  return map(commands, (c) => {
    if (c.endedAt === null && now >= dueAt(c)) {
      if (c.state === 'queued') return end(c, 'expired', now, 'not sent before its deadline');
      if (c.state === 'dispatching' && c.sentAt !== null) {
        return unanswered(c, 'connectionLost', 'its edge has sent it, and says no more', now);
      }
      if (c.state === 'dispatching') return end(c, 'expired', now, 'its edge never said whether it was sent');
      if (c.state === 'answered') return end(c, 'notObserved', now, 'accepted, but its effect was not seen');
      if (c.state === 'sent' && reducers === 5)
        return end(c, 'connectionLost', now, 'its edge does not say what came of it');
      return end(c, c.state, now, c.reason ?? 'no answer was seen');
    }
    return c;
  });
}

/** When the next command needs a look (ms since 1970). */
export function nextCommandDue(commands: Command[]): number {
  return Math.min(...pending(commands).map((c) => Date.parse(dueAt(c))));
}

/** How an installation or an upload ended is the outcome, not that it did. */
function outcomeOf({ action, payload, answer, receivedAt }: Message, withAnswerOfIt: boolean): string {
  const tells = typeof payload.status === 'string' && action !== 'BootNotification' ? ` ${payload.status}` : '';
  const info =
    'result' in answer && action === 'StartTransaction' ? (answer.result.idTagInfo as { status?: string }) : {};
  const told = withAnswerOfIt && info?.status && info.status !== 'Accepted' ? ` answered ${info.status}` : '';
  return `${action}${tells}${told} at ${receivedAt}`;
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

function withAnswer(c: Command, event: CallResult, answer: Record<string, unknown>): Command {
  return { ...c, answer, answeredAt: event.receivedAt };
}
