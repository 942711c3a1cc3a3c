import { newFact } from './answers.ts';
import type { IdTagInfo } from './authorization.ts';
import type { ChargePoint } from './chargePoint.ts';
import type { Connector } from './connector.ts';
import type { Payload } from './payload.ts';
import type { Vehicle } from './vehicle.ts';

/** OCPP 1.6 §7.36 */
export type StopReason =
  | 'DeAuthorized'
  | 'EmergencyStop'
  | 'EVDisconnected'
  | 'HardReset'
  | 'Local'
  | 'Other'
  | 'PowerLoss'
  | 'Reboot'
  | 'Remote'
  | 'SoftReset'
  | 'UnlockCommand';

export interface SessionPlan {
  idTag: string;
  vehicle: Vehicle;
  /** When the driver comes back (ms since 1970). */
  departsAt: number;
  /** How the driver ends it: with the card, or by pulling the plug. */
  departsBy: 'Local' | 'EVDisconnected';
}

/** What a charge point says whose StartTransaction was not answered with an id. */
const NO_TRANSACTION = -1;
/** The charging power is looked at this often (simulated ms). */
const STEP_MS = 30_000;
/** Below it a vehicle does not charge: 6 A on one phase (IEC 61851-1). */
const LEAST_POWER = 1_380;

/** One transaction, from StartTransaction to StopTransaction. */
export class ChargingSession {
  readonly #chargePoint: ChargePoint;
  readonly #connector: Connector;
  readonly #plan: SessionPlan;
  /** Given by the central system; it may come late, or never. */
  transactionId: number | undefined;
  /** ms since 1970 */
  readonly startedAt: number;
  /** Of the StartTransaction, so that it can be said again. */
  readonly start: Payload;
  /** Names it, however often it is said. */
  readonly fact = newFact();
  #ended: { reason: StopReason; idTag?: string } | undefined;

  constructor(chargePoint: ChargePoint, connector: Connector, plan: SessionPlan) {
    this.#chargePoint = chargePoint;
    this.#connector = connector;
    this.#plan = plan;
    this.startedAt = chargePoint.time.now();
    const reservation = chargePoint.reservations.on(connector.id);
    if (reservation) chargePoint.reservations.remove(reservation.reservationId);
    this.start = {
      connectorId: connector.id,
      idTag: plan.idTag,
      meterStart: connector.meterWh,
      timestamp: chargePoint.clock.text(),
      ...(reservation ? { reservationId: reservation.reservationId } : {}),
    };
  }

  get idTag(): string {
    return this.#plan.idTag;
  }

  /** The transaction id as it is said. */
  get saidId(): number {
    return this.transactionId ?? NO_TRANSACTION;
  }

  end(reason: StopReason, idTag?: string): void {
    this.#ended ??= { reason, ...(idTag ? { idTag } : {}) };
    this.#connector.nap.wake();
  }

  /** Charges until somebody or something ends it; returns what. */
  async run(signal: AbortSignal): Promise<StopReason> {
    const connector = this.#connector;
    connector.session = this;
    connector.vehicle = this.#plan.vehicle;
    this.#tellStart();
    this.#chargePoint.setStatus(connector, 'Charging');
    await this.#charge(signal);
    const { reason, idTag } = this.#ended ?? { reason: 'PowerLoss' as const };
    connector.power = 0;
    this.#tellStop(reason, idTag);
    connector.session = undefined;
    this.#chargePoint.profiles.transactionEnded(connector.id);
    return reason;
  }

  async #charge(signal: AbortSignal): Promise<void> {
    const { time, configuration } = this.#chargePoint;
    const connector = this.#connector;
    let before = time.now();
    let sampledAt = before;
    while (!this.#ended && !signal.aborted) {
      const every = configuration.number('MeterValueSampleInterval') * 1_000;
      const now = time.now();
      const untilSample = every > 0 ? sampledAt + every - now : Infinity;
      const wait = Math.min(STEP_MS, untilSample, this.#plan.departsAt - now);
      await connector.nap.sleep(time, Math.max(wait, 1), signal);
      before = this.#deliver(before);
      if (every > 0 && before - sampledAt >= every && !this.#ended) {
        sampledAt = before;
        void this.#chargePoint.meter(connector, 'Sample.Periodic', configuration.list('MeterValuesSampledData'));
      }
      if (before >= this.#plan.departsAt) this.#depart();
    }
  }

  /** Energy since `before` (ms since 1970); returns now. */
  #deliver(before: number): number {
    const { vehicle } = this.#plan;
    const connector = this.#connector;
    const now = this.#chargePoint.time.now();
    const allowed = this.#chargePoint.powerLimit(connector);
    const limit = allowed < LEAST_POWER ? 0 : allowed;
    connector.deliver(vehicle.charge(now - before, limit));
    connector.power = Math.min(vehicle.demand, limit);
    const status = vehicle.full ? 'SuspendedEV' : limit === 0 ? 'SuspendedEVSE' : 'Charging';
    if (status !== connector.status && !this.#ended) this.#chargePoint.setStatus(connector, status);
    return now;
  }

  #depart(): void {
    const { departsBy, idTag } = this.#plan;
    if (departsBy === 'Local') this.end('Local', idTag);
    else if (this.#chargePoint.configuration.flag('StopTransactionOnEVSideDisconnect')) this.end('EVDisconnected');
    else this.end('Local', idTag);
  }

  #tellStart(): void {
    const { outgoing, configuration, authorization } = this.#chargePoint;
    const answered = (result: Payload) => {
      this.transactionId = result.transactionId as number;
      const info = result.idTagInfo as IdTagInfo;
      authorization.learn(this.idTag, info);
      // OCPP 1.6 §4.8
      if (info.status !== 'Accepted' && configuration.flag('StopTransactionOnInvalidId')) this.end('DeAuthorized');
    };
    void outgoing.keep('StartTransaction', () => this.start, { fact: this.fact, answered });
  }

  #tellStop(reason: StopReason, idTag: string | undefined): void {
    const { outgoing, configuration, clock, traits } = this.#chargePoint;
    if (!traits.stops) return;
    const timestamp = clock.text();
    const measurands = configuration.list('StopTxnSampledData');
    const sampledValue = this.#chargePoint.samples(this.#connector, measurands, 'Transaction.End');
    const stop = {
      meterStop: this.#connector.meterWh,
      timestamp,
      reason,
      ...(idTag ? { idTag } : {}),
      ...(measurands.length > 0 ? { transactionData: [{ timestamp, sampledValue }] } : {}),
    };
    void outgoing.keep('StopTransaction', () => ({ ...stop, transactionId: this.saidId }));
  }
}
