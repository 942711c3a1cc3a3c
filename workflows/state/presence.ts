import type { Ahead, Connected, Disconnected, Instant, Message, Registration } from '../events.ts';
import type { ChargePoint, Connection } from './model.ts';

/** A connection that has not booted gets no CALL in its first seconds: some stations drop the socket (evcc-io/evcc#25069). */
const BOOT_WAIT_MS = 10_000;
/** `lastSeenAt` is refreshed at most this often: it alone is no reason to write a row. */
const LAST_SEEN_STEP_MS = 30_000;

export function opened(connections: Connection[], event: Connected, journal: number): Connection[] {
  if (connections.some((c) => c.connection === event.connection)) return connections;
  const { connection, taskQueue, receivedAt } = event;
  return [...connections, { connection, journal, taskQueue, openedAt: receivedAt, booted: false }];
}

/** Removes the event's own connection only: no clocks are compared between edges. */
export function closed(connections: Connection[], connection: Disconnected['connection']): Connection[] {
  return connections.some((c) => c.connection === connection)
    ? connections.filter((c) => c.connection !== connection)
    : connections;
}

/** Of an edge's journals exactly those that it says are open, those of other edges as they were. */
export function lookedAhead(connections: Connection[], { upTo, open }: Ahead): Connection[] {
  const still = new Set(open.map((c) => c.connection));
  const kept = connections.filter((c) => still.has(c.connection) || !(String(c.journal) in upTo));
  const known = new Set(kept.map((c) => c.connection));
  const fresh = open.filter((c) => !known.has(c.connection)).map((c) => ({ ...c, booted: false }));
  return fresh.length === 0 && kept.length === connections.length ? connections : [...kept, ...fresh];
}

export function booted(connections: Connection[], connection: string): Connection[] {
  return connections.map((c) => (c.connection === connection && !c.booted ? { ...c, booted: true } : c));
}

/** The connection that gets the station's CALLs: the newest by arrival. */
export function newest(connections: Connection[]): Connection | undefined {
  return connections.at(-1);
}

/** When a connection takes CALLs: at once after its boot, else 10 s after it was opened. Milliseconds since 1970. */
export function takesCallsAt(connection: Connection): number {
  return connection.booted ? 0 : Date.parse(connection.openedAt) + BOOT_WAIT_MS;
}

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
