/** Commands to charge points: checked, then queued by their actors. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../drizzle/client.ts';
import { isAway } from '../../drizzle/errors.ts';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { findCommand, type CommandView } from '../../drizzle/queries/commands.ts';
import type { Instant } from '../../workflows/events.ts';
import type { Cancellation, Submission } from '../../workflows/state/inbound.ts';
import type { CommandOptions } from '../../workflows/state/model.ts';
import { ActorNotFound } from '../edge/outbox.ts';
import { InvalidCommand } from '../ocpp/command.ts';
import { limitOf } from '../ocpp/stationLimits.ts';
import type { OperatorParts } from './chargePoints.ts';
import { exactCommand } from './commandChecks.ts';
import { ActorsAway, ChargePointNotKnown, fromActor, UnknownChargePoint } from './errors.ts';
import { readConfiguration } from './learnt/read.ts';
import { viewOf } from './shownCommands.ts';

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

/** Who asks, and which way. */
export interface Asking {
  /** At most 100 characters; longer ones are cut. */
  requestedBy?: string | undefined;
  via?: Submission['via'] | undefined;
}

export interface CommandInput extends Asking {
  /** As in `commands`, case-sensitive. */
  action: string;
  /** Of the CALL, as OCPP 1.6 §6 has it. */
  payload: unknown;
  options?: CommandOptions | undefined;
  /** Not sent later than this many seconds from now; by default what suits the action. */
  deadlineSeconds?: number | undefined;
  /** The same as an instant. */
  deadline?: Instant | undefined;
  /** Who asks again with the same one, because no answer came, queues it once. */
  commandId?: string | undefined;
}

/** CALLs that one GetConfiguration becomes at most. */
const CALLS_MOST = 50;
/** The longest that a command may wait: a year. */
const DEADLINE_MOST_MS = 365 * 86_400_000;

/** What was queued. */
export interface Submitted {
  commandId: string;
  /** Of the commands that ask for the rest, where the station takes less than was asked for in one. */
  further?: string[];
}

/** As it may leave. */
type ExactInput = Omit<CommandInput, 'payload' | 'commandId'> & { payload: Record<string, unknown> };

/**
 * Queues a command for a charge point, there or not: it is sent when the charge point is. Of more keys than the charge
 * point takes in one GetConfiguration (OCPP 1.6 §9.1 GetConfigurationMaxKeys) several are made, each with its own outcome.
 * Where the database is away an actor that runs gets it all the same, as a whole.
 *
 * @throws UnknownChargePoint, ChargePointNotKnown, UnknownAction, InvalidCommand, BadDeadline, CommandIdTaken,
 * RefusedByActor, ActorsAway
 */
export async function submitCommand(
  parts: OperatorParts,
  chargePointId: string,
  { commandId = randomUUID(), ...input }: CommandInput,
): Promise<Submitted> {
  const exact = { ...input, payload: exactCommand(input) };
  try {
    const calls = await callsToQueue(parts.database, chargePointId, { ...exact, commandId }).catch((error: unknown) => {
      if (isAway(error)) return { away: error };
      throw error;
    });
    if ('away' in calls) {
      await submitOne(parts, chargePointId, { ...exact, commandId }, calls);
      return { commandId };
    }
    for (const call of calls) if (!call.isQueued) await submitOne(parts, chargePointId, { ...exact, ...call });
    const [, ...further] = calls.map((call) => call.commandId);
    return further.length === 0 ? { commandId } : { commandId, further };
  } catch (error) {
    // It may have been queued all the same.
    throw error instanceof ActorsAway ? error.repeatWith(commandId) : error;
  }
}

/** @param away why nobody can say whether there is such a charge point: for one of any id an actor would stay for ever */
async function submitOne(
  { actors }: OperatorParts,
  chargePointId: string,
  { commandId, ...input }: ExactInput & { commandId: string },
  { away }: { away?: unknown } = {},
): Promise<void> {
  const { action, payload, options, requestedBy, via } = input;
  const deadlineMs = deadlineMsOf(input);
  const submission = {
    action,
    payload,
    commandId,
    ...(options === undefined ? {} : { options }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
    ...(via === undefined ? {} : { via }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
  try {
    await actors().submit(chargePointId, submission, { start: away === undefined });
  } catch (error) {
    throw error instanceof ActorNotFound ? new ChargePointNotKnown(chargePointId, away) : fromActor(error);
  }
}

interface Call {
  commandId: string;
  payload: Record<string, unknown>;
  /** By an earlier request with the same id. */
  isQueued: boolean;
}

/** All that need the database, before any of them is queued. */
async function callsToQueue(
  database: Database,
  chargePointId: string,
  { commandId, ...input }: ExactInput & { commandId: string },
): Promise<Call[]> {
  const [chargePoint, earlier] = await Promise.all([
    findChargePoint(database, chargePointId),
    findCommand(database, chargePointId, commandId),
  ]);
  if (!chargePoint || chargePoint.registration === 'retired') throw new UnknownChargePoint(chargePointId);
  // Actors forget what has ended long ago. One that was queued as a whole, before a limit was known, stays whole.
  if (earlier && isSame(earlier, input)) return [{ commandId, payload: input.payload, isQueued: true }];
  const payloads = await payloadsOf(database, chargePointId, input);
  const calls: Call[] = [];
  for (const [i, payload] of payloads.entries()) {
    const id = i === 0 ? commandId : `${commandId.slice(0, 95).toWellFormed()}-${i + 1}`;
    const before = i === 0 ? earlier : await findCommand(database, chargePointId, id);
    if (before && !isSame(before, { ...input, payload })) throw new CommandIdTaken(before);
    calls.push({ commandId: id, payload, isQueued: before !== undefined });
  }
  return calls;
}

/** Its payload, or those of the CALLs that this charge point takes instead. */
async function payloadsOf(
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

/**
 * Of a refused one no payload is kept, of one that was cancelled after it was sent not what was to follow; how long its
 * effect may take was not asked for.
 */
function isSame(earlier: CommandView, { action, payload, options }: ExactInput): boolean {
  const { effectWithinMs: _, next, otherwise, ...before } = earlier.options ?? {};
  const { next: nextAsked, otherwise: otherwiseAsked, ...asked } = options ?? {};
  const isFollowed = next !== undefined || otherwise !== undefined;
  if (earlier.action !== action || !isDeepStrictEqual(before, asked)) return false;
  if (isFollowed && !isDeepStrictEqual([next, otherwise], [nextAsked, otherwiseAsked])) return false;
  return earlier.state === 'refused' || isDeepStrictEqual(earlier.payload, payload);
}
