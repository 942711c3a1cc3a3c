/**
 * The actions by which a station does what a TriggerMessage (OCPP 1.6 §5.17) or an ExtendedTriggerMessage (Improved
 * security for OCPP 1.6-J, edition 2, §5.5) asks for: mostly the requested message itself. After the latter the
 * status of an update is that of a signed one, or of one that an UpdateFirmware has begun.
 */
export function triggeredActions(action: string, requestedMessage: string): string[] {
  if (requestedMessage === 'SignChargePointCertificate') return ['SignCertificate'];
  if (action === 'ExtendedTriggerMessage' && requestedMessage === 'FirmwareStatusNotification') {
    return ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification'];
  }
  return [requestedMessage];
}
