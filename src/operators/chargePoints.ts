/** Registering charge points, and retiring them. */
import type { Database } from '../../drizzle/client.ts';
import { decideChargePoint, findChargePoint, type ChargePointView } from '../../drizzle/queries/chargePoints.ts';
import { hashPassword } from '../security/passwords.ts';
import type { Actors } from '../temporal/actors.ts';
import { Changed, fromActor, UnknownChargePoint } from './errors.ts';

export interface OperatorParts {
  database: Database;
  /** Throws `TemporalAway` while there is no link. */
  actors: () => Actors;
}

/** What is left out stays as it is; for a new charge point: accepted, no labels, no password. */
export interface ChargePointInput {
  registration?: 'accepted' | 'pending' | 'rejected' | undefined;
  /** Seconds; null: as set by HEARTBEAT_INTERVAL. */
  heartbeatInterval?: number | null | undefined;
  /** Instead of all there were. */
  labels?: Record<string, string> | undefined;
  /** null: none is asked for any more. */
  password?: string | null | undefined;
}

export interface Decided {
  chargePoint: ChargePointView;
  created: boolean;
  /**
   * Why the actor could not be told. What was decided stands: edges follow the table by themselves; the actor shows it,
   * and a pending station is made to boot, only when it is told, by deciding the same again.
   */
  actorNotTold: string | undefined;
}

/**
 * Creates the charge point or changes what is given, then tells its actor.
 *
 * @param onlyIf `revision`: only while nobody else changed it; 'new': only where it does not exist
 * @throws Changed where `onlyIf` does not hold; `UnknownChargePoint` where there is none of that revision
 */
export async function saveChargePoint(
  { database, actors }: OperatorParts,
  chargePointId: string,
  { password, ...input }: ChargePointInput,
  onlyIf?: { revision: string } | 'new',
): Promise<Decided> {
  const passwordHash = typeof password === 'string' ? await hashPassword(password) : password;
  const given = Object.fromEntries(
    Object.entries({ ...input, passwordHash }).filter(([, value]) => value !== undefined),
  );
  const decided = await decideChargePoint(database, chargePointId, given, onlyIf);
  if (!decided) throw await conflict(database, chargePointId, onlyIf);
  const { created, ...chargePoint } = decided;
  return { chargePoint, created, actorNotTold: await tell(actors, chargePoint) };
}

/**
 * Lets the charge point in no more; all that is stored of it stays.
 * @throws UnknownChargePoint, and Changed where it has another revision
 */
export async function retireChargePoint(
  { database, actors }: OperatorParts,
  chargePointId: string,
  onlyIf?: { revision: string },
): Promise<Decided> {
  const known = await findChargePoint(database, chargePointId);
  if (!known) throw new UnknownChargePoint(chargePointId);
  const revision = onlyIf?.revision ?? known.revision;
  const decided = await decideChargePoint(database, chargePointId, { registration: 'retired' }, { revision });
  if (!decided) throw await conflict(database, chargePointId, { revision });
  const { created, ...chargePoint } = decided;
  return { chargePoint, created, actorNotTold: await tell(actors, chargePoint) };
}

async function tell(
  actors: () => Actors,
  { chargePointId, registration }: ChargePointView,
): Promise<string | undefined> {
  try {
    await actors().registered(chargePointId, registration);
    return undefined;
  } catch (error) {
    return fromActor(error).message;
  }
}

async function conflict(
  database: Database,
  chargePointId: string,
  onlyIf: { revision: string } | 'new' | undefined,
): Promise<Error> {
  if (onlyIf === 'new') return new Changed(`charge point "${chargePointId}" exists already`);
  const known = await findChargePoint(database, chargePointId);
  if (!known) return new UnknownChargePoint(chargePointId);
  return new Changed(`charge point "${chargePointId}" was changed meanwhile: read it again`);
}
