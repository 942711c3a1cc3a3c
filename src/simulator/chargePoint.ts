import { Authorization, type IdTagInfo } from './authorization.ts';
import { ChargingProfiles, type Charging } from './chargingProfiles.ts';
import { Configuration } from './configuration.ts';
import { Connector, type ConnectorStatus } from './connector.ts';
import { sampledValues, type ReadingContext } from './meter.ts';
import type { Traits } from './misbehaviours/misbehaviour.ts';
import type { Model } from './models.ts';
import type { Outgoing } from './outgoing.ts';
import type { Payload } from './payload.ts';
import type { Random } from './random.ts';
import { Reservations } from './reservations.ts';
import { Nap, type SimulatedTime } from './simulatedTime.ts';
import { StationClock } from './stationClock.ts';

export interface ChargePointOptions {
  chargePointId: string;
  model: Model;
  time: SimulatedTime;
  random: Random;
  traits: Traits;
  outgoing: Outgoing;
}

/** Why a charge point starts anew, and what its transactions are ended with (OCPP 1.6 §7.36). */
export interface Reboot {
  reason: 'SoftReset' | 'HardReset' | 'Reboot';
  /** The socket is dropped at once, without a close frame. */
  drop: boolean;
  firmwareVersion?: string;
}

/** The state of a charge point, and what it can do and say. It knows no socket: what it says goes to `outgoing`. */
export class ChargePoint {
  readonly id: string;
  readonly model: Model;
  readonly time: SimulatedTime;
  readonly random: Random;
  readonly traits: Traits;
  readonly outgoing: Outgoing;
  readonly clock: StationClock;
  readonly configuration: Configuration;
  readonly authorization: Authorization;
  readonly reservations = new Reservations();
  readonly profiles: ChargingProfiles;
  /** With connector 0, the charge point itself. */
  readonly connectors: readonly Connector[];
  /** Ended when a reboot is wanted. */
  readonly nap = new Nap();
  readonly heartbeatNap = new Nap();
  /** Asks nobody for a card, and charges whatever the central system thinks of the one it names. */
  readonly free: boolean;
  serialNumber: string;
  firmwareVersion: string;
  firmwareStatus = 'Idle';
  diagnosticsStatus = 'Idle';
  reboot: Reboot | undefined;
  /** Between the end of its transactions and its next boot nothing happens. */
  down = false;
  /** BootNotification was accepted once, or is not needed. */
  accepted = false;
  /** Aborted when the charge point is switched off. */
  gone: AbortSignal = new AbortController().signal;
  /** Told of a new AuthorizationKey. */
  onKey: (key: string) => void = () => {};

  constructor({ chargePointId, model, time, random, traits, outgoing }: ChargePointOptions) {
    this.id = chargePointId;
    this.model = model;
    this.time = time;
    this.random = random;
    this.traits = traits;
    this.outgoing = outgoing;
    this.clock = new StationClock(time, random.fork('clock'), traits.epochClock);
    this.configuration = new Configuration(model);
    this.authorization = new Authorization(this.configuration);
    this.profiles = new ChargingProfiles((text) => time.at(Date.parse(text)));
    this.free = random.chance(0.15);
    if (this.free) this.configuration.put('StopTransactionOnInvalidId', 'false');
    this.serialNumber = `SN${String(random.whole(0, 99_999_999)).padStart(8, '0')}`;
    this.firmwareVersion = model.firmwareVersion;
    this.connectors = Array.from(
      { length: model.connectors + 1 },
      (_, id) => new Connector(id, id === 0 ? 0 : random.whole(0, 5_000_000), new Nap()),
    );
  }

  get outlets(): readonly Connector[] {
    return this.connectors.slice(1);
  }

  connector(id: number): Connector | undefined {
    return this.connectors[id];
  }

  inTransaction(transactionId: number): Connector | undefined {
    return this.outlets.find(({ session }) => session?.transactionId === transactionId);
  }

  bootPayload(): Payload {
    return {
      chargePointVendor: this.model.vendor,
      chargePointModel: this.model.model,
      chargePointSerialNumber: this.serialNumber,
      firmwareVersion: this.firmwareVersion,
      meterType: 'MID',
    };
  }

  setStatus(connector: Connector, status: ConnectorStatus, errorCode = 'NoError'): void {
    connector.status = status;
    connector.errorCode = errorCode;
    void this.tellStatus(connector);
  }

