import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { HOUR } from './times.ts';

/** ClearChargingProfile (OCPP 1.6 §5.5). Unknown: there was none, which is what was wanted. */
export const clearChargingProfile: CommandRules = {
  deadlineMs: HOUR,
  check: anyObject('ClearChargingProfile'),
  accepted: statuses('Accepted', 'Unknown'),
};
