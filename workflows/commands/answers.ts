import type { CommandRules } from './rules.ts';

/** Statuses by which the station says that it will do it, or has done it. */
export function statuses(...accepted: string[]): CommandRules['accepted'] {
  return ({ status }) => accepted.includes(String(status));
}

/** Its answer has no status: whatever it says, it has done it. */
export const anyAnswer: CommandRules['accepted'] = () => true;
