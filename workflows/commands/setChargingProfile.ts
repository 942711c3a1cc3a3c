import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** SetChargingProfile (OCPP 1.6 §5.16). */
export const setChargingProfile: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('SetChargingProfile'),
  accepted: statuses('Accepted'),
};
