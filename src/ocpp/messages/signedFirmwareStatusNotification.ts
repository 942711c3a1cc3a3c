import { z } from 'zod';
import { integer } from '../fields.ts';
import { defineMessage } from '../message.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.19, §5.20 */
export const signedFirmwareStatusNotification = defineMessage({
  action: 'SignedFirmwareStatusNotification',
  profile: 'Security',
  durable: true,
  request: z.strictObject({
    status: z.enum([
      'Downloaded',
      'DownloadFailed',
      'Downloading',
      'DownloadScheduled',
      'DownloadPaused',
      'Idle',
      'InstallationFailed',
      'Installing',
      'Installed',
      'InstallRebooting',
      'InstallScheduled',
      'InstallVerificationFailed',
      'InvalidSignature',
      'SignatureVerified',
    ]),
    /** That of SignedUpdateFirmware.req; absent only where the station is idle. */
    requestId: integer.optional(),
  }),
  response: z.strictObject({}),
  answer: () => ({}),
});
