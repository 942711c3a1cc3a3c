import type { ChargingSession } from './chargingSession.ts';
import type { Nap } from './simulatedTime.ts';
import type { Vehicle } from './vehicle.ts';

/** OCPP 1.6 §7.7 */
export type ConnectorStatus =
  | 'Available'
  | 'Preparing'
  | 'Charging'
  | 'SuspendedEVSE'
  | 'SuspendedEV'
  | 'Finishing'
  | 'Reserved'
  | 'Unavailable'
  | 'Faulted';

/** One connector of a charge point, or (id 0) the charge point itself. */
export class Connector {
  readonly id: number;
  status: ConnectorStatus = 'Available';
  errorCode = 'NoError';
  /** What the central system was told last. */
  told: string | undefined;
  operative = true;
  /** Becomes inoperative when its transaction ends (OCPP 1.6 §5.2, Scheduled). */
  inoperativeLater = false;
  vehicle: Vehicle | undefined;
  session: ChargingSession | undefined;
  /** Asked for by RemoteStartTransaction and not begun yet. */
  remoteStart: { idTag: string } | undefined;
  /** W, now */
  power = 0;
  readonly nap: Nap;
  #meter: number;

  constructor(id: number, meterWh: number, nap: Nap) {
    this.id = id;
    this.#meter = meterWh;
    this.nap = nap;
  }

  /** The energy register: whole Wh, never less than before. */
  get meterWh(): number {
    return Math.floor(this.#meter);
  }

  deliver(wh: number): void {
    this.#meter += Math.max(0, wh);
  }

  /** Nobody is there, and somebody could come. */
  get free(): boolean {
    return this.status === 'Available' || this.status === 'Preparing';
  }
}