  /** Reports a connector, unless the central system knows already. Resolves when it was answered or given up. */
  async tellStatus(connector: Connector, always = false): Promise<void> {
    const { id, status, errorCode } = connector;
    const told = `${status} ${errorCode}`;
    if (!always && connector.told === told) return;
    connector.told = told;
    const payload = { connectorId: id, status, errorCode, timestamp: this.clock.text() };
    const result = await this.outgoing.call('StatusNotification', payload);
    // Told anew after the next reconnect.
    if (result === undefined && connector.told === told) connector.told = undefined;
  }

  /** What the central system or, without a connection, the charge point itself says of an idTag. */
  async authorize(idTag: string): Promise<boolean> {
    const known = this.authorization.known(idTag);
    if (known?.status === 'Accepted' && this.configuration.flag('LocalPreAuthorize')) return true;
    const result = await this.outgoing.call('Authorize', { idTag });
    if (result) {
      const info = result.idTagInfo as IdTagInfo;
      this.authorization.learn(idTag, info);
      return info.status === 'Accepted';
    }
    if (known) return known.status === 'Accepted' && this.configuration.flag('LocalAuthorizeOffline');
    return this.configuration.flag('AllowOfflineTxForUnknownId');
  }

  async heartbeat(): Promise<void> {
    const result = await this.outgoing.call('Heartbeat', {});
    if (result) this.clock.set(result.currentTime as string);
  }

  async tellFirmware(status: string): Promise<void> {
    this.firmwareStatus = status;
    await this.outgoing.call('FirmwareStatusNotification', { status });
  }

  async tellDiagnostics(status: string): Promise<void> {
    this.diagnosticsStatus = status;
    await this.outgoing.call('DiagnosticsStatusNotification', { status });
  }

  /** A configuration key has a new value. */
  changed(key: string, value: string): void {
    if (key === 'AuthorizationKey') this.onKey(value);
    if (key === 'HeartbeatInterval') this.heartbeatNap.wake();
  }

  samples(connector: Connector, measurands: readonly string[], context: ReadingContext): Payload[] {
    return sampledValues(measurands, context, { connector, model: this.model, random: this.random });
  }

  /** MeterValues of a connector, as part of its transaction if there is one. */
  async meter(connector: Connector, context: ReadingContext, measurands: readonly string[]): Promise<void> {
    const sampledValue = this.samples(connector, measurands, context);
    const meterValue = [{ timestamp: this.clock.text(), sampledValue }];
    const { session, id: connectorId } = connector;
    if (!session) await this.outgoing.call('MeterValues', { connectorId, meterValue });
    else {
      await this.outgoing.keep('MeterValues', () => ({ connectorId, transactionId: session.saidId, meterValue }));
    }
  }

  /** W that the connector may give now. */
  powerLimit(connector: Connector): number {
    return this.profiles.limit(this.chargingAt(connector));
  }

  /** What limits a connector; for connector 0, all of them together. */
  chargingAt({ id, session }: Connector): Charging {
    const { phases, maxPower, connectors } = this.model;
    return {
      connectorId: id,
      at: this.time.now(),
      phases,
      maxPower: id === 0 ? maxPower * connectors : maxPower,
      transactionStart: session?.startedAt,
    };
  }

  /** Puts a connector into or out of operation; when it is in use, after that (OCPP 1.6 §5.2). */
  changeAvailability(connector: Connector, operative: boolean): 'Accepted' | 'Scheduled' {
    if (!operative && connector.session) {
      connector.inoperativeLater = true;
      return 'Scheduled';
    }
    connector.inoperativeLater = false;
    connector.operative = operative;
    return 'Accepted';
  }

  /** The status of a connector that nobody uses. */
  idleStatus(connector: Connector): ConnectorStatus {
    if (connector.inoperativeLater) {
      connector.inoperativeLater = false;
      connector.operative = false;
    }
    if (!connector.operative) return 'Unavailable';
    return connector.id > 0 && this.reservations.on(connector.id) ? 'Reserved' : 'Available';
  }

  /** What is reserved longer than agreed is free again. */
  endReservations(): void {
    for (const { reservationId, connectorId } of this.reservations.expired(Date.now())) {
      this.reservations.remove(reservationId);
      this.release(connectorId);
    }
  }

  /** The connector is free for everybody again. */
  release(id: number): void {
    const connector = this.connector(id);
    if (connector?.status === 'Reserved') this.setStatus(connector, this.idleStatus(connector));
  }

  restart(reboot: Reboot): void {
    this.reboot ??= reboot;
    this.nap.wake();
  }
}
