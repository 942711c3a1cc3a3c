import type { Instant, Message } from '../events.ts';

/** One message the station sent in the last day: its content hash and where it stands in the journal. */
export interface Heard {
  hash: string;
  at: Instant;
  /** `<journal>:<seq>` */
  event: string;
}

const KEPT_MS = 24 * 3_600_000;
const KEPT_MOST = 500;

/**
 * Finds what a station sent again: a message was journalled, the connection was cut before its answer, the station
 * repeats it. Only messages with a plausible time of their own carry a hash, so equal content means the same occurrence.
 *
 * @param self the event's own `<journal>:<seq>`: an actor that was behind may have stored it, and it is no repeat of itself
 */
export function heardBefore(ring: Heard[], event: Message, self?: string): string | undefined {
  if (event.hash === undefined) return undefined;
  return ring.find((heard) => heard.hash === event.hash && heard.event !== self)?.event;
}

export function remember(ring: Heard[], event: Message, journal: number): Heard[] {
  if (event.hash === undefined) return ring;
  const oldest = new Date(Date.parse(event.receivedAt) - KEPT_MS).toISOString();
  const from = ring.findIndex((heard) => heard.at >= oldest);
  const kept = from === -1 ? [] : ring.slice(Math.max(from, ring.length + 1 - KEPT_MOST));
  return [...kept, { hash: event.hash, at: event.receivedAt, event: `${journal}:${event.seq}` }];
}
