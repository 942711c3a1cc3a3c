import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { MINUTE } from './times.ts';

/** UnlockConnector (OCPP 1.6 §5.18): somebody stands there. */
export const unlockConnector: CommandRules = {
  deadlineMs: MINUTE,
  check: anyObject('UnlockConnector'),
  accepted: statuses('Unlocked'),
  urgency: 2,
};
