import { z } from 'zod';
import { idToken, integer, meterValue, timestamp } from '../fields.ts';
import { idTagInfo, judged } from '../idTag.ts';
import { defineTimedMessage } from '../message.ts';
import { timedEntries, type MeterValueEntry } from '../meterValues.ts';
import { effectiveTime } from '../time.ts';

/** Normalised StopTransaction.req. What is optional here beyond the specification was missing or unreadable. */
type StopTransaction = {
  /** Absent: none, or one that can't be ours. -1 and 0 are kept: a start made offline that has got no id yet, or a careless station. */
  transactionId?: number;
  /** Wh */
  meterStop?: number;
  /** The station's own text */
  timestamp?: string;
  idTag?: string;
  /** Absent means Local (OCPP-J errata 2.5). */
  reason?: string;
  transactionData?: MeterValueEntry[];
};

/**
 * OCPP 1.6 §4.10, §6.49, §6.50: "The Central System cannot prevent a transaction from stopping." So every stop is
 * confirmed, whatever its transactionId (https://github.com/EVerest/libocpp/issues/495,
 * https://github.com/mikuso/ocpp-rpc/issues/82); idTagInfo goes out only where an idTag came in.
 */
export const stopTransaction = defineTimedMessage({
  action: 'StopTransaction',
  profile: 'Core',
  durable: true,
  request: z.strictObject({
    idTag: idToken.optional(),
    meterStop: integer,
    timestamp,
    transactionId: integer,
    /** §7.36 Reason */
    reason: z
      .enum([
        'DeAuthorized',
        'EmergencyStop',
        'EVDisconnected',
        'HardReset',
        'Local',
        'Other',
        'PowerLoss',
        'Reboot',
        'Remote',
        'SoftReset',
        'UnlockCommand',
      ])
      .optional(),
    transactionData: z.array(meterValue).optional(),
  }),
  response: z.strictObject({ idTagInfo: idTagInfo.optional() }),
  // Also without a transactionId: the station would repeat what is refused, and it may mean the only open one.
  essential: [],
  normalise({ transactionData, ...stop }, receivedAt) {
    const payload: StopTransaction = stop;
    const { at, plausible, notes } = effectiveTime(stop.timestamp, receivedAt);
    if (transactionData === undefined) return { payload, at, plausible, notes };
    const data = timedEntries(transactionData, receivedAt, 'transactionData');
    payload.transactionData = data.entries;
    return { payload, at, plausible, notes: [...notes, ...data.notes] };
  },
  async answer({ transactionId, idTag }, context) {
    if (transactionId !== undefined && transactionId > 0) context.transactionStopped(transactionId);
    return idTag === undefined ? {} : { idTagInfo: await judged(idTag, context) };
  },
});
