import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** CertificateSigned (security extension §5.1). */
export const certificateSigned: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('CertificateSigned'),
  accepted: statuses('Accepted'),
  otherwiseOnlyIfUnknown: true,
};
