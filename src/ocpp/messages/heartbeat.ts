import { z } from 'zod';
import { exactTimestamp } from '../fields.ts';
import { defineMessage } from '../message.ts';

/** OCPP 1.6 §4.6, §6.29, §6.30 */
export const heartbeat = defineMessage({
  action: 'Heartbeat',
  profile: 'Core',
  durable: false,
  request: z.strictObject({}),
  response: z.strictObject({ currentTime: exactTimestamp }),
  answer: (_payload, { now }) => ({ currentTime: now }),
});
