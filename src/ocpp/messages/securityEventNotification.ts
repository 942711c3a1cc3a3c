import { z } from 'zod';
import { text, timestamp } from '../fields.ts';
import { defineTimedMessage } from '../message.ts';
import { effectiveTime } from '../time.ts';

/**
 * Improved security for OCPP 1.6-J, edition 2, §5.15, §5.16. The types of §8 are a list that vendors add to: any text
 * is a type. A time that cannot be read is no reason to refuse an alarm.
 */
export const securityEventNotification = defineTimedMessage({
  action: 'SecurityEventNotification',
  profile: 'Security',
  durable: true,
  request: z.strictObject({ type: text(50), timestamp, techInfo: text(255).optional() }),
  response: z.strictObject({}),
  essential: ['type'],
  normalise: (payload, receivedAt) => ({ payload, ...effectiveTime(payload.timestamp, receivedAt) }),
  answer: () => ({}),
});
