import type { Random } from './random.ts';

/** Above this share of its battery a vehicle takes less and less. */
const TAPER_FROM = 0.8;
/** What is left of its power when it is nearly full. */
const TAPER_TO = 0.06;

/** A battery on wheels: takes constant power, then less and less, then none. */
export class Vehicle {
  readonly batteryWh: number;
  /** W */
  readonly maxPower: number;
  /** Wh */
  #charged: number;

  constructor(random: Random, direct: boolean) {
    this.batteryWh = random.whole(30, 90) * 1_000;
    this.maxPower = direct ? random.whole(50, 170) * 1_000 : random.pick([3_680, 7_360, 11_040, 11_040, 22_080]);
    this.#charged = this.batteryWh * random.between(0.1, 0.75);
  }

  /** 0 to 100 */
  get stateOfCharge(): number {
    return Math.min(100, (this.#charged / this.batteryWh) * 100);
  }

  get full(): boolean {
    return this.#charged >= this.batteryWh;
  }

  /** What it would take now (W). */
  get demand(): number {
    if (this.full) return 0;
    const share = this.#charged / this.batteryWh;
    if (share <= TAPER_FROM) return this.maxPower;
    const left = (1 - share) / (1 - TAPER_FROM);
    return this.maxPower * (TAPER_TO + (1 - TAPER_TO) * left);
  }

  /** Takes at most `limit` (W) for `ms`; returns the energy (Wh). */
  charge(ms: number, limit: number): number {
    const wh = Math.min((Math.min(this.demand, limit) * ms) / 3_600_000, this.batteryWh - this.#charged);
    this.#charged += wh;
    if (this.batteryWh - this.#charged < 1) this.#charged = this.batteryWh;
    return wh;
  }
}
