import type { Database } from '../drizzle/client.ts';
import { findIdTags, idTagKey } from '../drizzle/queries/idTags.ts';
import { judgeIdTag, type IdTagPolicy } from '../src/directory/judgeIdTag.ts';
import { exactRequest, InvalidCommand } from '../src/ocpp/command.ts';
import { commands } from '../src/ocpp/commands.ts';
import type { Activities } from './activities.ts';

/** The database has less time than the actor waits for the answer. */
const DATABASE_MS = 2_000;

export function checkCommand(parts: { database: Database; idTags: IdTagPolicy }): Activities['checkCommand'] {
  return async ({ action, payload, options }) => {
    const command = commands.get(action);
    if (!command) return undefined;
    try {
      const { idTag } = exactRequest(command, payload);
      if (action !== 'RemoteStartTransaction' || options?.grantIdTag || typeof idTag !== 'string') return undefined;
      return await refusalOf(idTag, parts);
    } catch (error) {
      if (error instanceof InvalidCommand) return error.message;
      throw error;
    }
  };
}

/** A start with this id tag would be answered so that the station does not charge. */
async function refusalOf(
  idTag: string,
  { database, idTags }: { database: Database; idTags: IdTagPolicy },
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DATABASE_MS);
  });
  try {
    const found = await Promise.race([findIdTags(database, [idTagKey(idTag)]), late]);
    if (found === undefined) return undefined;
    const { status } = judgeIdTag(found[0], new Date().toISOString(), idTags).info;
    if (status === 'Accepted') return undefined;
    return `id tag "${idTag}" would be answered ${status}: register it, or ask with the option grantIdTag to let it charge once`;
  } catch {
    // Away: the edge that answers the start knows the tags as they were.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
