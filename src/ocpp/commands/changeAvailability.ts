import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { connectorId } from '../fields.ts';

/** OCPP 1.6 §5.2, §6.7, §6.8. Connector 0 is the charge point with all its connectors. */
export const changeAvailability: CommandMessage = {
  action: 'ChangeAvailability',
  section: 'OCPP 1.6 §6.7',
  request: z.strictObject({ connectorId, type: z.enum(['Inoperative', 'Operative']) }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'Scheduled']) }),
  answerTimeoutMs: 30_000,
};
