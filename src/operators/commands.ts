/** Commands to charge points: checked, then queued by their actors. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../../drizzle/client.ts';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { findCommand, unfinishedCommands, type CommandView } from '../../drizzle/queries/commands.ts';
import type { Instant } from '../../workflows/events.ts';
import { whyQueued } from '../../workflows/state/commands.ts';
import type { Cancellation } from '../../workflows/state/inbound.ts';
import type { Command, CommandOptions } from '../../workflows/state/model.ts';
import { exactRequest, InvalidCommand } from '../ocpp/command.ts';
import { commands } from '../ocpp/commands.ts';
import { limitOf } from '../ocpp/stationLimits.ts';
import type { OperatorParts } from './chargePoints.ts';
import { ActorsAway, fromActor, UnknownChargePoint } from './errors.ts';
import { readConfiguration } from './learnt/read.ts';

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

/** It would have to be sent before it was asked for, or waits for longer than an actor lets it. */
export class BadDeadline extends Error {
  override name = 'BadDeadline';
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
  /** The same as an instant. */
  deadline?: Instant | undefined;
  requestedBy?: string | undefined;
  /** Who asks again with the same one, because no answer came, queues it once. */
  commandId?: string | undefined;
}

/** CALLs that one GetConfiguration becomes at most. */
const CALLS_MOST = 50;
/** The longest that a command may wait: a year. */
const DEADLINE_MOST_MS = 365 * 86_400_000;

/** With where it stands while it is queued. */
export type ShownCommand = CommandView & Partial<ReturnType<typeof whyQueued>>;

/** What was queued. */
export interface Submitted {
  commandId: string;
  /** Of the commands that ask for the rest, where the station takes less than was asked for in one. */
  further?: string[];
}

/**
 * Queues a command for a charge point, there or not: it is sent when the charge point is. Of more keys than the charge
 * point takes in one GetConfiguration (OCPP 1.6 §9.1 GetConfigurationMaxKeys) several are made, each with its own outcome.
 *
 * @throws UnknownChargePoint, UnknownAction, InvalidCommand, BadDeadline, CommandIdTaken, RefusedByActor, ActorsAway
 */
export async function submitCommand(
  parts: OperatorParts,
  chargePointId: string,
  { commandId = randomUUID(), ...input }: CommandInput,
): Promise<Submitted> {
  const { database } = parts;
  const payload = exactPayload(input.action, input.payload);
  for (const other of input.options?.otherwise ?? []) exactPayload(other.action, other.payload);
  const [chargePoint, earlier] = await Promise.all([
    findChargePoint(database, chargePointId),
    findCommand(database, chargePointId, commandId),
  ]);
  if (!chargePoint || chargePoint.registration === 'retired') throw new UnknownChargePoint(chargePointId);
  // Actors forget what has ended long ago. One that was queued as a whole, before a limit was known, stays whole.
  if (earlier && isSame(earlier, { ...input, payload })) return { commandId };
  const [first = payload, ...others] = await callsOf(database, chargePointId, { ...input, payload });
  if (earlier && !isSame(earlier, { ...input, payload: first })) throw new CommandIdTaken(earlier);
  try {
    if (!earlier) await submitOne(parts, chargePointId, { ...input, payload: first, commandId });
    const further: string[] = [];
    for (const [i, rest] of others.entries()) {
      const id = `${commandId.slice(0, 95).toWellFormed()}-${i + 2}`;
      const before = await findCommand(database, chargePointId, id);
      if (before && !isSame(before, { ...input, payload: rest })) throw new CommandIdTaken(before);
      if (!before) await submitOne(parts, chargePointId, { ...input, payload: rest, commandId: id });
      further.push(id);
    }
    return further.length === 0 ? { commandId } : { commandId, further };
  } catch (error) {
    // It may have been queued all the same.
    throw error instanceof ActorsAway ? error.repeatWith(commandId) : error;
  }
}

/** @param input exact, as it may leave */
async function submitOne(
  { actors }: OperatorParts,
  chargePointId: string,
  { commandId, ...input }: CommandInput & { commandId: string },
): Promise<void> {
  const { action, payload, options, requestedBy } = input;
  const deadlineMs = deadlineMsOf(input);
  try {
    await actors().submit(chargePointId, {
      action,
      payload,
      commandId,
      ...(options === undefined ? {} : { options }),
      ...(requestedBy === undefined ? {} : { requestedBy }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
  } catch (error) {
    throw fromActor(error);
  }
}

/** Its payload, or those of the CALLs that this charge point takes instead. */
async function callsOf(
  database: Database,
  chargePointId: string,
  { action, payload }: { action: string; payload: Record<string, unknown> },
): Promise<Record<string, unknown>[]> {
  const { key } = payload;
  if (action !== 'GetConfiguration' || !Array.isArray(key) || key.length < 2) return [payload];
  const { items: keys } = await readConfiguration(database, chargePointId);
  const ofACall = limitOf(keys, 'GetConfigurationMaxKeys') ?? key.length;
  const calls = Math.ceil(key.length / ofACall);
  if (calls > CALLS_MOST) {
    const reason = `${key.length} keys are ${calls} CALLs, as the charge point takes ${ofACall} at a time: at most ${CALLS_MOST} are queued`;
    throw new InvalidCommand(action, reason);
  }
  return Array.from({ length: calls }, (_, i) => ({
    ...payload,
    key: (key as string[]).slice(i * ofACall, (i + 1) * ofACall),
  }));
}

/** Looked at when it is queued only: who asks again with the same id is told of the command, however late. */
function deadlineMsOf({ deadline, deadlineSeconds }: Pick<CommandInput, 'deadline' | 'deadlineSeconds'>) {
  if (deadline === undefined) return deadlineSeconds === undefined ? undefined : deadlineSeconds * 1_000;
  const ms = Date.parse(deadline) - Date.now();
  if (ms <= 0) throw new BadDeadline(`${deadline} is over: expected a time to come`);
  if (ms > DEADLINE_MOST_MS) throw new BadDeadline(`${deadline} is more than a year away: expected an earlier time`);
  return ms;
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

/** Of a refused one no payload is kept; how long its effect may take was not asked for. */
function isSame(earlier: CommandView, { action, payload, options }: Omit<CommandInput, 'commandId'>): boolean {
  const { effectWithinMs: _, ...asked } = earlier.options ?? {};
  if (earlier.action !== action || !isDeepStrictEqual(asked, options ?? {})) return false;
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
