import type { Command } from '../../workflows/state/model.ts';
import { printable, type Format } from './output.ts';

/** `Reset Soft completed: BootNotification at …` */
export function commandInWords({
  action,
  payload,
  state,
  outcome,
  reason,
}: Pick<Command, 'action' | 'payload' | 'state' | 'outcome' | 'reason'>): string {
  const what = typeof payload.type === 'string' ? ` ${payload.type}` : '';
  const why = outcome ?? reason;
  return printable(`${action}${what} ${state}${why ? `: ${why}` : ''}`);
}

export function commandFormat({ state, endedAt }: Pick<Command, 'state' | 'endedAt'>): Format {
  if (endedAt === null) return 'yellow';
  return state === 'completed' ? 'green' : 'red';
}
