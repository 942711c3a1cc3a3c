import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { integer } from '../fields.ts';

/** OCPP 1.6 §5.12, §6.35, §6.36 */
export const remoteStopTransaction: CommandMessage = {
  action: 'RemoteStopTransaction',
  section: 'OCPP 1.6 §6.35',
  request: z.strictObject({ transactionId: integer }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
