import { z } from 'zod';
import { defineMessage } from '../message.ts';

/** OCPP 1.6 §4.4, §6.17, §6.18 */
export const diagnosticsStatusNotification = defineMessage({
  action: 'DiagnosticsStatusNotification',
  profile: 'FirmwareManagement',
  durable: true,
  // §7.24 DiagnosticsStatus
  request: z.strictObject({ status: z.enum(['Idle', 'Uploaded', 'UploadFailed', 'Uploading']) }),
  response: z.strictObject({}),
  answer: () => ({}),
});
