import { z } from 'zod';
import { answerText, optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { longText, text } from '../fields.ts';

/** OCPP 1.6 §4.3, §6.15, §6.16. Data that a station answers as JSON is kept as JSON text. */
export const dataTransfer: CommandMessage = {
  action: 'DataTransfer',
  section: 'OCPP 1.6 §6.15',
  request: z.strictObject({ vendorId: text(255), messageId: text(50).optional(), data: longText.optional() }),
  response: z.object({
    status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
    data: optional(answerText),
  }),
  answerTimeoutMs: 30_000,
};
