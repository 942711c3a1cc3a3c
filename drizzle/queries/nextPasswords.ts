/** AuthorizationKeys on their way to charge points. What becomes of them is told by their commands, see migration 0012. */
import { and, eq, ne, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { chargePoint, type NextPassword } from '../schema.ts';

/** So many of a charge point may be undecided. */
export const NEXT_PASSWORDS_MOST = 5;

/** From now on it is let in with this one, too. @returns false where too many are undecided, or there is no such charge point */
export async function addNextPassword(database: Database, chargePointId: string, next: NextPassword): Promise<boolean> {
  const { nextPasswords } = chargePoint;
  const rows = await database.run((db) =>
    db
      .update(chargePoint)
      .set({ nextPasswords: sql`${nextPasswords} || ${JSON.stringify([next])}::jsonb` })
      .where(
        and(
          eq(chargePoint.chargePointId, chargePointId),
          ne(chargePoint.registration, 'retired'),
          sql`${chargePoint.deletedAt} is null`,
          sql`jsonb_array_length(${nextPasswords}) < ${NEXT_PASSWORDS_MOST}`,
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
  const kept = sql`(select coalesce(jsonb_agg(n), '[]') from jsonb_array_elements(${chargePoint.nextPasswords}) as n
    where n ->> 'commandId' <> ${commandId})`;
  await database.run((db) =>
    db.update(chargePoint).set({ nextPasswords: kept }).where(eq(chargePoint.chargePointId, chargePointId)),
  );
}
