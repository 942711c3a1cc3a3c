/** The one table of what stations send. A further message is a file in `messages/` and a row here. */
import type { StationMessage } from './message.ts';
import { authorize } from './messages/authorize.ts';
import { bootNotification } from './messages/bootNotification.ts';
import { dataTransfer } from './messages/dataTransfer.ts';
import { diagnosticsStatusNotification } from './messages/diagnosticsStatusNotification.ts';
import { firmwareStatusNotification } from './messages/firmwareStatusNotification.ts';
import { heartbeat } from './messages/heartbeat.ts';
import { logStatusNotification } from './messages/logStatusNotification.ts';
import { meterValues } from './messages/meterValues.ts';
import { securityEventNotification } from './messages/securityEventNotification.ts';
import { signCertificate } from './messages/signCertificate.ts';
import { signedFirmwareStatusNotification } from './messages/signedFirmwareStatusNotification.ts';
import { startTransaction } from './messages/startTransaction.ts';
import { statusNotification } from './messages/statusNotification.ts';
import { stopTransaction } from './messages/stopTransaction.ts';

const all: readonly StationMessage[] = [
  authorize,
  bootNotification,
  dataTransfer,
  diagnosticsStatusNotification,
  firmwareStatusNotification,
  heartbeat,
  logStatusNotification,
  meterValues,
  securityEventNotification,
  signCertificate,
  signedFirmwareStatusNotification,
  startTransaction,
  statusNotification,
  stopTransaction,
];

/** By action, case-sensitive (OCPP-J 1.6 §4.2.1). */
export const stationMessages: ReadonlyMap<string, StationMessage> = new Map(
  all.map((message) => [message.action, message]),
);
