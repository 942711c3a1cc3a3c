/**
 * Slows down who guesses: after some wrong attempts each further one makes its key wait, twice as long every time.
 * Counts in memory, of the keys heard of last.
 */
export class Attempts {
  readonly #options: Required<AttemptsOptions>;
  /** In the order of the last failure. */
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(options: AttemptsOptions) {
    this.#options = { first: 1_000, remembered: 10_000, now: Date.now, ...options };
  }

  /** How long (ms) the key has to wait before it may try again; 0: not at all. */
  blockedFor(key: string): number {
    return Math.max(0, (this.#failures.get(key)?.until ?? 0) - this.#options.now());
  }

  failed(key: string): void {
    const { free, first, most, remembered, now } = this.#options;
    const before = this.#failures.get(key);
    const forgotten = before === undefined || now() - before.until > FORGOTTEN_AFTER * most;
    const count = (forgotten ? 0 : before.count) + 1;
    const wait = count <= free ? 0 : Math.min(most, first * 2 ** Math.min(count - free - 1, 30));
    this.#failures.delete(key);
    this.#failures.set(key, { count, until: now() + wait });
    if (this.#failures.size <= remembered) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}

export interface AttemptsOptions {
  /** Failures without a wait. */
  free: number;
  /** Longest wait (ms). */
  most: number;
  /** Wait (ms) after the first failure that is not free, default 1,000. */
  first?: number;
  /** Keys, default 10,000. */
  remembered?: number;
  /** Clock (ms). */
  now?: () => number;
}

/** Failures are forgotten after a rest of so many times the longest wait. */
const FORGOTTEN_AFTER = 10;
