import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import { progress } from './progress.ts';
import type { CommandRules } from './rules.ts';
import { DAY, HOUR } from './times.ts';

const FAILED = ['UploadFailure', 'BadMessage', 'NotSupportedOperation', 'PermissionDenied'];

/** GetLog (security extension §5.9). AcceptedCanceled: the one before it is given up. */
export const getLog: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('GetLog'),
  accepted: statuses('Accepted', 'AcceptedCanceled'),
  effect: { seenIn: progress('LogStatusNotification', 'Uploaded', FAILED), withinMs: 4 * HOUR, ofOne: true },
  otherwiseOnlyIfUnknown: true,
};
