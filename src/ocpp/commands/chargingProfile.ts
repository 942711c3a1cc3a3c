import { z } from 'zod';
import { exactTimestamp, integer } from '../fields.ts';

/** OCPP 1.6 §7.11 */
export const chargingProfilePurpose = z.enum(['ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile']);

/** In A or W, at most one digit after the point (§7.14). */
const limit = z.number().min(0).multipleOf(0.1);

/** §7.13 ChargingSchedule: durations and starts in seconds. */
const chargingSchedule = z.strictObject({
  duration: z.int32().min(0).optional(),
  startSchedule: exactTimestamp.optional(),
  chargingRateUnit: z.enum(['A', 'W']),
  chargingSchedulePeriod: z
    .array(z.strictObject({ startPeriod: z.int32().min(0), limit, numberPhases: z.int32().min(1).max(3).optional() }))
    .min(1)
    .refine(([first]) => first?.startPeriod === 0, 'the first period has to start at 0'),
  minChargingRate: limit.optional(),
});

/** §7.8 ChargingProfile */
export const chargingProfile = z.strictObject({
  chargingProfileId: integer,
  transactionId: integer.optional(),
  stackLevel: z.int32().min(0),
  chargingProfilePurpose,
  chargingProfileKind: z.enum(['Absolute', 'Recurring', 'Relative']),
  recurrencyKind: z.enum(['Daily', 'Weekly']).optional(),
  validFrom: exactTimestamp.optional(),
  validTo: exactTimestamp.optional(),
  chargingSchedule,
});
