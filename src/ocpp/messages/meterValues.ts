import { z } from 'zod';
import { connectorId, integer, meterValue } from '../fields.ts';
import { defineTimedMessage } from '../message.ts';
import { timedEntries, type MeterValueEntry } from '../meterValues.ts';

/** Normalised MeterValues.req */
type MeterValues = {
  connectorId: number;
  transactionId?: number;
  /** [] where it was missing or unreadable */
  meterValue: MeterValueEntry[];
};

/** OCPP 1.6 §4.7, §6.31, §6.32. Its time is that of its newest MeterValue. */
export const meterValues = defineTimedMessage({
  action: 'MeterValues',
  profile: 'Core',
  durable: true,
  request: z.strictObject({
    connectorId,
    transactionId: integer.optional(),
    meterValue: z.array(meterValue).min(1),
  }),
  response: z.strictObject({}),
  essential: ['connectorId'],
  normalise(request, receivedAt) {
    const { entries, newest, plausible, notes } = timedEntries(request.meterValue ?? [], receivedAt, 'meterValue');
    const payload: MeterValues = { ...request, meterValue: entries };
    return { payload, at: newest ?? receivedAt, plausible, notes };
  },
  answer: () => ({}),
});
