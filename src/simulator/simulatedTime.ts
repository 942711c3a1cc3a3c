/** The server believes a station's time from 30 days before the receipt on: the simulation stays within. */
const FURTHEST_BACK_MS = 29 * 86_400_000;
const DAY_MS = 86_400_000;

export interface SimulatedTimeOptions {
  /** Simulated seconds per real second, at least 1. */
  speed: number;
  /** Real length of the run (s). Without it the clock starts a day back. */
  seconds?: number;
}

/**
 * A clock that runs `speed` times as fast as the real one and never overtakes it.
 *
 * The server takes a time for implausible that lies more than 5 minutes after its receipt. So simulated time begins in
 * the past, as far back as it will gain on the real clock, meets it at the end of the run and then goes on with it.
 */
export class SimulatedTime {
  readonly #speed: number;
  /** When both clocks meet (ms since 1970). */
  readonly #meet: number;

  /** @throws RangeError if the run would have to begin earlier than a server believes. */
  constructor({ speed, seconds }: SimulatedTimeOptions) {
    if (!(speed >= 1)) throw new RangeError(`a speed of at least 1 is expected, not ${speed}`);
    const behind = speed === 1 ? 0 : seconds === undefined ? DAY_MS : seconds * 1_000 * (speed - 1);
    if (behind > FURTHEST_BACK_MS) {
      const days = Math.round(behind / DAY_MS);
      throw new RangeError(`the run would begin ${days} days back, servers believe at most 30: lower speed or seconds`);
    }
    this.#speed = speed;
    this.#meet = speed === 1 ? 0 : Date.now() + behind / (speed - 1);
  }

  /** ms since 1970 */
  now(): number {
    return this.at(Date.now());
  }

  /** The simulated time at a real one (both ms since 1970): what a server calls "now" is "now" to a simulated station. */
  at(real: number): number {
    return real >= this.#meet ? real : this.#meet - (this.#meet - real) * this.#speed;
  }

  /** Resolves after `ms` of simulated time, or when one of the signals is aborted. Never rejects. */
  sleep(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (signals.some(({ aborted }) => aborted)) return Promise.resolve();
    const until = this.now() + ms;
    const real = until >= this.#meet ? until : this.#meet - (this.#meet - until) / this.#speed;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(real - Date.now(), 2 ** 31 - 1));
      for (const signal of signals) signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** A sleep that somebody else can end. */
export class Nap {
  #waking = new AbortController();

  /** Resolves after `ms` of simulated time, when woken, or when one of the signals is aborted. */
  sleep(time: SimulatedTime, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (this.#waking.signal.aborted) this.#waking = new AbortController();
    return time.sleep(ms, this.#waking.signal, ...signals);
  }

  wake(): void {
    this.#waking.abort();
  }
}
