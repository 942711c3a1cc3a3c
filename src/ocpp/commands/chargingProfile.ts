import { z } from 'zod';
import { exactTimestamp, integer } from '../fields.ts';

/** OCPP 1.6 §7.11 */
export const chargingProfilePurpose = z.enum(['ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile']);

/** In A or W. */
const LIMIT_MOST = 1_000_000_000;
const limit = z
  .number()
  .min(0)
  .max(LIMIT_MOST, `at most ${LIMIT_MOST}: no charge point has so many A or W (OCPP 1.6 §7.14)`)
  .multipleOf(0.1, 'a multiple of 0.1: at most one digit after the point (OCPP 1.6 §7.14)');

/** §7.13 ChargingSchedule: durations and starts in seconds. */
const chargingSchedule = z.strictObject({
  duration: z.int32().min(0).optional(),
  startSchedule: exactTimestamp.optional(),
  chargingRateUnit: z.enum(['A', 'W']),
  chargingSchedulePeriod: z
    .array(z.strictObject({ startPeriod: z.int32().min(0), limit, numberPhases: z.int32().min(1).max(3).optional() }))
    .min(1)
    .refine(([first]) => first?.startPeriod === 0, 'the first period has to start at 0 (OCPP 1.6 §5.16.4, errata 3.45)')
    .refine(
      (periods) => periods.every(({ startPeriod }, i) => i === 0 || startPeriod > periods[i - 1]!.startPeriod),
      'each period has to start after the one before, which it ends (OCPP 1.6 §7.14)',
    ),
  minChargingRate: limit.optional(),
});

/** §7.8 ChargingProfile */
export const chargingProfile = z
  .strictObject({
    chargingProfileId: integer,
    transactionId: integer.optional(),
    stackLevel: z.int32().min(0),
    chargingProfilePurpose,
    chargingProfileKind: z.enum(['Absolute', 'Recurring', 'Relative']),
    recurrencyKind: z.enum(['Daily', 'Weekly']).optional(),
    validFrom: exactTimestamp.optional(),
    validTo: exactTimestamp.optional(),
    chargingSchedule,
  })
  .refine(
    ({ chargingProfileKind, recurrencyKind }) =>
      (chargingProfileKind === 'Recurring') === (recurrencyKind !== undefined),
    'recurrencyKind is for a Recurring profile, which needs it, and for no other (OCPP 1.6 §7.8, errata 3.56)',
  )
  .refine(
    ({ chargingProfilePurpose: purpose, transactionId }) => purpose === 'TxProfile' || transactionId === undefined,
    'a transactionId is for a TxProfile only (OCPP 1.6 §7.8)',
  );
