import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { connectorId, integer } from '../fields.ts';
import { chargingProfilePurpose } from './chargingProfile.ts';

/** OCPP 1.6 §5.5, §6.13, §6.14 */
export const clearChargingProfile: CommandMessage = {
  action: 'ClearChargingProfile',
  section: 'OCPP 1.6 §6.13',
  request: z.strictObject({
    id: integer.optional(),
    connectorId: connectorId.optional(),
    chargingProfilePurpose: chargingProfilePurpose.optional(),
    stackLevel: z.int32().min(0).optional(),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Unknown']) }),
  answerTimeoutMs: 30_000,
};
