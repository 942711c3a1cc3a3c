import { z } from 'zod';
import type { CommandMessage } from '../command.ts';

/** Improved security for OCPP 1.6-J, edition 2, §5.5, §5.6 */
export const extendedTriggerMessage: CommandMessage = {
  action: 'ExtendedTriggerMessage',
  section: 'Improved security for OCPP 1.6-J §5.5',
  request: z.strictObject({
    requestedMessage: z.enum([
      'BootNotification',
      'LogStatusNotification',
      'FirmwareStatusNotification',
      'Heartbeat',
      'MeterValues',
      'SignChargePointCertificate',
      'StatusNotification',
    ]),
    connectorId: z.int32().min(1).optional(),
  }),
  response: z.object({ status: z.enum(['Accepted', 'Rejected', 'NotImplemented']) }),
  answerTimeoutMs: 30_000,
};
