/** Shape checks of what signals and updates carry: people send them too. No library: this runs in every actor's sandbox. */
import type { EventBatch } from '../events.ts';

/** Input of signal `command` and update `submit`. */
export interface Submission {
  action: string;
  payload?: unknown;
  /** Name of who asks. Signals carry no identity: with them it is unverified. */
  requestedBy?: string;
  /** Not sent later than this (ms after it was asked for). */
  deadlineMs?: number;
  /** Chosen by the caller so that asking twice queues once. */
  commandId?: string;
}

export function asEventBatch(input: unknown): { batch: EventBatch } | { problem: string } {
  const batch = input as Partial<EventBatch> | null | undefined;
  const well =
    typeof batch === 'object' &&
    Number.isSafeInteger(batch?.journal) &&
    Number.isSafeInteger(batch?.after) &&
    Array.isArray(batch?.events) &&
    batch.events.every((e, i) => typeof e === 'object' && e !== null && e.seq === (batch.after as number) + 1 + i);
  return well
    ? { batch: batch as EventBatch }
    : { problem: `signal "events" takes {journal, after, events} from an edge, not ${shown(input)}` };
}

export function asSubmission(input: unknown): { submission: Submission } | { problem: string } {
  const { action, payload, requestedBy, deadlineMs, commandId } = (input ?? {}) as Record<string, unknown>;
  const optional = (value: unknown, type: string) => value === undefined || value === null || typeof value === type;
  const well =
    typeof action === 'string' &&
    optional(requestedBy, 'string') &&
    optional(commandId, 'string') &&
    optional(deadlineMs, 'number') &&
    !(typeof deadlineMs === 'number' && !(deadlineMs > 0 && deadlineMs <= 366 * 86_400_000));
  if (!well) {
    const expected = '{"action":"Reset","payload":{"type":"Soft"},"requestedBy":"name","deadlineMs":60000}';
    return { problem: `a command looks like ${expected}, not ${shown(input)}` };
  }
  return {
    submission: {
      action,
      payload,
      ...(typeof requestedBy === 'string' ? { requestedBy: requestedBy.slice(0, 100) } : {}),
      ...(typeof deadlineMs === 'number' ? { deadlineMs } : {}),
      ...(typeof commandId === 'string' ? { commandId: commandId.slice(0, 100) } : {}),
    },
  };
}

function shown(input: unknown): string {
  return (JSON.stringify(input) ?? String(input)).slice(0, 200);
}
