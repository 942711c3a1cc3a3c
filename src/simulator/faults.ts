import type { Random } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How often things go wrong with a charge point's connection. */
export interface FaultRates {
  /** Mean time between two losses of the connection (simulated ms). */
  meanConnectedMs: number;
  /** Mean time until it is back (simulated ms). */
  meanOfflineMs: number;
  /** Share of CALLs sent twice under the same id. */
  duplicates: number;
  /** Share of CALLs of the central system that are never answered. */
  mute: number;
  /** Share of CALLs after which the connection is cut before the answer. */
  cuts: number;
}

export const fewFaults: FaultRates = {
  meanConnectedMs: 10 * HOUR,
  meanOfflineMs: 5 * MINUTE,
  duplicates: 0,
  mute: 0,
  cuts: 0,
};

export const manyFaults: FaultRates = {
  meanConnectedMs: 40 * MINUTE,
  meanOfflineMs: 4 * MINUTE,
  duplicates: 0.03,
  mute: 0.1,
  cuts: 0.01,
};

/** Decides what goes wrong with one charge point. */
export class Faults {
  readonly #rates: FaultRates;
  readonly #random: Random;

  constructor(rates: FaultRates, random: Random) {
    this.#rates = rates;
    this.#random = random;
  }

  /** Simulated ms */
  connectedMs(): number {
    return this.#random.wait(this.#rates.meanConnectedMs);
  }

  /** Simulated ms */
  offlineMs(): number {
    return this.#random.wait(this.#rates.meanOfflineMs);
  }

  duplicates(): boolean {
    return this.#random.chance(this.#rates.duplicates);
  }

  mute(): boolean {
    return this.#random.chance(this.#rates.mute);
  }

  cuts(): boolean {
    return this.#random.chance(this.#rates.cuts);
  }
}
