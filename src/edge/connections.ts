import type { Logger } from 'pino';
import { Lane } from './lane.ts';
import type { StationConnection } from './station.ts';

/** The stations connected to this edge. */
export class Connections {
  readonly #byId = new Map<string, StationConnection>();
  /** More than one connection of a charge point: an old one is half-open. In order of arrival. */
  readonly #byChargePoint = new Map<string, { lane: Lane; connections: StationConnection[] }>();

  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(connection: string): StationConnection | undefined {
    return this.#byId.get(connection);
  }

  /** CALLs go to the newest; an older one may be half-open (https://github.com/lorenzodonini/ocpp-go/issues/314). */
  newest(chargePointId: string): StationConnection | undefined {
    return this.#byChargePoint.get(chargePointId)?.connections.findLast((connection) => connection.isOpen);
  }

  /** In order of arrival. */
  of(chargePointId: string): readonly StationConnection[] {
    return this.#byChargePoint.get(chargePointId)?.connections ?? [];
  }

  all(): IterableIterator<StationConnection> {
    return this.#byId.values();
  }

  /** `create` gets the lane that all connections of the charge point share. */
  open(chargePointId: string, create: (lane: Lane) => StationConnection): StationConnection {
    let entry = this.#byChargePoint.get(chargePointId);
    if (entry === undefined) {
      const failed = (error: unknown) =>
        this.#log.error({ err: error, chargePoint: chargePointId }, 'a message failed');
      entry = { lane: new Lane(failed), connections: [] };
      this.#byChargePoint.set(chargePointId, entry);
    }
    const connection = create(entry.lane);
    entry.connections.push(connection);
    this.#byId.set(connection.id, connection);
    return connection;
  }

  /** As the last task of the connection in its lane: with no connection left, nothing waits in the lane. */
  remove(connection: StationConnection): void {
    this.#byId.delete(connection.id);
    const entry = this.#byChargePoint.get(connection.chargePointId);
    if (entry === undefined) return;
    entry.connections = entry.connections.filter((other) => other !== connection);
    if (entry.connections.length === 0) this.#byChargePoint.delete(connection.chargePointId);
  }
}
