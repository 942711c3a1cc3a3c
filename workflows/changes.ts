import { patched } from '@temporalio/workflow';

/** What runs that began before a change do without, so that their histories can be replayed. */
export type Change =
  | 'ahead'
  | 'checked-requests'
  | 'inputs-alone'
  | 'late-look'
  | 'next-turn'
  | 'offer-again'
  | 'reopened'
  | 'second-look'
  | 'seen-if-open'
  | 'sent-once'
  | 'shown-once'
  | 'slow-edge'
  | 'taken'
  | 'unknown-connection'
  | 'urgent-first';

export type HasChange = (change: Change) => boolean;

/** In no run but those that began with all of them. */
const ONLY_TOGETHER: ReadonlySet<Change> = new Set(['late-look', 'shown-once', 'taken']);

/**
 * To be called first of all. One marker stands for all changes: each one of its own costs a run an event, and an update
 * of its search attributes. A change of later on gets a marker of its own, until the next one for all.
 */
export function changesOfRun(): HasChange {
  const hasAll = patched('all-of-2026-11');
  return (change) => hasAll || (!ONLY_TOGETHER.has(change) && patched(change));
}
