import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { exactTimestamp } from '../fields.ts';
import { location } from './location.ts';

/** OCPP 1.6 §5.19, §6.55, §6.56. Retry interval in seconds. */
export const updateFirmware: CommandMessage = {
  action: 'UpdateFirmware',
  section: 'OCPP 1.6 §6.55',
  request: z.strictObject({
    location,
    retrieveDate: exactTimestamp,
    retries: z.int32().min(0).optional(),
    retryInterval: z.int32().min(0).optional(),
  }),
  response: z.object({}),
  answerTimeoutMs: 30_000,
};
