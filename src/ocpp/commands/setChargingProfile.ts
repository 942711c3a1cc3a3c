import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { connectorId } from '../fields.ts';
import { chargingProfile } from './chargingProfile.ts';

/** OCPP 1.6 §3.13, §5.16, §6.43, §6.44 */
export const setChargingProfile: CommandMessage = {
  action: 'SetChargingProfile',
  section: 'OCPP 1.6 §6.43',
  request: z
    .strictObject({ connectorId, csChargingProfiles: chargingProfile })
    .refine(
      ({ connectorId: of, csChargingProfiles }) =>
        csChargingProfiles.chargingProfilePurpose !== 'ChargePointMaxProfile' || of === 0,
      'a ChargePointMaxProfile is for connector 0 (OCPP 1.6 §3.13.1)',
    )
    .refine(
      ({ connectorId: of, csChargingProfiles }) => csChargingProfiles.chargingProfilePurpose !== 'TxProfile' || of > 0,
      'a TxProfile is for the connector of its transaction (OCPP 1.6 §3.13.1)',
    )
    .refine(
      ({ csChargingProfiles: { chargingProfilePurpose, transactionId } }) =>
        chargingProfilePurpose !== 'TxProfile' || transactionId !== undefined,
      'a TxProfile needs the transactionId of its transaction (OCPP 1.6 §5.16)',
    ),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'NotSupported']) }),
  answerTimeoutMs: 30_000,
};
