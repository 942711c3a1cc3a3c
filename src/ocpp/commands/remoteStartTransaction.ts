import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { exactIdToken } from '../fields.ts';
import { chargingProfile } from './chargingProfile.ts';

/** OCPP 1.6 §5.11, §6.33, §6.34 */
export const remoteStartTransaction: CommandMessage = {
  action: 'RemoteStartTransaction',
  section: 'OCPP 1.6 §6.33',
  request: z.strictObject({
    idTag: exactIdToken,
    connectorId: z.int32().min(1, 'above 0: a transaction is on one connector (OCPP 1.6 §6.33)').optional(),
    chargingProfile: chargingProfile
      .refine(
        ({ chargingProfilePurpose }) => chargingProfilePurpose === 'TxProfile',
        'its purpose has to be TxProfile (OCPP 1.6 §5.16.2)',
      )
      .refine(
        ({ transactionId }) => transactionId === undefined,
        'its transaction has no transactionId yet (OCPP 1.6 §5.16.2)',
      )
      .optional(),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
