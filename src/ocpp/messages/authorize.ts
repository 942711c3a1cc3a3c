import { z } from 'zod';
import { idToken } from '../fields.ts';
import { idTagInfo, judged } from '../idTag.ts';
import { defineMessage } from '../message.ts';

/** OCPP 1.6 §4.1, §6.1, §6.2 */
export const authorize = defineMessage({
  action: 'Authorize',
  profile: 'Core',
  durable: false,
  request: z.strictObject({ idTag: idToken }),
  response: z.strictObject({ idTagInfo }),
  answer: async ({ idTag }, context) => ({ idTagInfo: await judged(idTag, context) }),
});
