import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { text } from '../fields.ts';

/**
 * OCPP 1.6 §5.3, §6.9, §6.10. The key of a charge point's authentication is a secret: commands are kept and shown, so it is
 * not sent this way.
 */
export const changeConfiguration: CommandMessage = {
  action: 'ChangeConfiguration',
  request: z.strictObject({
    key: text(50).refine(
      (key) => key.toLowerCase() !== 'authorizationkey',
      'AuthorizationKey is a secret, and commands are kept: set it at the charge point, and here as its password',
    ),
    value: text(500),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'RebootRequired', 'NotSupported']) }),
  answerTimeoutMs: 30_000,
};
