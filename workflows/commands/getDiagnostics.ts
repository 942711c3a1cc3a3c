import { anyAnswer } from './answers.ts';
import { anyObject } from './payload.ts';
import { progress } from './progress.ts';
import type { CommandRules } from './rules.ts';
import { DAY, HOUR } from './times.ts';

/** GetDiagnostics (OCPP 1.6 §5.9). Done when it has been uploaded; without a file name there is nothing to upload. */
export const getDiagnostics: CommandRules = {
  deadlineMs: DAY,
  check: anyObject('GetDiagnostics'),
  accepted: anyAnswer,
  doneBefore: ({ fileName }) => (fileName ? undefined : 'there is nothing to upload'),
  effect: {
    seenIn: progress('DiagnosticsStatusNotification', 'Uploaded', ['UploadFailed']),
    withinMs: 4 * HOUR,
    ofOne: true,
  },
};
