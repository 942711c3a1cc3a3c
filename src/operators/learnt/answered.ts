import type { Instant } from '../../../workflows/events.ts';

/** A command with the station's answer to it: what everything that is learnt is folded from. */
export interface AnsweredCommand {
  commandId: string;
  action: string;
  payload: unknown;
  answer: unknown;
  answeredAt: Instant;
  state: string;
  endedAt: Instant | null;
}

/** Where something was learnt. */
export interface Source {
  learntAt: Instant;
  /** Of the command whose answer told it. */
  commandId: string;
}

export function sourceOf({ answeredAt, commandId }: AnsweredCommand): Source {
  return { learntAt: answeredAt, commandId };
}

/** In the order in which the station carried them out: it is sent one at a time. */
export function inOrder(commands: readonly AnsweredCommand[]): AnsweredCommand[] {
  return commands.toSorted((a, b) => compare(a.answeredAt, b.answeredAt) || compare(a.commandId, b.commandId));
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isAccepted({ answer }: AnsweredCommand): boolean {
  return statusOf(answer) === 'Accepted';
}

export function statusOf(answer: unknown): string | undefined {
  return textIn(objectIn(answer)?.status);
}

/** Answers are the station's: what has another shape than expected is undefined, and so skipped. */
export function objectIn(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export function objectsIn(value: unknown): Record<string, unknown>[] | undefined {
  return Array.isArray(value) ? value.map(objectIn).filter((each) => each !== undefined) : undefined;
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function integerIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

/** A time as it was sent, in UTC. */
export function instantIn(value: unknown): Instant | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
