/** Commands as operators see them: with where they stand while they are queued. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../../drizzle/client.ts';
import { isAway } from '../../drizzle/errors.ts';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { findCommand, listCommands, unfinishedCommands, type CommandView } from '../../drizzle/queries/commands.ts';
import type { Page, PageRequest } from '../../drizzle/queries/pages.ts';
import { whyQueued } from '../../workflows/state/commands.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import { registrationOn } from '../../workflows/state/connections.ts';
import type { Command } from '../../workflows/state/model.ts';
import type { OperatorParts } from './chargePoints.ts';
import { fromActor } from './errors.ts';

/** With its position (1 is sent next) and what it waits for while it is queued. */
export type ShownCommand = CommandView & Partial<ReturnType<typeof whyQueued>>;

/**
 * A command as it stands; undefined where there is none. One just submitted may not be stored yet, and the database may be
 * away: then its actor is asked.
 *
 * @throws ActorsAway where it is not stored, and the actor cannot be asked
 */
export async function showCommand(
  { database, actors }: OperatorParts,
  chargePointId: string,
  commandId: string,
): Promise<ShownCommand | undefined> {
  let away: unknown;
  const stored = await findCommand(database, chargePointId, commandId).catch((error: unknown) => {
    if (!isAway(error)) throw error;
    away = error;
    return undefined;
  });
  if (stored) return (await withStanding(database, chargePointId, [stored]))[0];
  const state = await Promise.resolve()
    .then(() => actors().state(chargePointId))
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw fromActor(error);
    });
  const known = state && shownOf(state).find((command) => command.commandId === commandId);
  // The actor has forgotten what ended long ago: only the database could tell.
  if (!known && away !== undefined) throw away;
  return known;
}

/** Of one charge point, the newest first. */
export async function listShownCommands(
  database: Database,
  chargePointId: string,
  filter: Parameters<typeof listCommands>[2],
  request: PageRequest,
): Promise<Page<ShownCommand>> {
  const { items, next } = await listCommands(database, chargePointId, filter, request);
  return { items: await withStanding(database, chargePointId, items), next };
}

/** Those that the actor has at hand, in the order in which they were asked for. */
export function shownOf(state: Pick<ActorState, 'chargePoint' | 'commands' | 'connections'>): ShownCommand[] {
  const { commands } = state;
  const chargePoint = { ...state.chargePoint, registration: registrationOn(state) };
  return commands.map((command) => ({
    ...viewOf(chargePoint.chargePointId, command),
    ...(command.state === 'queued' ? whyQueued(commands, command, chargePoint) : {}),
  }));
}

export function viewOf(chargePointId: string, queued: Command): CommandView {
  const { version: _version, connection: _connection, ...command } = queued;
  return { chargePointId, ...command, options: command.options ?? null };
}

/** One look at the queue for all of them; none where nothing is queued. */
async function withStanding(
  database: Database,
  chargePointId: string,
  commands: CommandView[],
): Promise<ShownCommand[]> {
  if (commands.every(({ state }) => state !== 'queued')) return commands;
  const [chargePoint, queue] = await Promise.all([
    findChargePoint(database, chargePointId),
    unfinishedCommands(database, chargePointId),
  ]);
  if (!chargePoint) return commands;
  // Meanwhile it may have been sent.
  const queued = new Set(queue.filter(({ state }) => state === 'queued').map(({ commandId }) => commandId));
  return commands.map((command) =>
    command.state === 'queued' && queued.has(command.commandId)
      ? { ...command, ...whyQueued(queue, command, chargePoint) }
      : command,
  );
}
