import { z } from 'zod';
import { answerBoolean, answerText, optional } from '../answerFields.ts';
import type { CommandMessage } from '../command.ts';
import { text } from '../fields.ts';

/** OCPP 1.6 §5.8, §6.23, §6.24. Without keys: all of them. */
export const getConfiguration: CommandMessage = {
  action: 'GetConfiguration',
  section: 'OCPP 1.6 §6.23',
  request: z.strictObject({ key: z.array(text(50)).optional() }),
  response: z.object({
    configurationKey: optional(
      z.array(z.object({ key: answerText, readonly: answerBoolean, value: optional(answerText) })),
    ),
    unknownKey: optional(z.array(answerText)),
  }),
  answerTimeoutMs: 60_000,
};
