import type { OutgoingCall } from '../payload.ts';

/** A way in which charge points out there differ from the specification. */
export interface Misbehaviour {
  name: string;
  what: string;
  /** Who was seen to do it. */
  source: string;
  /** What the central system should store is what happened, all the same. */
  keepsFacts: boolean;
  /** What becomes of a CALL on its way out. Leaves its argument as it is. */
  call?: (call: OutgoingCall) => OutgoingCall;
  /** What becomes of the text of a CALL, where JSON cannot say it. */
  text?: (text: string, action: string) => string;
  /** What becomes of the text of an answer to a CALL of the central system. */
  answer?: (text: string) => string;
  /** Frames said now and then that no answer is due to. */
  strays?: readonly string[];
  traits?: Partial<Traits>;
}

/** How a charge point behaves where its messages alone do not show it. */
export interface Traits {
  /** Says BootNotification after a boot. */
  boots: boolean;
  /** Says BootNotification so many times more, all under one message id. */
  bootRepeats: number;
  /** Reports its connectors before it boots. */
  statusBeforeBoot: boolean;
  /** Knows no time: counts from 1970. */
  epochClock: boolean;
  /** A message that is sent again gets a new id. */
  newIdOnRepeat: boolean;
  /** After a reconnect the starts of running transactions are sent once more. */
  repeatsStarts: boolean;
  /** Says StopTransaction. */
  stops: boolean;
  /** Reports its connectors first after a reconnect, what it has kept of its transactions later. */
  queueAfterStatus: boolean;
  /** Leaves the old connection half-open when it loses it. */
  halfOpen: boolean;
  /** Drops the connection when a CALL comes before its boot was answered. */
  dropsEarlyCalls: boolean;
  /** Takes only idTags of hexadecimal digits from RemoteStartTransaction. */
  hexTagsOnly: boolean;
  /** Rejects a RemoteStartTransaction without connectorId. */
  needsConnectorId: boolean;
  /** Accepts Relative charging profiles and does nothing about them. */
  ignoresRelative: boolean;
  /** Reports a connector it does not have. */
  extraConnector: boolean;
  /** WebSocket ping every so many simulated seconds; 0: none. */
  pingSeconds: number;
  subprotocols: string[];
}

export const usual: Traits = {
  boots: true,
  bootRepeats: 0,
  statusBeforeBoot: false,
  epochClock: false,
  newIdOnRepeat: false,
  repeatsStarts: false,
  stops: true,
  queueAfterStatus: false,
  halfOpen: false,
  dropsEarlyCalls: false,
  hexTagsOnly: false,
  needsConnectorId: false,
  ignoresRelative: false,
  extraConnector: false,
  pingSeconds: 0,
  subprotocols: ['ocpp1.6'],
};
