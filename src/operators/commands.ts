/** Commands to charge points: checked, then queued by their actors. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../../drizzle/client.ts';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { findCommand, unfinishedCommands, type CommandView } from '../../drizzle/queries/commands.ts';
import { whyQueued } from '../../workflows/state/commands.ts';
import type { Cancellation } from '../../workflows/state/inbound.ts';
import type { Command, CommandOptions } from '../../workflows/state/model.ts';
import { exactRequest } from '../ocpp/command.ts';
import { commands } from '../ocpp/commands.ts';
import type { OperatorParts } from './chargePoints.ts';
import { ActorsAway, fromActor, UnknownChargePoint } from './errors.ts';

/** There is no such command. */
export class UnknownAction extends Error {
  override name = 'UnknownAction';
  constructor(action: string) {
    super(`there is no command "${action}": expected one of ${[...commands.keys()].join(', ')}`);
  }
}

/** The id was given to another command of this charge point before. */
export class CommandIdTaken extends Error {
  override name = 'CommandIdTaken';
  constructor({ commandId, action, requestedAt }: CommandView) {
    super(`"${commandId}" is the id of another command: ${action}, asked for at ${requestedAt}; choose a new one`);
  }
}

/** It was sent, or has ended: there is nothing to cancel. */
export class TooLateToCancel extends Error {
  override name = 'TooLateToCancel';
  constructor({ action, state }: Pick<CommandView, 'action' | 'state'>) {
    super(`${action} is ${state}: only what is still queued can be cancelled`);
  }
}

export interface CommandInput {
  /** As in `commands`, case-sensitive. */
  action: string;
  /** Of the CALL, as OCPP 1.6 §6 has it. */
  payload: unknown;
  options?: CommandOptions | undefined;
  /** Not sent later than this many seconds from now; by default what suits the action. */
  deadlineSeconds?: number | undefined;
  requestedBy?: string | undefined;
  /** Who asks again with the same one, because no answer came, queues it once. */
  commandId?: string | undefined;
}

/** With where it stands while it is queued. */
export type ShownCommand = CommandView & Partial<ReturnType<typeof whyQueued>>;

/**
 * Queues a command for a charge point, there or not: it is sent when the charge point is.
 *
 * @throws UnknownChargePoint, UnknownAction, InvalidCommand, CommandIdTaken, RefusedByActor, ActorsAway
 */
export async function submitCommand(
  { database, actors }: OperatorParts,
  chargePointId: string,
  { action, payload, options, deadlineSeconds, requestedBy, commandId = randomUUID() }: CommandInput,
): Promise<{ commandId: string }> {
  const exact = exactPayload(action, payload);
  for (const other of options?.otherwise ?? []) exactPayload(other.action, other.payload);
  const chargePoint = await findChargePoint(database, chargePointId);
  if (!chargePoint || chargePoint.registration === 'retired') throw new UnknownChargePoint(chargePointId);
  // Actors forget what has ended long ago.
  const earlier = await findCommand(database, chargePointId, commandId);
  if (earlier && !isSame(earlier, { action, payload: exact, options })) throw new CommandIdTaken(earlier);
  if (earlier) return { commandId };
  try {
    return await actors().submit(chargePointId, {
      action,
      payload: exact,
      commandId,
      ...(options === undefined ? {} : { options }),
      ...(requestedBy === undefined ? {} : { requestedBy }),
      ...(deadlineSeconds === undefined ? {} : { deadlineMs: deadlineSeconds * 1_000 }),
    });
  } catch (error) {
    const reason = fromActor(error);
    // It may have been queued all the same.
    throw reason instanceof ActorsAway ? reason.repeatWith(commandId) : reason;
  }
}

/**
 * A command as it stands; undefined where there is none. One just submitted may not be stored yet: its actor is asked.
 *
 * @throws ActorsAway where it is not stored, and the actor cannot be asked
 */
export async function showCommand(
  { database, actors }: OperatorParts,
  chargePointId: string,
  commandId: string,
): Promise<ShownCommand | undefined> {
  const stored = await findCommand(database, chargePointId, commandId);
  if (stored?.state === 'queued') return withReason(database, stored);
  if (stored) return stored;
  const queued = await Promise.resolve()
    .then(() => actors().command(chargePointId, commandId))
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw fromActor(error);
    });
  return queued && viewOf(chargePointId, queued);
}

/**
 * The command when it has ended; undefined where it has not within that time, or nobody can say.
 * @param waitMs up to a minute: the database is asked again and again
 */
export async function outcomeOf(
  { database }: OperatorParts,
  chargePointId: string,
  commandId: string,
  waitMs: number,
  stopping: AbortSignal,
): Promise<CommandView | undefined> {
  const until = Date.now() + waitMs;
  for (let pause = 10; ; pause = Math.min(200, pause * 1.5)) {
    // That it is queued is certain, whatever becomes of the database.
    const found = await findCommand(database, chargePointId, commandId).catch(() => undefined);
    if (found && found.endedAt !== null) return found;
    if (Date.now() + pause > until || stopping.aborted) return undefined;
    await sleep(pause);
  }
}

/**
 * Cancels what was not sent yet; what is cancelled already stays so.
 *
 * @throws TooLateToCancel, ActorsAway
 * @returns undefined where there is no such command
 */
export async function cancelCommand(
  { database, actors }: OperatorParts,
  chargePointId: string,
  { commandId, requestedBy }: Cancellation,
): Promise<CommandView | undefined> {
  const stored = await findCommand(database, chargePointId, commandId);
  const isOver = stored !== undefined && stored.endedAt !== null;
  // Started for its sake alone, an actor of any id would stay for ever.
  if (!stored && !(await findChargePoint(database, chargePointId))) return undefined;
  const found = isOver ? stored : await asked();
  if (found && found.state !== 'cancelled') throw new TooLateToCancel(found);
  return found;

  async function asked(): Promise<CommandView | undefined> {
    const cancellation = { commandId, ...(requestedBy === undefined ? {} : { requestedBy }) };
    try {
      const command = await actors().cancel(chargePointId, cancellation);
      return command && viewOf(chargePointId, command);
    } catch (error) {
      throw fromActor(error);
    }
  }
}

/** @throws UnknownAction, InvalidCommand */
function exactPayload(action: string, payload: unknown): Record<string, unknown> {
  const command = commands.get(action);
  if (!command) throw new UnknownAction(action);
  return exactRequest(command, payload);
}

/** Of a refused one no payload is kept. */
function isSame(earlier: CommandView, { action, payload, options }: Omit<CommandInput, 'commandId'>): boolean {
  if (earlier.action !== action || !isDeepStrictEqual(earlier.options ?? {}, options ?? {})) return false;
  return earlier.state === 'refused' || isDeepStrictEqual(earlier.payload, payload);
}

async function withReason(database: Database, command: CommandView): Promise<ShownCommand> {
  const [chargePoint, queue] = await Promise.all([
    findChargePoint(database, command.chargePointId),
    unfinishedCommands(database, command.chargePointId),
  ]);
  const isQueued = queue.some(({ commandId, state }) => commandId === command.commandId && state === 'queued');
  return chargePoint && isQueued ? { ...command, ...whyQueued(queue, command, chargePoint) } : command;
}

function viewOf(chargePointId: string, queued: Command): CommandView {
  const { version: _version, connection: _connection, ...command } = queued;
  return { chargePointId, ...command, options: command.options ?? null };
}
