import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { exactTimestamp, integer, longText } from '../fields.ts';
import { location } from './location.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.21, §5.22. Retry interval in seconds. */
export const signedUpdateFirmware: CommandMessage = {
  action: 'SignedUpdateFirmware',
  section: 'Improved security for OCPP 1.6-J §5.21',
  request: z.strictObject({
    requestId: integer,
    retries: z.int32().min(0).optional(),
    retryInterval: z.int32().min(0).optional(),
    firmware: z.strictObject({
      location: location.max(512),
      retrieveDateTime: exactTimestamp,
      installDateTime: exactTimestamp.optional(),
      signingCertificate: longText.max(5_500),
      signature: longText.max(800),
    }),
  }),
  response: z.object({
    status: z.enum(['Accepted', 'Rejected', 'AcceptedCanceled', 'InvalidCertificate', 'RevokedCertificate']),
  }),
  answerTimeoutMs: 30_000,
};
