import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { longText } from '../fields.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.1, §5.2 */
export const certificateSigned: CommandMessage = {
  action: 'CertificateSigned',
  section: 'Improved security for OCPP 1.6-J §5.1',
  request: z.strictObject({ certificateChain: longText.max(10_000) }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
