import { z } from 'zod';
import { answerText, optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { exactTimestamp } from '../fields.ts';
import { location } from './location.ts';

/** OCPP 1.6 §5.9, §6.25, §6.26. Retry interval in seconds. */
export const getDiagnostics: CommandMessage = {
  action: 'GetDiagnostics',
  section: 'OCPP 1.6 §6.25',
  request: z.strictObject({
    location,
    retries: z.int32().min(0).optional(),
    retryInterval: z.int32().min(0).optional(),
    startTime: exactTimestamp.optional(),
    stopTime: exactTimestamp.optional(),
  }),
  response: z.object({ fileName: optional(answerText) }),
  answerTimeoutMs: 30_000,
};
