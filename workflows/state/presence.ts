import type { Connected, Instant, Message, Registration } from '../events.ts';
import type { ChargePoint, Connection } from './model.ts';

/** `lastSeenAt` is refreshed at most this often: it alone is no reason to write a row. */
const LAST_SEEN_STEP_MS = 30_000;

export function presence(chargePoint: ChargePoint, connections: Connection[], at: Instant): ChargePoint {
  const online = connections.length > 0;
  if (online === chargePoint.online) return chargePoint;
  return online
    ? { ...chargePoint, online, onlineSince: at, offlineSince: null }
    : { ...chargePoint, online, onlineSince: null, offlineSince: at };
}

export function seen(chargePoint: ChargePoint, at: Instant): ChargePoint {
  const last = chargePoint.lastSeenAt;
  return last && Date.parse(at) - Date.parse(last) < LAST_SEEN_STEP_MS
    ? chargePoint
    : { ...chargePoint, lastSeenAt: at };
}

/** A charge point never heard of is what its edge took it for, until an operator says otherwise. */
export function admitted(chargePoint: ChargePoint, { registration }: Connected): ChargePoint {
  if (chargePoint.registration !== null || !isRegistration(registration)) return chargePoint;
  return { ...chargePoint, registration };
}

export function isRegistration(value: unknown): value is Registration {
  return value === 'accepted' || value === 'pending' || value === 'rejected' || value === 'retired';
}

/**
 * Takes over what the station says of itself at boot (OCPP 1.6 §4.2), and what it was answered.
 *
 * @param decidedAt when an operator last decided on it
 */
export function identified(chargePoint: ChargePoint, event: Message, decidedAt?: Instant): ChargePoint {
  const text = (name: string) => {
    const value = event.payload[name];
    return typeof value === 'string' ? value : null;
  };
  const answered = 'result' in event.answer ? event.answer.result.status : undefined;
  // What was answered before an operator decided otherwise may be delivered after it.
  const overruled = chargePoint.registration === 'retired' || (decidedAt !== undefined && event.receivedAt < decidedAt);
  const registration = overruled ? undefined : answered;
  return {
    ...chargePoint,
    vendor: text('chargePointVendor'),
    model: text('chargePointModel'),
    serialNumber: text('chargePointSerialNumber') ?? text('chargeBoxSerialNumber'),
    firmwareVersion: text('firmwareVersion'),
    iccid: text('iccid'),
    imsi: text('imsi'),
    meterType: text('meterType'),
    meterSerialNumber: text('meterSerialNumber'),
    registration:
      registration === 'Accepted' || registration === 'Pending' || registration === 'Rejected'
        ? (registration.toLowerCase() as ChargePoint['registration'])
        : chargePoint.registration,
    lastBootAt: event.receivedAt,
  };
}

/** One that has not said anything yet. */
export function unknownChargePoint(chargePointId: string): ChargePoint {
  return {
    chargePointId,
    vendor: null,
    model: null,
    serialNumber: null,
    firmwareVersion: null,
    iccid: null,
    imsi: null,
    meterType: null,
    meterSerialNumber: null,
    registration: null,
    lastBootAt: null,
    online: false,
    onlineSince: null,
    offlineSince: null,
    lastSeenAt: null,
    version: 0,
  };
}
