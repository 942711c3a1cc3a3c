import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** GetCompositeSchedule (OCPP 1.6 §5.7). */
export const getCompositeSchedule: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('GetCompositeSchedule'),
  accepted: statuses('Accepted'),
};
