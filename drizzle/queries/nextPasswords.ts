/** AuthorizationKeys on their way to charge points. What becomes of them is told by their commands, see migration 0013. */
import { and, eq, ne, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, command, type NextPassword } from '../schema.ts';

/** So many of a charge point may be undecided. */
export const NEXT_PASSWORDS_MOST = 5;

/**
 * From now on it is let in with this one, too. Of too many the oldest goes whose command is over, or was never queued.
 * @returns false where all of them still wait, or there is no such charge point
 */
export async function addNextPassword(database: Database, chargePointId: string, next: NextPassword): Promise<boolean> {
  const { nextPasswords } = chargePoint;
  const isFull = sql`jsonb_array_length(${nextPasswords}) >= ${NEXT_PASSWORDS_MOST}`;
  const oldestOver = sql`(select min(n.place)::int - 1
    from jsonb_array_elements(${nextPasswords}) with ordinality as n(value, place)
    where not exists (select from ${command} where ${command.chargePointId} = ${chargePointId}
      and ${command.commandId} = n.value ->> 'commandId' and ${command.endedAt} is null))`;
  const kept = sql`case when ${isFull} then ${nextPasswords} - ${oldestOver} else ${nextPasswords} end`;
  const rows = await database.run((db) =>
    db
      .update(chargePoint)
      .set({ nextPasswords: sql`${kept} || ${JSON.stringify([next])}::jsonb` })
      .where(
        and(
          eq(chargePoint.chargePointId, chargePointId),
          ne(chargePoint.registration, 'retired'),
          sql`${chargePoint.deletedAt} is null`,
          sql`(not ${isFull} or ${oldestOver} is not null)`,
        ),
      )
      .returning({ chargePointId: chargePoint.chargePointId }),
  );
  return rows.length > 0;
}

/** The charge point has given it: it has it, whatever became of the command. */
export async function nextPasswordGiven(
  database: Database,
  chargePointId: string,
  passwordHash: string,
): Promise<void> {
  await database.run((db) =>
    db.execute(sql`
      select accept_next_password(p.charge_point_id, n ->> 'commandId')
      from charge_point as p, jsonb_array_elements(p.next_passwords) as n
      where p.charge_point_id = ${chargePointId} and n ->> 'passwordHash' = ${passwordHash}`),
  );
}

/** Its command was never queued. */
export async function dropNextPassword(database: Database, chargePointId: string, commandId: string): Promise<void> {
  const others = sql`(select coalesce(jsonb_agg(n), '[]') from jsonb_array_elements(${chargePoint.nextPasswords}) as n
    where n ->> 'commandId' <> ${commandId})`;
  await database.run((db) =>
    db.update(chargePoint).set({ nextPasswords: others }).where(eq(chargePoint.chargePointId, chargePointId)),
  );
}
