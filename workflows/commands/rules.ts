import type { Message } from '../events.ts';
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
  /** The message that shows that it was done, and how long after sending it may take (ms). */
  effect?: { seenIn(event: Message, payload: Record<string, unknown>): boolean; withinMs: number };
  /** No further CALL until the effect was seen: the station is about to go away. */
  holdsQueue?: true;
}

export const commandRules: ReadonlyMap<string, CommandRules> = new Map([
  ['Reset', reset],
  ['TriggerMessage', triggerMessage],
]);
