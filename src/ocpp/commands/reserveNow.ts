import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { connectorId, exactIdToken, exactTimestamp, integer } from '../fields.ts';

/** OCPP 1.6 §5.13, §6.37, §6.38 */
export const reserveNow: CommandMessage = {
  action: 'ReserveNow',
  section: 'OCPP 1.6 §6.37',
  request: z.strictObject({
    connectorId,
    expiryDate: exactTimestamp,
    idTag: exactIdToken,
    parentIdTag: exactIdToken.optional(),
    reservationId: integer,
  }),
  tooLate: ({ expiryDate }, now) =>
    Date.parse(String(expiryDate)) > now.getTime()
      ? undefined
      : 'expiryDate: it is over, and the reservation with it (OCPP 1.6 §5.13)',
  response: z.object({ status: z.enum(['Accepted', 'Faulted', 'Occupied', 'Rejected', 'Unavailable']) }),
  answerTimeoutMs: 30_000,
};
