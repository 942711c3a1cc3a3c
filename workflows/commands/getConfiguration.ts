import { anyAnswer } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** GetConfiguration (OCPP 1.6 §5.8). */
export const getConfiguration: CommandRules = {
  deadlineMs: 7 * DAY,
  check: anyObject('GetConfiguration'),
  accepted: anyAnswer,
};
