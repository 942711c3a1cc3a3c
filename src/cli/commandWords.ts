import type { Command } from '../../workflows/state/model.ts';
import type { ShownCommand } from '../operators/shownCommands.ts';
import { printable, type Format } from './output.ts';

/** `Reset Soft completed: BootNotification at …`, `Reset Soft queued at position 1, waits for the station, which is offline` */
export function commandInWords({
  action,
  payload,
  state,
  outcome,
  reason,
  ...standing
}: Pick<Command, 'action' | 'payload' | 'state' | 'outcome' | 'reason'> & Standing): string {
  const what = typeof payload.type === 'string' ? ` ${payload.type}` : '';
  const why = outcome ?? reason;
  return printable(`${action}${what} ${state}${standingInWords(standing)}${why ? `: ${why}` : ''}`);
}

export type Standing = Pick<ShownCommand, 'position' | 'waitsFor'>;

/** Nothing where it is not queued, or nobody knows. */
export function standingInWords({ position, waitsFor }: Standing): string {
  return position === undefined ? '' : ` at position ${position}, waits for ${waitsFor}`;
}

export function commandFormat({ state, endedAt }: Pick<Command, 'state' | 'endedAt'>): Format {
  if (endedAt === null) return 'yellow';
  return state === 'completed' ? 'green' : 'red';
}
