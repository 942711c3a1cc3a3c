import { z } from 'zod';
import { exactTimestamp, text } from '../fields.ts';
import { defineMessage } from '../message.ts';

/** OCPP 1.6 §4.2, §6.3, §6.4 */
export const bootNotification = defineMessage({
  action: 'BootNotification',
  profile: 'Core',
  durable: true,
  // Empty text is text: Huawei's vendor is "" (https://github.com/evcc-io/evcc/issues/32170).
  request: z.strictObject({
    chargePointVendor: text(20),
    chargePointModel: text(20),
    chargePointSerialNumber: text(25).optional(),
    chargeBoxSerialNumber: text(25).optional(),
    firmwareVersion: text(50).optional(),
    iccid: text(20).optional(),
    imsi: text(20).optional(),
    meterType: text(25).optional(),
    meterSerialNumber: text(25).optional(),
  }),
  response: z.strictObject({
    status: z.enum(['Accepted', 'Pending', 'Rejected']),
    currentTime: exactTimestamp,
    // OCPP-J errata 2.3: the name is interval, in seconds. 0 leaves the interval to the station.
    interval: z.int32().min(0),
  }),
  answer: (_payload, { now, registration }) => ({
    status: registration.status,
    currentTime: now,
    interval: registration.interval,
  }),
});
