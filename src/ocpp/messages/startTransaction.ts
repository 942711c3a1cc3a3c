import { z } from 'zod';
import { idToken, integer, timestamp } from '../fields.ts';
import { idTagInfo, judged } from '../idTag.ts';
import { defineTimedMessage } from '../message.ts';
import { effectiveTime } from '../time.ts';

/** Normalised StartTransaction.req. What is optional here beyond the specification was missing or unreadable. */
type StartTransaction = {
  connectorId: number;
  /** As sent; longer than 20 characters it is answered Invalid. */
  idTag: string;
  /** Wh */
  meterStart?: number;
  /** The station's own text */
  timestamp?: string;
  reservationId?: number;
};

/**
 * OCPP 1.6 §4.8, §6.45, §6.46: "The Central System MUST verify validity of the identifier in the StartTransaction.req PDU",
 * and it answers with a transactionId whatever it thinks of the identifier: the station may be charging already.
 */
export const startTransaction = defineTimedMessage({
  action: 'StartTransaction',
  profile: 'Core',
  durable: true,
  request: z.strictObject({
    connectorId: z.int32().min(1),
    idTag: idToken,
    meterStart: integer,
    reservationId: integer.optional(),
    timestamp,
  }),
  response: z.strictObject({ transactionId: integer, idTagInfo }),
  essential: ['connectorId', 'idTag'],
  normalise(request, receivedAt) {
    const payload: StartTransaction = request;
    const time = effectiveTime(payload.timestamp, receivedAt);
    if (payload.reservationId !== 0) return { payload, ...time };
    // Growatt: https://github.com/evcc-io/evcc/issues/10399; https://github.com/steve-community/steve/issues/1414
    const { reservationId: _none, ...withoutReservation } = payload;
    return {
      payload: withoutReservation,
      ...time,
      notes: ['noReservation: reservationId 0 taken as none', ...time.notes],
    };
  },
  async answer({ connectorId, idTag, timestamp: startTimestamp = '', meterStart = 0 }, context) {
    const transactionId = await context.transactionIdFor({ connectorId, idTag, timestamp: startTimestamp, meterStart });
    if (transactionId === undefined) return undefined;
    const info = await judged(idTag, context);
    if (info.status !== 'Accepted' || !isRecent(startTimestamp, context.now)) return { transactionId, idTagInfo: info };
    const elsewhere = await context.chargesElsewhere(idTag, connectorId, transactionId);
    return { transactionId, idTagInfo: elsewhere ? { ...info, status: 'ConcurrentTx' as const } : info };
  },
});

/** A start that waited in an offline station says nothing of where the tag charges now. */
function isRecent(startTimestamp: string, now: string): boolean {
  return Date.parse(now) - Date.parse(effectiveTime(startTimestamp, now).at) < 5 * 60_000;
}
