/** Field types of OCPP 1.6 §7 as a charge point reads them: exactly. */
import { z } from 'zod';

export const text = (most: number) => z.string().max(most);
export const idToken = text(20);
export const connectorId = z.int32().min(0);
export const outletId = z.int32().min(1);
export const time = z.iso.datetime({ offset: true });

/** §7.13 */
const chargingSchedule = z.strictObject({
  duration: z.int32().min(0).optional(),
  startSchedule: time.optional(),
  chargingRateUnit: z.enum(['A', 'W']),
  chargingSchedulePeriod: z.array(
    z.strictObject({
      startPeriod: z.int32().min(0),
      limit: z.number().min(0),
      numberPhases: z.int32().min(1).max(3).optional(),
    }),
  ),
  minChargingRate: z.number().optional(),
});

/** §7.8 */
export const chargingProfile = z.strictObject({
  chargingProfileId: z.int32(),
  transactionId: z.int32().optional(),
  stackLevel: z.int32().min(0),
  chargingProfilePurpose: z.enum(['ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile']),
  chargingProfileKind: z.enum(['Absolute', 'Recurring', 'Relative']),
  recurrencyKind: z.enum(['Daily', 'Weekly']).optional(),
  validFrom: time.optional(),
  validTo: time.optional(),
  chargingSchedule,
});

/** §7.27 */
export const idTagInfo = z.strictObject({
  status: z.enum(['Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx']),
  expiryDate: time.optional(),
  parentIdTag: idToken.optional(),
});
