/** The one table of vendors whose own messages are understood. A further vendor is a file in `vendors/` and a row here. */
import type { Vendor } from './vendor.ts';
import { evBox } from './vendors/evBox.ts';

const all: readonly Vendor[] = [evBox];

/** `vendorId` and `messageId` are CiStrings: their case does not matter (OCPP 1.6 §7.17, §7.18). */
const byVendorId: ReadonlyMap<string, ReadonlyMap<string, Vendor['messages'][string]>> = new Map(
  all.map(({ vendorId, messages }) => [
    vendorId.toLowerCase(),
    new Map(Object.entries(messages).map(([messageId, answer]) => [messageId.toLowerCase(), answer])),
  ]),
);

/** How a vendor's message is answered, or which of its names is not known here. */
export function vendorMessage(
  vendorId: string,
  messageId = '',
): Vendor['messages'][string] | 'UnknownVendorId' | 'UnknownMessageId' {
  const messages = byVendorId.get(vendorId.toLowerCase());
  return messages === undefined ? 'UnknownVendorId' : (messages.get(messageId.toLowerCase()) ?? 'UnknownMessageId');
}
