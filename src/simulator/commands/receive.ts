/** The one table of what a simulated charge point is told, and how it takes a CALL. */
import type { OcppErrorCode } from '../../ocpp/errors.ts';
import type { ChargePoint } from '../chargePoint.ts';
import { core } from './core.ts';
import { firmwareManagement } from './firmwareManagement.ts';
import { CallRefused, type CommandHandler, type Taken } from './handler.ts';
import { localAuthList } from './localAuthList.ts';
import { remoteTrigger } from './remoteTrigger.ts';
import { reservation } from './reservation.ts';
import { smartCharging } from './smartCharging.ts';

export const handlers: ReadonlyMap<string, CommandHandler> = new Map(
  [...core, ...firmwareManagement, ...localAuthList, ...remoteTrigger, ...reservation, ...smartCharging].map(
    (entry) => [entry.action, entry],
  ),
);

/** What a CALL of the central system comes to. */
export type Outcome = Taken | { error: OcppErrorCode; description: string };

export function receive(chargePoint: ChargePoint, action: unknown, payload: unknown): Outcome {
  if (typeof action !== 'string') return { error: 'FormationViolation', description: 'no action' };
  const found = handlers.get(action);
  if (!found) return { error: 'NotImplemented', description: `${action} is not known here` };
  const read = found.request.safeParse(payload);
  if (!read.success) {
    const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`);
    return { error: 'FormationViolation', description: faults.join('; ').slice(0, 255) };
  }
  try {
    return found.handle(chargePoint, read.data);
  } catch (error) {
    if (error instanceof CallRefused) return { error: error.code, description: error.message };
    throw error;
  }
}
