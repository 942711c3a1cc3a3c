import { patched } from '@temporalio/workflow';

/** What runs that began before a change do without, so that their histories can be replayed. */
export type Change =
  | 'ahead'
  | 'checked-requests'
  | 'ended-is-over'
  | 'ends-quietly'
  | 'ends-settled'
  | 'inputs-alone'
  | 'late-look'
  | 'leaves-nothing'
  | 'next-turn'
  | 'not-itself'
  | 'of-one'
  | 'offer-again'
  | 'reopened'
  | 'second-look'
  | 'seen-if-open'
  | 'sent-once'
  | 'sent-stays-sent'
  | 'shown-once'
  | 'slow-edge'
  | 'taken'
  | 'unknown-connection'
  | 'urgent-first';

export type HasChange = (change: Change) => boolean;

/** In no run but those that began with all of them. */
const ONLY_TOGETHER: ReadonlySet<Change> = new Set(['late-look', 'shown-once', 'taken']);
/** Came after the first marker for all: each has one of its own, in those runs only that come to it. */
const LATER: ReadonlySet<Change> = new Set([
  'ended-is-over',
  'ends-quietly',
  'ends-settled',
  'leaves-nothing',
  'not-itself',
  'of-one',
  'sent-stays-sent',
]);

/**
 * To be called first of all. One marker stands for all changes: each one of its own costs a run an event, and an update
 * of its search attributes. A later change gets a marker of its own, until the next one for all.
 */
export function changesOfRun(): HasChange {
  if (patched('all-of-2026-11-29')) return () => true;
  const hasAll = patched('all-of-2026-11');
  return (change) => (hasAll && !LATER.has(change)) || (!ONLY_TOGETHER.has(change) && patched(change));
}
