/** With the credit used up, one backlog gets a turn in this time (ms) all the same: one that is stuck holds up none. */
const PACE_MS = 1_000;

/**
 * What charge points that drain a backlog may take of the deliveries: half of those under way at a time, and a credit of
 * events delivered and not yet persisted, over all of them. So what waits in Temporal and before the database stays
 * short, and a live charge point's message overtakes a backlog of any length.
 */
export class BacklogShare {
  /** Backlogs have to wait for the database. */
  held = false;
  readonly #most: number;
  readonly #credit: number;
  readonly #onHeld: () => void;
  #inFlight = 0;
  #unpersisted = 0;
  #turnAt = 0;

  /** @param options.onHeld called when backlogs begin to wait for the database */
  constructor(options: { maxInFlight: number; credit: number; onHeld: () => void }) {
    this.#most = Math.max(1, options.maxInFlight / 2);
    this.#credit = options.credit;
    this.#onHeld = options.onHeld;
  }

  /** When a charge point with a backlog may have a turn: ms since 1970; Infinity: when one has ended. */
  from(now: number): number {
    const { held } = this;
    this.held = false;
    if (this.#inFlight >= this.#most) return Infinity;
    if (this.#unpersisted < this.#credit) return now;
    this.held = true;
    if (!held) this.#onHeld();
    return this.#turnAt + PACE_MS;
  }

  turnBegins(): void {
    this.#inFlight++;
    this.#turnAt = Date.now();
  }

  turnEnds(): void {
    this.#inFlight--;
  }

  /** So many events go out. */
  take(events: number): void {
    this.#unpersisted += events;
  }

  /** They are persisted, or were not accepted, or are to be delivered again. */
  giveBack(events: number): void {
    this.#unpersisted -= events;
  }
}
