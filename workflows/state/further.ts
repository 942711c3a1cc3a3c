/** What follows a command, as it has ended: what is asked for next, or instead. */
import { commandRules } from '../commands/table.ts';
import type { CallResult, Instant, Message } from '../events.ts';
import { isQueued, requested } from './commands.ts';
import type { Command, FurtherCommand } from './model.ts';

/** What was to follow it, as it has ended: the first of it. With the last one that is done, nothing is left to follow. */
export function withFurther(
  commands: Command[],
  ended: Command,
  { receivedAt, ...event }: CallResult | Message,
): Command[] {
  const { next = [], otherwise = [] } = ended.options ?? {};
  if (ended.state === 'completed' && ended.endedAt === receivedAt) {
    // Done, so the station knows it: an older message is no longer what would be asked for.
    const kept = commandRules.get(ended.action)?.otherwiseOnlyIfUnknown ? [] : named(otherwise, ended, '/');
    return withFirst(named(next, ended, '+'), kept);
  }
  if (event.kind !== 'callResult' || !isRefused(ended) || !isOlderWanted(ended, event)) return commands;
  return withFirst(named(otherwise, ended, '/'), []);

  function withFirst([first, ...rest]: Named[], instead: Named[]): Command[] {
    if (!first) return commands;
    const { commandId, action, payload, expected } = first;
    const { via, requestedBy } = ended;
    return requested(commands, {
      commandId: unused(commands, commandId),
      action,
      payload,
      via,
      requestedBy,
      requestedAt: receivedAt,
      options: {
        ...(rest.length > 0 ? { next: rest } : {}),
        ...(expected === undefined ? {} : { expected }),
        ...(instead.length > 0 ? { otherwise: instead } : {}),
      },
    });
  }
}

type Named = FurtherCommand & { commandId: string };

/** They keep the ids that they are given here, wherever in the row they stand. */
function named(further: FurtherCommand[], { commandId }: Command, mark: string): Named[] {
  return further.map((one, i) => ({ ...one, commandId: one.commandId ?? suffixed(commandId, `${mark}${i + 1}`) }));
}

/** One that another command has would be taken for asked again: nothing would follow. */
function unused(queue: Command[], commandId: string): string {
  let id = commandId;
  for (let nth = 2; queue.some((c) => c.commandId === id); nth++) id = suffixed(commandId, `-${nth}`);
  return id;
}

/** At most 100 characters, as all ids. */
function suffixed(commandId: string, suffix: string): string {
  return commandId.slice(0, 100 - suffix.length).toWellFormed() + suffix;
}

/** An older message is asked for only where the station does not know this one. */
function isOlderWanted({ action, answer }: Command, { outcome }: Omit<CallResult, 'receivedAt'>): boolean {
  if (!commandRules.get(action)?.otherwiseOnlyIfUnknown) return true;
  const word = 'error' in outcome ? outcome.error : answer?.status;
  return word === 'NotImplemented' || word === 'NotSupported';
}

/** As runs that began before do it: all of it at once, or nothing. */
export function withOthers(
  commands: Command[],
  { commandId, via, requestedBy, options }: Command,
  at: Instant,
): Command[] {
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

export function isRefused({ state }: Command): boolean {
  return state === 'rejected' || state === 'failed';
}
