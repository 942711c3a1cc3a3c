import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** CancelReservation (OCPP 1.6 §5.1). */
export const cancelReservation: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('CancelReservation'),
  accepted: statuses('Accepted'),
};
