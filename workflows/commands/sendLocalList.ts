import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** SendLocalList (OCPP 1.6 §5.15). */
export const sendLocalList: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('SendLocalList'),
  accepted: statuses('Accepted'),
};
