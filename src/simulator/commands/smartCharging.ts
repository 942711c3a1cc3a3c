/** Smart Charging profile, OCPP 1.6 §5.5, §5.7, §5.16 */
import { z } from 'zod';
import type { ChargePoint } from '../chargePoint.ts';
import type { ChargingProfile } from '../chargingProfiles.ts';
import { chargingProfile, connectorId } from './fields.ts';
import { handler, status, type CommandHandler } from './handler.ts';

export const smartCharging: readonly CommandHandler[] = [
  handler(
    'ClearChargingProfile',
    z.strictObject({
      id: z.int32().optional(),
      connectorId: connectorId.optional(),
      chargingProfilePurpose: z.enum(['ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile']).optional(),
      stackLevel: z.int32().min(0).optional(),
    }),
    ({ profiles }, filter) => status(profiles.clear(filter) ? 'Accepted' : 'Unknown'),
  ),
  handler(
    'GetCompositeSchedule',
    z.strictObject({ connectorId, duration: z.int32().min(0), chargingRateUnit: z.enum(['A', 'W']).optional() }),
    (chargePoint, { connectorId: id, duration, chargingRateUnit = 'W' }) => {
      const connector = chargePoint.connector(id);
      if (!connector) return status('Rejected');
      const charging = chargePoint.chargingAt(connector);
      const chargingSchedule = chargePoint.profiles.composite(charging, duration, chargingRateUnit);
      const scheduleStart = chargePoint.clock.text();
      return { answer: { status: 'Accepted', connectorId: id, scheduleStart, chargingSchedule } };
    },
  ),
  handler(
    'SetChargingProfile',
    z.strictObject({ connectorId, csChargingProfiles: chargingProfile }),
    (chargePoint, { connectorId: id, csChargingProfiles: profile }) => {
      if (!fits(chargePoint, id, profile)) return status('Rejected');
      const ignored = chargePoint.traits.ignoresRelative && profile.chargingProfileKind === 'Relative';
      if (!ignored) chargePoint.profiles.install(id, profile, chargePoint.time.now());
      return status('Accepted', () => chargePoint.connector(id)?.nap.wake());
    },
  ),
];

function fits(chargePoint: ChargePoint, id: number, profile: ChargingProfile): boolean {
  const { configuration, profiles } = chargePoint;
  const connector = chargePoint.connector(id);
  const { chargingProfilePurpose: purpose, chargingSchedule } = profile;
  const periods = chargingSchedule.chargingSchedulePeriod;
  const ascending = periods.every(({ startPeriod }, i) => i === 0 || startPeriod > periods[i - 1]!.startPeriod);
  return (
    connector !== undefined &&
    periods[0]?.startPeriod === 0 &&
    ascending &&
    periods.length <= configuration.number('ChargingScheduleMaxPeriods') &&
    profile.stackLevel <= configuration.number('ChargeProfileMaxStackLevel') &&
    profiles.sizeWith(id, profile) <= configuration.number('MaxChargingProfilesInstalled') &&
    (profile.chargingProfileKind === 'Recurring') === (profile.recurrencyKind !== undefined) &&
    // §5.16: the maximum is the charge point's; a TxProfile needs its transaction.
    (purpose !== 'ChargePointMaxProfile' || id === 0) &&
    (purpose !== 'TxProfile' ||
      (connector.session !== undefined &&
        (profile.transactionId === undefined || profile.transactionId === connector.session.transactionId)))
  );
}
