import { ChargingSession } from './chargingSession.ts';
import type { ChargePoint } from './chargePoint.ts';
import type { Connector } from './connector.ts';
import type { Random } from './random.ts';
import { Vehicle } from './vehicle.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Said by a charge point that asks nobody for a card. */
const FREE_TAG = 'FREE';

export interface DriverOptions {
  /** Cards of the drivers who come by. */
  idTags: readonly string[];
  /** Mean time between two of them at one connector (simulated ms). */
  meanIdleMs?: number;
}

/** What happens at one connector: drivers come, show a card, charge, leave; now and then something breaks. */
export class Drivers {
  readonly #chargePoint: ChargePoint;
  readonly #connector: Connector;
  readonly #options: Required<DriverOptions>;
  readonly #random: Random;

  constructor(chargePoint: ChargePoint, connector: Connector, options: DriverOptions) {
    this.#chargePoint = chargePoint;
    this.#connector = connector;
    this.#options = { meanIdleMs: 20 * MINUTE, ...options };
    this.#random = chargePoint.random.fork(`connector ${connector.id}`);
  }

  /** Until `signal` is aborted; then the last one leaves. */
  async run(signal: AbortSignal): Promise<void> {
    let idle = this.#random.wait(this.#options.meanIdleMs / 4);
    while (!signal.aborted) {
      await this.#sleep(idle, signal);
      idle = this.#random.wait(this.#options.meanIdleMs);
      if (signal.aborted || !this.#isOpen()) continue;
      if (this.#connector.remoteStart === undefined && this.#random.chance(0.02)) await this.#fault(signal);
      else await this.#visit(signal);
    }
  }

  #isOpen(): boolean {
    const { accepted, down } = this.#chargePoint;
    return accepted && !down && (this.#connector.status === 'Available' || this.#connector.status === 'Reserved');
  }

  async #visit(signal: AbortSignal): Promise<void> {
    const chargePoint = this.#chargePoint;
    const connector = this.#connector;
    const idTag = this.#idTag();
    const reserved = chargePoint.reservations.on(connector.id);
    if (reserved && reserved.idTag !== idTag && reserved.parentIdTag === undefined) return;
    chargePoint.setStatus(connector, 'Preparing');
    await this.#sleep(this.#random.between(5, 30) * SECOND, signal);
    const plan = {
      idTag: connector.remoteStart?.idTag ?? idTag,
      vehicle: new Vehicle(this.#random, chargePoint.model.direct),
      departsAt: chargePoint.time.now() + this.#stay(),
      departsBy: this.#random.chance(0.7) ? ('Local' as const) : ('EVDisconnected' as const),
    };
    const allowed = await this.#mayCharge(plan.idTag);
    connector.remoteStart = undefined;
    if (allowed && !chargePoint.down && !signal.aborted) {
      const reason = await new ChargingSession(chargePoint, connector, plan).run(signal);
      chargePoint.setStatus(connector, 'Finishing');
      const atOnce = reason === 'Local' || reason === 'EVDisconnected';
      await this.#sleep(this.#random.between(5, atOnce ? 60 : 240) * SECOND, signal);
    } else await this.#sleep(10 * SECOND, signal);
    while (chargePoint.down && !signal.aborted) await this.#sleep(5 * SECOND, signal);
    connector.vehicle = undefined;
    connector.remoteStart = undefined;
    chargePoint.setStatus(connector, chargePoint.idleStatus(connector));
  }

  /** Asked from afar, the card is looked at only if so configured (OCPP 1.6 §5.11, AuthorizeRemoteTxRequests). */
  async #mayCharge(idTag: string): Promise<boolean> {
    const { remoteStart } = this.#connector;
    if (remoteStart && !this.#chargePoint.configuration.flag('AuthorizeRemoteTxRequests')) return true;
    if (idTag === FREE_TAG) return true;
    return this.#chargePoint.authorize(idTag);
  }

  #idTag(): string {
    const { remoteStart } = this.#connector;
    if (remoteStart) return remoteStart.idTag;
    const reserved = this.#chargePoint.reservations.on(this.#connector.id);
    if (reserved && this.#random.chance(0.5)) return reserved.idTag;
    if (this.#chargePoint.free) return FREE_TAG;
    return this.#random.chance(0.04)
      ? `NOBODY${this.#random.whole(100, 999)}`
      : this.#random.pick(this.#options.idTags);
  }

  #stay(): number {
    const mean = this.#chargePoint.model.direct ? 25 : 100;
    return (5 + this.#random.wait(mean)) * MINUTE;
  }

  async #fault(signal: AbortSignal): Promise<void> {
    const errors = ['GroundFailure', 'ConnectorLockFailure', 'HighTemperature', 'PowerMeterFailure', 'ReaderFailure'];
    this.#chargePoint.setStatus(this.#connector, 'Faulted', this.#random.pick(errors));
    await this.#chargePoint.time.sleep(this.#random.between(1, 15) * MINUTE, signal);
    this.#chargePoint.setStatus(this.#connector, this.#chargePoint.idleStatus(this.#connector));
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#connector.nap.sleep(this.#chargePoint.time, ms, signal);
  }
}
