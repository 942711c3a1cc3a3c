import { z } from 'zod';
import { longText, text } from '../fields.ts';
import { defineMessage } from '../message.ts';
import { vendorMessage } from '../vendors.ts';

/**
 * OCPP 1.6 §4.3, §6.15, §6.16. "If the recipient of the request has no implementation for the specific vendorId it SHALL
 * return a status ‘UnknownVendor’ and the data element SHALL not be present": the enumeration (§7.23) calls it
 * UnknownVendorId. Of a vendor that is known, a messageId that is not gets UnknownMessageId. See `vendors.ts`. What was sent
 * is kept, whatever the answer.
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
  answer({ vendorId, messageId, data }, context) {
    const answer = vendorMessage(vendorId, messageId);
    return typeof answer === 'string' ? { status: answer } : answer(data, context);
  },
});
