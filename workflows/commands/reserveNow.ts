import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** ReserveNow (OCPP 1.6 §5.13). */
export const reserveNow: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('ReserveNow'),
  accepted: statuses('Accepted'),
};
