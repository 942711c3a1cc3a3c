import { anyAnswer } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** GetLocalListVersion (OCPP 1.6 §5.10). */
export const getLocalListVersion: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('GetLocalListVersion'),
  accepted: anyAnswer,
};
