import { z } from 'zod';
import { integer } from '../fields.ts';
import { defineMessage } from '../message.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.13, §5.14 */
export const logStatusNotification = defineMessage({
  action: 'LogStatusNotification',
  profile: 'Security',
  durable: true,
  request: z.strictObject({
    status: z.enum([
      'BadMessage',
      'Idle',
      'NotSupportedOperation',
      'PermissionDenied',
      'Uploaded',
      'UploadFailure',
      'Uploading',
    ]),
    /** That of GetLog.req; absent only where a TriggerMessage asked and no upload is under way. */
    requestId: integer.optional(),
  }),
  response: z.strictObject({}),
  answer: () => ({}),
});
