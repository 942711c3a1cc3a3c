import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../src/simulator/random.ts';
import { Charging, newLedger } from '../src/simulator/session.ts';
import { Station, type StationOptions } from '../src/simulator/station.ts';

export interface LoadOptions {
  /** `ws://host:port` */
  url: string;
  /** What the ids of its charge points begin with. */
  prefix: string;
  stations?: number;
  /** Mean wait of a station before each message (ms). */
  paceMs?: number;
  random?: Random;
  /** Further options of its stations. */
  station?: Partial<StationOptions>;
}

/** Stations that charge, one transaction after the other, and what they were answered. */
export class Load {
  readonly prefix: string;
  readonly ledger = newLedger();
  readonly stations: Station[];
  /** Further sockets of its stations: CALLs may come to them as well. */
  readonly others: Station[] = [];
  readonly #paceMs: number;
  readonly #random: Random;
  /** When each station was answered something that must last: no Heartbeat, no Authorize. In order. */
  readonly #answeredAt = new Map<string, number[]>();
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;
  #finishing = false;

  constructor({ url, prefix, stations = 12, paceMs = 120, random = new Random(1), station }: LoadOptions) {
    this.prefix = prefix;
    this.#paceMs = paceMs;
    this.#random = random;
    const ids = Array.from({ length: stations }, (_, i) => `${prefix}${i + 1}`);
    this.stations = ids.map((chargePointId) => new Station({ url, chargePointId, answerTimeoutMs: 5_000, ...station }));
  }

  /** CALLs answered so far, Heartbeats and Authorizes left out. */
  get answers(): number {
    return [...this.#answeredAt.values()].reduce((sum, times) => sum + times.length, 0);
  }

  get connects(): number {
    return this.stations.reduce((sum, station) => sum + station.connects, 0);
  }

  start(): this {
    this.#running = Promise.all(this.stations.map((station) => this.#charge(station))).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error;
      },
    );
    return this;
  }

  /** Resolves when so many further CALLs were answered, at least one of every station among them. */
  async more(answers: number, withinMs = 60_000): Promise<void> {
    const since = Date.now();
    const atLeast = this.answers + answers;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const unserved = this.unservedSince(since);
      if (unserved.length === 0 && this.answers >= atLeast) return;
      if (Date.now() - since > withinMs) {
        throw new Error(
          `${this.answers - atLeast + answers} of ${answers} CALLs answered within ${withinMs / 1_000} s; ` +
            `unserved: ${unserved.join(', ') || 'none'}`,
        );
      }
      await sleep(50);
    }
  }

  /** Stations without an answer since a moment (ms since 1970). */
  unservedSince(moment: number): string[] {
    return this.stations
      .map((station) => station.chargePointId)
      .filter((id) => (this.#answeredAt.get(id)?.at(-1) ?? 0) < moment);
  }

  /** When the last station had its first answer since a moment (ms since 1970). */
  servedAllAt(moment: number): number {
    const first = this.stations.map(
      ({ chargePointId: id }) => this.#answeredAt.get(id)?.find((at) => at >= moment) ?? Infinity,
    );
    return Math.max(...first);
  }

  /** Every station stops its transaction, has it answered, and stays connected. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await this.#running;
    if (this.#failure) throw this.#failure;
  }

  disconnect(): void {
    for (const station of [...this.stations, ...this.others]) station.stop();
  }

  async #charge(station: Station): Promise<void> {
    const { chargePointId } = station;
    const random = this.#random.fork(chargePointId);
    const charging = new Charging(station, this.ledger, {
      idTag: chargePointId,
      paceMs: this.#paceMs,
      random: () => random.next(),
      meterValues: 6,
      until: () => this.#finishing,
      onAnswer: (action) => this.#answered(chargePointId, action),
    });
    await charging.boot();
    while (!this.#finishing) await charging.transaction();
  }

  #answered(chargePointId: string, action: string): void {
    if (action === 'Heartbeat' || action === 'Authorize') return;
    const times = this.#answeredAt.get(chargePointId) ?? [];
    if (times.push(Date.now()) === 1) this.#answeredAt.set(chargePointId, times);
  }
}
