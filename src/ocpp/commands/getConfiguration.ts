import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { text } from '../fields.ts';

/** OCPP 1.6 §5.8, §6.23, §6.24. Without keys: all of them. */
export const getConfiguration: CommandMessage = {
  action: 'GetConfiguration',
  request: z.strictObject({ key: z.array(text(50)).optional() }),
  response: z.object({
    configurationKey: z
      .array(z.object({ key: z.string(), readonly: z.boolean(), value: z.string().nullish() }))
      .nullish(),
    unknownKey: z.array(z.string()).nullish(),
  }),
  answerTimeoutMs: 60_000,
};
