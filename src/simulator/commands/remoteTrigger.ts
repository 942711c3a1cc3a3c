/** Remote Trigger profile, OCPP 1.6 §5.17 */
import { z } from 'zod';
import type { ChargePoint } from '../chargePoint.ts';
import { outletId } from './fields.ts';
import { handler, status, type CommandHandler } from './handler.ts';

export const remoteTrigger: readonly CommandHandler[] = [
  handler(
    'TriggerMessage',
    z.strictObject({
      requestedMessage: z.enum([
        'BootNotification',
        'DiagnosticsStatusNotification',
        'FirmwareStatusNotification',
        'Heartbeat',
        'MeterValues',
        'StatusNotification',
      ]),
      connectorId: outletId.optional(),
    }),
    (chargePoint, { requestedMessage, connectorId }) => {
      if (connectorId !== undefined && !chargePoint.connector(connectorId)) return status('Rejected');
      return status('Accepted', () => TRIGGERED[requestedMessage]!(chargePoint, connectorId));
    },
  ),
];

/** Without a connector, of all of them. */
const TRIGGERED: Record<string, (chargePoint: ChargePoint, connectorId?: number) => void> = {
  BootNotification: (chargePoint) => void chargePoint.outgoing.call('BootNotification', chargePoint.bootPayload()),
  DiagnosticsStatusNotification: (chargePoint) => void chargePoint.tellDiagnostics(chargePoint.diagnosticsStatus),
  FirmwareStatusNotification: (chargePoint) => void chargePoint.tellFirmware(chargePoint.firmwareStatus),
  Heartbeat: (chargePoint) => void chargePoint.heartbeat(),
  MeterValues(chargePoint, connectorId) {
    const meant = chargePoint.outlets.filter(({ id }) => id === (connectorId ?? id));
    const measurands = chargePoint.configuration.list('MeterValuesSampledData');
    for (const connector of meant) void chargePoint.meter(connector, 'Trigger', measurands);
  },
  StatusNotification(chargePoint, connectorId) {
    const meant = chargePoint.connectors.filter(({ id }) => id === (connectorId ?? id));
    for (const connector of meant) void chargePoint.tellStatus(connector, true);
  },
};
