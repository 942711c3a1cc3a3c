import { z } from 'zod';
import type { CommandMessage } from '../command.ts';

/** OCPP 1.6 §5.4, §6.11, §6.12 */
export const clearCache: CommandMessage = {
  action: 'ClearCache',
  section: 'OCPP 1.6 §6.11',
  request: z.strictObject({}),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
