/** Commands to charge points: checked, then queued by their actors. */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { findCommand, type CommandView } from '../../drizzle/queries/commands.ts';
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

export interface CommandInput {
  /** As in `commands`, case-sensitive. */
  action: string;
  /** Of the CALL, as OCPP 1.6 §6 has it. */
  payload: unknown;
  /** Not sent later than this many seconds from now; by default what suits the action. */
  deadlineSeconds?: number | undefined;
  requestedBy?: string | undefined;
  /** Who asks again with the same one, because no answer came, queues it once. */
  commandId?: string | undefined;
}

/**
 * Queues a command for a charge point, there or not: it is sent when the charge point is.
 *
 * @throws UnknownChargePoint, UnknownAction, InvalidCommand, RefusedByActor, ActorsAway
 */
export async function submitCommand(
  { database, actors }: OperatorParts,
  chargePointId: string,
  { action, payload, deadlineSeconds, requestedBy, commandId = randomUUID() }: CommandInput,
): Promise<{ commandId: string }> {
  const command = commands.get(action);
  if (!command) throw new UnknownAction(action);
  const exact = exactRequest(command, payload);
  const chargePoint = await findChargePoint(database, chargePointId);
  if (!chargePoint || chargePoint.registration === 'retired') throw new UnknownChargePoint(chargePointId);
  // Actors forget what has ended long ago.
  if (await findCommand(database, chargePointId, commandId)) return { commandId };
  try {
    return await actors().submit(chargePointId, {
      action,
      payload: exact,
      commandId,
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
): Promise<CommandView | undefined> {
  const stored = await findCommand(database, chargePointId, commandId);
  if (stored) return stored;
  const queued = await Promise.resolve()
    .then(() => actors().command(chargePointId, commandId))
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw fromActor(error);
    });
  if (!queued) return undefined;
  const { version: _version, connection: _connection, ...command } = queued;
  return { chargePointId, ...command, options: command.options ?? null };
}
