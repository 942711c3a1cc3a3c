import { z } from 'zod';
import type { CommandMessage } from '../command.ts';

/** OCPP 1.6 §5.18, §6.53, §6.54 */
export const unlockConnector: CommandMessage = {
  action: 'UnlockConnector',
  section: 'OCPP 1.6 §6.53',
  request: z.strictObject({
    connectorId: z.int32().min(1, 'above 0: 0 is the charge point, which has no lock (OCPP 1.6 §6.53)'),
  }),
  response: z.object({ status: z.enum(['Unlocked', 'UnlockFailed', 'NotSupported']) }),
  answerTimeoutMs: 30_000,
};
