/**
 * Messages that tell how an installation of firmware, or an upload of diagnostics or a log goes (OCPP 1.6 §4.4, §4.5;
 * security extension §4.5, §4.9).
 */
export const FIRMWARE_ACTIONS = [
  'FirmwareStatusNotification',
  'SignedFirmwareStatusNotification',
  'DiagnosticsStatusNotification',
  'LogStatusNotification',
] as const;
