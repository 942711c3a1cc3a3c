import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** DeleteCertificate (security extension §5.3). */
export const deleteCertificate: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('DeleteCertificate'),
  accepted: statuses('Accepted'),
  otherwiseOnlyIfUnknown: true,
};
