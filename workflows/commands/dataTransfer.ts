import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** DataTransfer (OCPP 1.6 §4.3, §5.6). */
export const dataTransfer: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('DataTransfer'),
  accepted: statuses('Accepted'),
};
