import type { Message } from '../events.ts';
import type { Connectors } from '../state/connectors.ts';
import { plainCommands } from './plain.ts';
import { reset } from './reset.ts';
import { triggerMessage } from './triggerMessage.ts';

/** What an actor knows of one kind of command. */
export interface CommandRules {
  /** Not sent later than this after it was asked for (ms), unless the operator says otherwise. */
  deadlineMs: number;
  /** The exact payload to send, or why the request is refused. */
  check(payload: unknown): { payload: Record<string, unknown> } | { refusal: string };
  /** Whether the station's answer means that it will do it. */
  accepted(answer: Record<string, unknown>): boolean;
  /** The message that shows that it was done, or that it `failed`, and how long after sending it may take (ms). */
  effect?: { seenIn(event: Message, payload: Record<string, unknown>): boolean | 'failed'; withinMs: number };
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
}

export const commandRules: ReadonlyMap<string, CommandRules> = new Map([
  ...plainCommands,
  ['Reset', reset],
  ['TriggerMessage', triggerMessage],
]);
