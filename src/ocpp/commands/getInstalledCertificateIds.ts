import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { certificateUse } from './certificateUse.ts';

/** Improved security for OCPP 1.6-J §4.4 */
export const getInstalledCertificateIds: CommandMessage = {
  action: 'GetInstalledCertificateIds',
  request: z.strictObject({ certificateType: certificateUse }),
  response: z.object({
    status: z.enum(['Accepted', 'NotFound']),
    certificateHashData: z.array(z.record(z.string(), z.unknown())).nullish(),
  }),
  answerTimeoutMs: 30_000,
};
