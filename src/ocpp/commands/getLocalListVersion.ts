import { z } from 'zod';
import { answerNumber } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';

/** OCPP 1.6 §5.10, §6.27, §6.28. −1: the charge point has no local list. */
export const getLocalListVersion: CommandMessage = {
  action: 'GetLocalListVersion',
  section: 'OCPP 1.6 §6.27',
  request: z.strictObject({}),
  response: z.object({ listVersion: answerNumber }),
  answerTimeoutMs: 30_000,
};
