import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** ClearCache (OCPP 1.6 §5.4). */
export const clearCache: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('ClearCache'),
  accepted: statuses('Accepted'),
};
