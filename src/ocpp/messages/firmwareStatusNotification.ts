import { z } from 'zod';
import { defineMessage } from '../message.ts';

/** OCPP 1.6 §4.5, §6.19, §6.20 */
export const firmwareStatusNotification = defineMessage({
  action: 'FirmwareStatusNotification',
  profile: 'FirmwareManagement',
  durable: true,
  request: z.strictObject({
    /** §7.25 FirmwareStatus */
    status: z.enum([
      'Downloaded',
      'DownloadFailed',
      'Downloading',
      'Idle',
      'InstallationFailed',
      'Installing',
      'Installed',
    ]),
  }),
  response: z.strictObject({}),
  answer: () => ({}),
});
