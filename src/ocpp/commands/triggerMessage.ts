import { z } from 'zod';
import type { CommandMessage } from '../command.ts';

/** OCPP 1.6 §5.17, §6.51, §6.52, §7.34 */
export const triggerMessage: CommandMessage = {
  action: 'TriggerMessage',
  section: 'OCPP 1.6 §6.51',
  request: z.strictObject({
    requestedMessage: z.enum([
      'BootNotification',
      'DiagnosticsStatusNotification',
      'FirmwareStatusNotification',
      'Heartbeat',
      'MeterValues',
      'StatusNotification',
    ]),
    connectorId: z.int32().min(1).optional(),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'NotImplemented']) }),
  answerTimeoutMs: 30_000,
};
