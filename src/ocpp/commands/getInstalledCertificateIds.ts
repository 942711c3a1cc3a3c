import { z } from 'zod';
import { optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { certificateUse } from './certificateUse.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.7, §5.8 */
export const getInstalledCertificateIds: CommandMessage = {
  action: 'GetInstalledCertificateIds',
  section: 'Improved security for OCPP 1.6-J §5.7',
  request: z.strictObject({ certificateType: certificateUse }),
  response: z.object({
    status: z.enum(['Accepted', 'NotFound']),
    certificateHashData: optional(z.array(z.record(z.string(), z.unknown()))),
  }),
  answerTimeoutMs: 30_000,
};
