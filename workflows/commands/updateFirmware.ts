import { anyAnswer } from './answers.ts';
import { anyObject } from './payload.ts';
import { progress } from './progress.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** UpdateFirmware (OCPP 1.6 §5.19). Done when it is installed. */
export const updateFirmware: CommandRules = {
  deadlineMs: 7 * DAY,
  check: anyObject('UpdateFirmware'),
  accepted: anyAnswer,
  effect: {
    seenIn: progress('FirmwareStatusNotification', 'Installed', ['InstallationFailed', 'DownloadFailed']),
    withinMs: DAY,
    ofOne: true,
  },
};
