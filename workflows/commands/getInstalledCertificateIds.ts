import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** GetInstalledCertificateIds (security extension §5.7). NotFound: it has none, which is an answer too. */
export const getInstalledCertificateIds: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('GetInstalledCertificateIds'),
  accepted: statuses('Accepted', 'NotFound'),
  otherwiseOnlyIfUnknown: true,
};
