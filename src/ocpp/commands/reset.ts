import { z } from 'zod';
import type { CommandMessage } from '../command.ts';

/**
 * OCPP 1.6 §5.14, §6.39, §6.40. A Hard reset may end the connection before its answer: that is no failure of the station.
 */
export const reset: CommandMessage = {
  action: 'Reset',
  section: 'OCPP 1.6 §6.39',
  request: z.strictObject({ type: z.enum(['Hard', 'Soft']) }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
