import { z } from 'zod';
import { longText, text } from '../fields.ts';
import { defineMessage } from '../message.ts';

/**
 * OCPP 1.6 §4.3, §6.15, §6.16. "If the recipient of the request has no implementation for the specific vendorId it SHALL
 * return a status ‘UnknownVendor’ and the data element SHALL not be present": the enumeration (§7.23) calls it
 * UnknownVendorId. No vendor's extension is implemented; what was sent is kept.
 */
export const dataTransfer = defineMessage({
  action: 'DataTransfer',
  profile: 'Core',
  durable: true,
  request: z.strictObject({ vendorId: text(255), messageId: text(50).optional(), data: longText.optional() }),
  response: z.strictObject({
    status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
    data: longText.optional(),
  }),
  answer: () => ({ status: 'UnknownVendorId' as const }),
});
