import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { text } from '../fields.ts';
import { secretRefusal } from '../secrets.ts';

/** OCPP 1.6 §5.3, §6.9, §6.10 */
export const changeConfiguration: CommandMessage = {
  action: 'ChangeConfiguration',
  section: 'OCPP 1.6 §6.9',
  request: z
    .strictObject({ key: text(50).min(1, 'empty: a configuration key has a name (OCPP 1.6 §9)'), value: text(500) })
    .superRefine((payload, context) => {
      const message = secretRefusal(payload);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['key'], message });
    }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'RebootRequired', 'NotSupported']) }),
  answerTimeoutMs: 30_000,
};
