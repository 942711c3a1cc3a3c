/** A new AuthorizationKey: at the charge point by ChangeConfiguration, and here as its password. */
import { randomUUID } from 'node:crypto';
import { findChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { addNextPassword, dropNextPassword, NEXT_PASSWORDS_MOST } from '../../drizzle/queries/nextPasswords.ts';
import { generatePassword, hashPassword } from '../security/passwords.ts';
import type { Seal } from '../security/seal.ts';
import type { OperatorParts } from './chargePoints.ts';
import { submitCommand, type Asking } from './commands.ts';
import { ActorsAway, UnknownChargePoint } from './errors.ts';

/** So many earlier ones are still queued. */
export class KeysUndecided extends Error {
  override readonly name = 'KeysUndecided';
  constructor() {
    super(
      `${NEXT_PASSWORDS_MOST} new keys wait for the charge point already: cancel one of those commands, or wait until it is there`,
    );
  }
}

/**
 * Queues the change. Both keys count from now on; the old one no more as soon as the station has accepted the new one, or
 * has connected with it; the new one no more where it is certain that the station will not have it. So it is never locked
 * out, whatever dies when (OCPP-J 1.6 §6.2.2; Improved security for OCPP 1.6-J, A01.FR.02 to A01.FR.04, A01.FR.09).
 *
 * @param key 32 to 40 hex digits; one of 40 is made where none is given
 * @returns the key, which is kept nowhere: only its hash is, and, sealed, what the edge sends
 * @throws UnknownChargePoint, KeysUndecided, NoSecretKey and what `submitCommand` throws
 */
export async function changeAuthorizationKey(
  parts: OperatorParts & { seal: () => Seal },
  chargePointId: string,
  { key = generatePassword(), ...asking }: { key?: string | undefined } & Asking,
): Promise<{ commandId: string; authorizationKey: string }> {
  const { database } = parts;
  const commandId = randomUUID();
  const value = parts.seal().seal(key, [chargePointId, commandId]);
  if (!(await addNextPassword(database, chargePointId, { commandId, passwordHash: await hashPassword(key) }))) {
    const known = await findChargePoint(database, chargePointId);
    throw known && known.registration !== 'retired' ? new KeysUndecided() : new UnknownChargePoint(chargePointId);
  }
  try {
    const payload = { key: 'AuthorizationKey', value };
    await submitCommand(parts, chargePointId, { action: 'ChangeConfiguration', payload, commandId, ...asking });
  } catch (error) {
    // It may have been queued all the same: then the station gets the key, and the key counts.
    if (error instanceof ActorsAway) {
      throw new ActorsAway(
        'Temporal or its workers do not answer: ask for a new key once more, the old one counts as ever',
      );
    }
    await dropNextPassword(database, chargePointId, commandId);
    throw error;
  }
  return { commandId, authorizationKey: key };
}
