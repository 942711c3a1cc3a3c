import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { longText } from '../fields.ts';
import { certificateUse } from './certificateUse.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.11, §5.12 */
export const installCertificate: CommandMessage = {
  action: 'InstallCertificate',
  section: 'Improved security for OCPP 1.6-J §5.11',
  request: z.strictObject({ certificateType: certificateUse, certificate: longText.max(5_500) }),
  response: z.object({ status: z.enum(['Accepted', 'Failed', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
