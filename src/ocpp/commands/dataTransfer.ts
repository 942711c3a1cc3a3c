import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { longText, text } from '../fields.ts';

/** OCPP 1.6 §4.3, §6.15, §6.16 */
export const dataTransfer: CommandMessage = {
  action: 'DataTransfer',
  request: z.strictObject({ vendorId: text(255), messageId: text(50).optional(), data: longText.optional() }),
  response: z.object({
    status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
    data: z.string().optional(),
  }),
  answerTimeoutMs: 30_000,
};
