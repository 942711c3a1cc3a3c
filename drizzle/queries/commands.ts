import { and, asc, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { CommandOptions } from '../../workflows/state/model.ts';
import type { Database } from '../client.ts';
import { chargePoint, command } from '../schema.ts';
import { keyAfter, pageOf, type Page, type PageRequest } from './pages.ts';

export type CommandView = Omit<typeof command.$inferSelect, 'version' | 'connection'>;

/** Of one charge point, the newest first. */
export async function listCommands(
  database: Database,
  chargePointId: string,
  /** `unfinished`: only those that have not ended, or only those that have. */
  { action, unfinished }: { action?: string | undefined; unfinished?: boolean | undefined },
  { after, limit }: PageRequest,
): Promise<Page<CommandView>> {
  const key = keyAfter<[string, string]>(after, ['instant', 'text']);
  const rows = await database.run((db) =>
    db
      .select(columns)
      .from(command)
      .where(
        and(
          eq(command.chargePointId, chargePointId),
          action === undefined ? undefined : eq(command.action, action),
          unfinished === undefined ? undefined : unfinished ? isNull(command.endedAt) : isNotNull(command.endedAt),
          key && sql`(${command.requestedAt}, ${command.commandId}) < (${key[0]}::timestamptz, ${key[1]})`,
        ),
      )
      .orderBy(desc(command.requestedAt), desc(command.commandId))
      .limit(limit + 1),
  );
  return pageOf(rows, limit, (row) => [row.requestedAt, row.commandId]);
}

export async function findCommand(
  database: Database,
  chargePointId: string,
  commandId: string,
): Promise<CommandView | undefined> {
  const [found] = await database.run((db) =>
    db
      .select(columns)
      .from(command)
      .where(and(eq(command.chargePointId, chargePointId), eq(command.commandId, commandId))),
  );
  return found;
}

export type CommandKey = Pick<CommandView, 'chargePointId' | 'commandId'>;

/** Those of them that have ended. */
export async function findEndedCommands(database: Database, keys: readonly CommandKey[]): Promise<CommandView[]> {
  const wanted = JSON.stringify(keys.map(({ chargePointId, commandId }) => [chargePointId, commandId]));
  return database.run((db) =>
    db
      .select(columns)
      .from(command)
      .where(
        and(
          isNotNull(command.endedAt),
          sql`(${command.chargePointId}, ${command.commandId}) IN
            (SELECT key ->> 0, key ->> 1 FROM jsonb_array_elements(${wanted}::text::jsonb) AS key)`,
        ),
      ),
  );
}

/** Of one charge point, in the order in which they were asked for: at most some hundred wait. */
export async function unfinishedCommands(database: Database, chargePointId: string): Promise<CommandView[]> {
  return database.run((db) =>
    db
      .select(columns)
      .from(command)
      .where(and(eq(command.chargePointId, chargePointId), isNull(command.endedAt)))
      .orderBy(asc(command.requestedAt), asc(command.commandId)),
  );
}

/** As JSON has it: no text of PostgreSQL can. */
const NUL = String.raw`\u0000`;

/** What tells when a command should have ended, and whether its station is there. */
export type OpenCommand = Awaited<ReturnType<typeof openCommands>>[number];

/** Commands that have not ended, of all charge points, by key. */
export async function openCommands(
  database: Database,
  { after, limit }: { after?: CommandKey | undefined; limit: number },
) {
  return database.run((db) =>
    db
      .select({
        chargePointId: command.chargePointId,
        commandId: command.commandId,
        action: command.action,
        state: command.state,
        requestedAt: command.requestedAt,
        deadline: command.deadline,
        sentAt: command.sentAt,
        // The others may be long, and hold \u0000, at which PostgreSQL cannot look into them.
        options: sql<Pick<CommandOptions, 'effectWithinMs'>>`
          json_strip_nulls(json_build_object('effectWithinMs',
            CASE WHEN position(${NUL} in ${command.options}::text) = 0 THEN ${command.options} -> 'effectWithinMs' END))`,
        online: chargePoint.online,
        retired: sql<boolean>`${chargePoint.registration} = 'retired'`,
      })
      .from(command)
      .innerJoin(chargePoint, eq(chargePoint.chargePointId, command.chargePointId))
      .where(
        and(
          isNull(command.endedAt),
          after && sql`(${command.chargePointId}, ${command.commandId}) > (${after.chargePointId}, ${after.commandId})`,
        ),
      )
      .orderBy(asc(command.chargePointId), asc(command.commandId))
      .limit(limit),
  );
}

/** Whose command it is: of one charge point, where the id was not chosen for several. At most two are told. */
export async function chargePointsOfCommand(database: Database, commandId: string): Promise<string[]> {
  const found = await database.run((db) =>
    db.select({ id: command.chargePointId }).from(command).where(eq(command.commandId, commandId)).limit(2),
  );
  return found.map(({ id }) => id);
}

const columns = {
  chargePointId: command.chargePointId,
  commandId: command.commandId,
  action: command.action,
  payload: command.payload,
  state: command.state,
  reason: command.reason,
  via: command.via,
  options: command.options,
  requestedBy: command.requestedBy,
  requestedAt: command.requestedAt,
  deadline: command.deadline,
  sentAt: command.sentAt,
  answer: command.answer,
  answeredAt: command.answeredAt,
  outcome: command.outcome,
  endedAt: command.endedAt,
};
