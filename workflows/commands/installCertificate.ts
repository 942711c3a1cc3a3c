import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** InstallCertificate (security extension §5.11). */
export const installCertificate: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('InstallCertificate'),
  accepted: statuses('Accepted'),
  otherwiseOnlyIfUnknown: true,
};
