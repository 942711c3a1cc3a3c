/** Gives a station the local authorization list it is to have. */
import { unfinishedCommands, type CommandView } from '../../drizzle/queries/commands.ts';
import { readUnanswered } from '../../drizzle/queries/learnt.ts';
import type { OperatorParts } from './chargePoints.ts';
import { cancelCommand, submitCommand, TooLateToCancel, type Asking } from './commands.ts';
import { ActorsAway } from './errors.ts';
import { readConfiguration, readLocalList } from './learnt/read.ts';
import { planLocalList, submissionOf, type ListedIdTag, type Planned } from './localListPlan.ts';

/** A command of a job, and whether it is queued: the others have no state before their turn. */
export interface JobCommand {
  commandId: string;
  action: string;
  /** Of the list. */
  entries: number;
  queued: boolean;
}

/**
 * Queues what it takes, see `planLocalList`, in place of what an earlier list has left to do.
 * @throws BadLocalList and what `submitCommand` throws
 */
export async function sendLocalList(
  parts: OperatorParts,
  chargePointId: string,
  wanted: readonly ListedIdTag[],
  asking: Asking,
): Promise<{ listVersion: number; commands: JobCommand[]; otherwise: JobCommand[] }> {
  const { items: keys } = await readConfiguration(parts.database, chargePointId);
  // One that cannot be sent leaves the earlier one as it is.
  planLocalList(wanted, await readLocalList(parts.database, chargePointId), keys);
  const underWay = await withoutEarlier(parts, chargePointId, asking);
  const [known, lost] = await Promise.all([
    readLocalList(parts.database, chargePointId),
    readUnanswered(parts.database, chargePointId, ['SendLocalList']),
  ]);
  const inDoubt = lost.filter((one) => known.doubts.some(({ commandId }) => commandId === one.commandId));
  const planned = planLocalList(wanted, known, keys, [...underWay, ...inDoubt]);
  const { listVersion, commands, otherwise } = planned;
  if (commands.length === 0) return { listVersion, commands: [], otherwise: [] };
  await submitCommand(parts, chargePointId, { ...submissionOf(planned), ...asking }).catch((error: unknown) => {
    if (!(error instanceof ActorsAway)) throw error;
    throw new ActorsAway(
      'Temporal or its workers do not answer: give the list again, what is queued of it is cancelled then',
    );
  });
  return {
    listVersion,
    commands: commands.map((each, i) => shown(each, i === 0)),
    otherwise: otherwise.map((each) => shown(each, false)),
  };
}

/**
 * What an earlier list has left to do is no longer wanted: what is queued of it is cancelled, what is under way loses what
 * was to follow it. Resolves to every SendLocalList that could not be cancelled: the station may carry it out.
 */
async function withoutEarlier(
  parts: OperatorParts,
  chargePointId: string,
  { requestedBy }: Asking,
): Promise<CommandView[]> {
  const told = new Set<string>();
  const underWay: CommandView[] = [];
  for (;;) {
    // One may have ended, and queued the one that follows it, before it was told.
    const found = (await unfinishedCommands(parts.database, chargePointId)).filter(
      (one) => isOfList(one) && !told.has(one.commandId),
    );
    if (found.length === 0) return underWay;
    for (const command of found) {
      told.add(command.commandId);
      const isCancelled = await cancel(parts, command, requestedBy);
      if (!isCancelled && command.action === 'SendLocalList') underWay.push(command);
    }
  }
}

/** Who asks for the version alone is still told it. */
function isOfList({ action, options }: CommandView): boolean {
  return action === 'SendLocalList' || (action === 'GetLocalListVersion' && options?.expected !== undefined);
}

async function cancel(
  parts: OperatorParts,
  { chargePointId, commandId }: CommandView,
  requestedBy: string | undefined,
): Promise<boolean> {
  const cancellation = { commandId, ...(requestedBy === undefined ? {} : { requestedBy }) };
  try {
    return (await cancelCommand(parts, chargePointId, cancellation))?.state === 'cancelled';
  } catch (error) {
    if (error instanceof TooLateToCancel) return false;
    throw error;
  }
}

function shown({ commandId, action, payload }: Planned, queued: boolean): JobCommand {
  const { localAuthorizationList: list } = payload;
  return { commandId, action, entries: Array.isArray(list) ? list.length : 0, queued };
}
