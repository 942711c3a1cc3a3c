import { z } from 'zod';
import { answerText, optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { exactTimestamp, integer } from '../fields.ts';
import { location } from './location.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.9, §5.10. Retry interval in seconds. */
export const getLog: CommandMessage = {
  action: 'GetLog',
  section: 'Improved security for OCPP 1.6-J §5.9',
  request: z.strictObject({
    logType: z.enum(['DiagnosticsLog', 'SecurityLog']),
    requestId: integer,
    retries: z.int32().min(0).optional(),
    retryInterval: z.int32().min(0).optional(),
    log: z.strictObject({
      remoteLocation: location.max(512),
      oldestTimestamp: exactTimestamp.optional(),
      latestTimestamp: exactTimestamp.optional(),
    }),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'AcceptedCanceled']), filename: optional(answerText) }),
  answerTimeoutMs: 30_000,
};
