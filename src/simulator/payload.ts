/** Payload of a message. */
export type Payload = Record<string, unknown>;

/** A CALL of a charge point on its way out. */
export interface OutgoingCall {
  action: string;
  payload: unknown;
}
