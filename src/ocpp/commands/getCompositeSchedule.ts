import { z } from 'zod';
import { answerNumber, answerText, optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { connectorId } from '../fields.ts';

/** OCPP 1.6 §5.7, §6.21, §6.22. Duration in seconds. */
export const getCompositeSchedule: CommandMessage = {
  action: 'GetCompositeSchedule',
  section: 'OCPP 1.6 §6.21',
  request: z.strictObject({
    connectorId,
    duration: z.int32().min(0),
    chargingRateUnit: z.enum(['A', 'W']).optional(),
  }),
  response: z.object({
    status: z.enum(['Accepted', 'Rejected']),
    connectorId: optional(answerNumber),
    scheduleStart: optional(answerText),
    chargingSchedule: optional(z.record(z.string(), z.unknown())),
  }),
  answerTimeoutMs: 30_000,
};
