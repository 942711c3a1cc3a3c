import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { text } from '../fields.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.3, §5.4 */
export const deleteCertificate: CommandMessage = {
  action: 'DeleteCertificate',
  section: 'Improved security for OCPP 1.6-J §5.3',
  request: z.strictObject({
    certificateHashData: z.strictObject({
      hashAlgorithm: z.enum(['SHA256', 'SHA384', 'SHA512']),
      issuerNameHash: text(128),
      issuerKeyHash: text(128),
      serialNumber: text(40),
    }),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Failed', 'NotFound']) }),
  answerTimeoutMs: 30_000,
};
