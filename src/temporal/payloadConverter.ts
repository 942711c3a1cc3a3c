import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** What stands in the place of a payload that could not be decoded. */
export interface Undecodable {
  undecodable: string;
  /** The payload's bytes as Latin-1 text, cut to 1,000 characters. */
  raw: string;
}

/**
 * Never throws on decoding: one signal with garbage labelled as JSON would otherwise fail every workflow task of its
 * actor, for ever. The handlers refuse what they do not understand, with a reason.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, ...rest) => defaultPayloadConverter.toPayload(value, ...rest),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch (error) {
      const raw = String.fromCharCode(...(payload.data ?? new Uint8Array()).subarray(0, 1_000));
      const undecodable: Undecodable = { undecodable: error instanceof Error ? error.message : String(error), raw };
      return undecodable as T;
    }
  },
};
