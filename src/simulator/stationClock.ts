import type { Random } from './random.ts';
import type { SimulatedTime } from './simulatedTime.ts';

const HOUR_MS = 3_600_000;
/** A clock that was set back by less than this waits until it is right again, so that its times stay in order. */
const HELD_MS = 60_000;

/**
 * A charge point's own clock: wrong when it is switched on, right when the central system has told the time (OCPP 1.6
 * §4.2: "It is RECOMMENDED that the Charge Point sets its clock to the current time received"), and drifting since.
 */
export class StationClock {
  readonly #time: SimulatedTime;
  readonly #epoch: boolean;
  /** ms gained per ms */
  readonly #drift: number;
  #error: number;
  #setAt: number;
  #last = 0;

  /** @param epoch it knows no time until it is set: counts from 1970, and is never set. */
  constructor(time: SimulatedTime, random: Random, epoch = false) {
    this.#time = time;
    this.#epoch = epoch;
    this.#setAt = time.now();
    this.#error = epoch ? -this.#setAt : random.pick([0, -2 * HOUR_MS, HOUR_MS, -random.between(0, 300 * HOUR_MS)]);
    this.#drift = random.between(-50, 50) / 1e6;
  }

  /** ms since 1970; no two readings are alike. */
  read(): number {
    const now = this.#time.now();
    let shown = Math.floor(now + this.#error + (now - this.#setAt) * this.#drift);
    if (shown <= this.#last && this.#last - shown < HELD_MS) shown = this.#last + 1;
    this.#last = shown;
    return shown;
  }

  /** As a station writes it. */
  text(): string {
    return new Date(this.read()).toISOString();
  }

  /** @param currentTime of the central system: real time, which is this moment here. */
  set(currentTime: string): void {
    if (this.#epoch) return;
    const now = this.#time.now();
    this.#error = this.#time.at(Date.parse(currentTime)) - now;
    this.#setAt = now;
  }
}
