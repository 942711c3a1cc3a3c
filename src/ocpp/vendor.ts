import type { AnswerContext } from './message.ts';

/** What a vendor's message is answered with: OCPP 1.6 §6.16, without the statuses for what is not known. */
export interface VendorAnswer {
  status: 'Accepted' | 'Rejected';
  /** Agreed between the vendor and us; left out where nothing is. */
  data?: string;
}

/** A vendor's own messages, carried by DataTransfer (OCPP 1.6 §4.3). */
export interface Vendor {
  /** Compared without regard to case, as messageIds are (§7.17, §7.18). */
  vendorId: string;
  /** By messageId; '' for a DataTransfer without one. What is not here gets UnknownMessageId. */
  messages: Readonly<
    Record<string, (data: string | undefined, context: AnswerContext) => VendorAnswer | Promise<VendorAnswer>>
  >;
}
