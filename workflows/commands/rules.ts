import type { Instant, Message } from '../events.ts';
import type { Connectors } from '../state/connectors.ts';

/** What an actor knows of one kind of command. */
export interface CommandRules {
  /** Not sent later than this after it was asked for (ms), unless the operator says otherwise. */
  deadlineMs: number;
  /** The exact payload to send, or why the request is refused. */
  check(payload: unknown): { payload: Record<string, unknown> } | { refusal: string };
  /** Whether the station's answer means that it will do it. */
  accepted(answer: Record<string, unknown>): boolean;
  effect?: Effect;
  /** Why no effect will follow an accepting answer: there is nothing left to do. */
  doneBefore?(
    answer: Record<string, unknown>,
    payload: Record<string, unknown>,
    connectors: Connectors,
  ): string | undefined;
  /** Not sent before the charge point is accepted (OCPP 1.6 §4.2). */
  notWhilePending?: true;
  /** Sent before what is less urgent; absent: 0. */
  urgency?: 1 | 2;
  /** No further CALL until the effect was seen: the station is about to go away. */
  holdsQueue?: true;
  /**
   * What is asked for otherwise is an older message, for stations that do not know this one: one that knows it, and refuses
   * (a wrong signature), is not asked in the older way.
   */
  otherwiseOnlyIfUnknown?: true;
}

/** The message that shows that a command was done, and how long after sending it may take (ms). */
export interface Effect {
  /**
   * `failed`: it shows that it will not be done; `under way`: how far it is.
   *
   * @param seen absent in runs that began before it was looked at
   */
  seenIn(event: Message, payload: Record<string, unknown>, seen?: Seen): boolean | 'failed' | 'under way';
  withinMs: number;
  /** One message is the effect of one command only. */
  ofOne?: true;
}

/** What is known when the message comes. */
export interface Seen {
  /** As they were before it. */
  connectors: Connectors;
  /** When the command was sent. */
  sentAt: Instant;
  /** When the connection was opened that the message came on; undefined: it is not open any more. */
  openedAt?: Instant | undefined;
}
