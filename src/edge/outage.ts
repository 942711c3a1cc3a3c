import type { Logger } from 'pino';

/** Failures of this many charge points in a row mean that Temporal is away, not that a charge point is odd. */
const AWAY_AFTER = 3;

/** Delays (ms) after failures: doubled each time, from `first` to `most`, with some jitter. */
export interface Backoff {
  first: number;
  most: number;
}

export function delayOf({ first, most }: Backoff, attempt: number): number {
  const delay = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return delay * (0.5 + Math.random() / 2);
}

/** Temporal is away: one attempt at a time, with pauses, instead of one per charge point. */
export class Outage {
  /** No delivery is to be begun now. */
  paused = false;

  readonly #options: { backoff: Backoff; resume: () => void; log: Logger };
  /** Charge points that failed since the last delivery that succeeded. */
  readonly #failing = new Set<string>();
  /** Pauses since the last delivery that succeeded. */
  #pauses = 0;

  /** @param options.resume called at the end of each pause */
  constructor(options: { backoff: Backoff; resume: () => void; log: Logger }) {
    this.#options = options;
  }

  get suspected(): boolean {
    return this.#pauses > 0;
  }

  /** @returns whether it made a pause begin */
  failed(chargePointId: string, error: unknown): boolean {
    this.#failing.add(chargePointId);
    if (this.#failing.size < AWAY_AFTER || this.paused) return false;
    const { backoff, resume, log } = this.#options;
    if (!this.suspected) log.warn({ err: error }, 'Temporal accepts no deliveries: the journal keeps the events');
    this.paused = true;
    setTimeout(
      () => {
        this.paused = false;
        resume();
      },
      delayOf(backoff, this.#pauses++),
    ).unref();
    return true;
  }

  /** A delivery has succeeded. */
  ended(): void {
    if (this.suspected) this.#options.log.info('deliveries to Temporal go on');
    this.#failing.clear();
    this.#pauses = 0;
  }
}
