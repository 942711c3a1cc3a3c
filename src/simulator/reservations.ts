export interface Reservation {
  reservationId: number;
  connectorId: number;
  idTag: string;
  parentIdTag?: string | undefined;
  /** ms since 1970, by the central system's clock */
  expiry: number;
}

/** What is reserved for whom (OCPP 1.6 §3.11). */
export class Reservations {
  readonly #byId = new Map<number, Reservation>();

  /** Replaces the one of the same id. */
  put(reservation: Reservation): void {
    this.#byId.set(reservation.reservationId, reservation);
  }

  get(reservationId: number): Reservation | undefined {
    return this.#byId.get(reservationId);
  }

  on(connectorId: number): Reservation | undefined {
    return [...this.#byId.values()].find((reservation) => reservation.connectorId === connectorId);
  }

  remove(reservationId: number): Reservation | undefined {
    const found = this.#byId.get(reservationId);
    this.#byId.delete(reservationId);
    return found;
  }

  expired(now: number): Reservation[] {
    return [...this.#byId.values()].filter(({ expiry }) => expiry <= now);
  }
}
