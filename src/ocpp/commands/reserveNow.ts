import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { connectorId, exactTimestamp, idToken, integer } from '../fields.ts';

/** OCPP 1.6 §5.13, §6.37, §6.38 */
export const reserveNow: CommandMessage = {
  action: 'ReserveNow',
  request: z.strictObject({
    connectorId,
    expiryDate: exactTimestamp,
    idTag: idToken,
    parentIdTag: idToken.optional(),
    reservationId: integer,
  }),
  response: z.object({ status: z.enum(['Accepted', 'Faulted', 'Occupied', 'Rejected', 'Unavailable']) }),
  answerTimeoutMs: 30_000,
};
