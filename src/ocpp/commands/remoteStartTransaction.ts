import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { idToken } from '../fields.ts';
import { chargingProfile } from './chargingProfile.ts';

/** OCPP 1.6 §5.11, §6.33, §6.34 */
export const remoteStartTransaction: CommandMessage = {
  action: 'RemoteStartTransaction',
  request: z.strictObject({
    idTag: idToken,
    connectorId: z.int32().min(1).optional(),
    chargingProfile: chargingProfile
      .refine(({ chargingProfilePurpose }) => chargingProfilePurpose === 'TxProfile', 'its purpose has to be TxProfile')
      .refine(({ transactionId }) => transactionId === undefined, 'its transaction has no id yet')
      .optional(),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
