/** How wrong attempts are slowed down. */
export interface AttemptsOptions {
  /** Wrong ones that cost nothing: people mistype. */
  free?: number;
  /** ms; the first wait, doubled with every further wrong attempt. */
  first?: number;
  /** ms; no wait is longer. */
  most?: number;
  now?: () => number;
}

/** Of as many callers something is remembered at a time; the oldest are forgotten first. */
const REMEMBERED = 10_000;

/** Slows down who gives wrong passwords or tokens again and again: guessing gets nowhere, and nobody else waits. */
export class Attempts {
  readonly #wrong = new Map<string, { count: number; until: number; at: number }>();
  readonly #free: number;
  readonly #first: number;
  readonly #most: number;
  readonly #now: () => number;

  constructor({ free = 5, first = 1_000, most = 60_000, now = Date.now }: AttemptsOptions = {}) {
    this.#free = free;
    this.#first = first;
    this.#most = most;
    this.#now = now;
  }

  /** How long (ms) `who` has to wait before the next attempt is looked at; 0: not at all. */
  blockedFor(who: string): number {
    return Math.max(0, (this.#wrong.get(who)?.until ?? 0) - this.#now());
  }

  failed(who: string): void {
    const now = this.#now();
    const before = this.#wrong.get(who);
    // After ten times the longest wait everything is forgiven.
    const count = before && now - before.at < 10 * this.#most ? before.count + 1 : 1;
    const wait = count <= this.#free ? 0 : Math.min(this.#most, this.#first * 2 ** (count - this.#free - 1));
    this.#wrong.delete(who);
    this.#wrong.set(who, { count, until: now + wait, at: now });
    if (this.#wrong.size <= REMEMBERED) return;
    for (const oldest of this.#wrong.keys()) {
      this.#wrong.delete(oldest);
      return;
    }
  }

  succeeded(who: string): void {
    this.#wrong.delete(who);
  }
}
