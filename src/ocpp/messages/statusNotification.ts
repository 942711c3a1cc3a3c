import { z } from 'zod';
import { connectorId, text, timestamp } from '../fields.ts';
import { defineTimedMessage } from '../message.ts';
import { effectiveTime } from '../time.ts';

/** OCPP 1.6 §4.9, §6.47, §6.48. Without a timestamp two of the same content are two facts. */
export const statusNotification = defineTimedMessage({
  action: 'StatusNotification',
  profile: 'Core',
  durable: true,
  request: z.strictObject({
    connectorId,
    /** §7.6 ChargePointErrorCode */
    errorCode: z.enum([
      'ConnectorLockFailure',
      'EVCommunicationError',
      'GroundFailure',
      'HighTemperature',
      'InternalError',
      'LocalListConflict',
      'NoError',
      'OtherError',
      'OverCurrentFailure',
      'OverVoltage',
      'PowerMeterFailure',
      'PowerSwitchFailure',
      'ReaderFailure',
      'ResetFailure',
      'UnderVoltage',
      'WeakSignal',
    ]),
    info: text(50).optional(),
    /** §7.7 ChargePointStatus */
    status: z.enum([
      'Available',
      'Preparing',
      'Charging',
      'SuspendedEVSE',
      'SuspendedEV',
      'Finishing',
      'Reserved',
      'Unavailable',
      'Faulted',
    ]),
    timestamp: timestamp.optional(),
    vendorId: text(255).optional(),
    vendorErrorCode: text(50).optional(),
  }),
  response: z.strictObject({}),
  normalise: (payload, receivedAt) => ({ payload, ...effectiveTime(payload.timestamp, receivedAt) }),
  answer: () => ({}),
});
