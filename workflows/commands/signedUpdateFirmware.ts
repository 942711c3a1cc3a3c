import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import { progress } from './progress.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

const FAILED = ['InstallationFailed', 'DownloadFailed', 'InvalidSignature', 'InstallVerificationFailed'];

/** SignedUpdateFirmware (security extension §5.21). Done when it is installed; AcceptedCanceled: the one before it is given up. */
export const signedUpdateFirmware: CommandRules = {
  deadlineMs: 7 * DAY,
  check: anyObject('SignedUpdateFirmware'),
  accepted: statuses('Accepted', 'AcceptedCanceled'),
  effect: { seenIn: progress('SignedFirmwareStatusNotification', 'Installed', FAILED), withinMs: DAY, ofOne: true },
  otherwiseOnlyIfUnknown: true,
};
