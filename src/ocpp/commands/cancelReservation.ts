import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { integer } from '../fields.ts';

/** OCPP 1.6 §5.1, §6.5, §6.6 */
export const cancelReservation: CommandMessage = {
  action: 'CancelReservation',
  section: 'OCPP 1.6 §6.5',
  request: z.strictObject({ reservationId: integer }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected']) }),
  answerTimeoutMs: 30_000,
};
