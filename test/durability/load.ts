import postgres from 'postgres';
import { expect, vi } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';

export interface LoadOptions {
  /** `ws://host:port` */
  url: string;
  /** What the ids of its charge points begin with. */
  prefix: string;
  stations?: number;
  /** Mean wait of a station before each message (ms). */
  paceMs?: number;
}

/** Stations that charge, one transaction after the other, and what they were answered. */
export class Load {
  readonly prefix: string;
  readonly ledger = newLedger();
  readonly stations: Station[];
  readonly #answers = new Map<string, number>();
  readonly #paceMs: number;
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;
  #finishing = false;

  constructor({ url, prefix, stations = 12, paceMs = 120 }: LoadOptions) {
    this.prefix = prefix;
    this.#paceMs = paceMs;
    const ids = Array.from({ length: stations }, (_, i) => `${prefix}${i + 1}`);
    this.stations = ids.map((chargePointId) => new Station({ url, chargePointId, answerTimeoutMs: 5_000 }));
  }

  get answers(): number {
    return [...this.#answers.values()].reduce((sum, n) => sum + n, 0);
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
    const before = new Map(this.#answers);
    const atLeast = this.answers + answers;
    await vi.waitFor(
      () => {
        if (this.#failure) throw this.#failure;
        const unserved = this.stations.filter(({ chargePointId: id }) => !(this.#count(id) > (before.get(id) ?? 0)));
        expect(unserved.map((station) => station.chargePointId)).toEqual([]);
        expect(this.answers).toBeGreaterThanOrEqual(atLeast);
      },
      { timeout: withinMs, interval: 50 },
    );
  }

  /** Every station stops its transaction, has it answered, and stays connected. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await this.#running;
    if (this.#failure) throw this.#failure;
  }

  disconnect(): void {
    for (const station of this.stations) station.stop();
  }

  async #charge(station: Station): Promise<void> {
    const { chargePointId } = station;
    const charging = new Charging(station, this.ledger, {
      idTag: chargePointId,
      paceMs: this.#paceMs,
      meterValues: 6,
      until: () => this.#finishing,
      onAnswer: () => this.#answers.set(chargePointId, this.#count(chargePointId) + 1),
    });
    await charging.boot();
    while (!this.#finishing) await charging.transaction();
  }

  #count(chargePointId: string): number {
    return this.#answers.get(chargePointId) ?? 0;
  }
}

export interface ThroughOptions extends LoadOptions {
  /** Answers that stations must get after `during`. */
  after?: number;
  /** How long the rows may take after the last message (ms). */
  settleMs?: number;
  /** Called when all is stored and the stations are still connected. */
  stored?: () => Promise<void>;
}

/**
 * The proof: stations charge, something happens (`during`), they go on; then every answered message has its rows,
 * exactly once.
 */
export async function chargingThrough(
  sql: postgres.Sql,
  { after = 400, settleMs = 60_000, stored, ...options }: ThroughOptions,
  during: (load: Load) => Promise<void>,
): Promise<Load> {
  const load = new Load(options).start();
  try {
    await load.more(100);
    await during(load);
    await load.more(after);
    await load.finish();
    await expectAllStored(sql, load, settleMs);
    await stored?.();
    return load;
  } finally {
    load.disconnect();
  }
}

export async function expectAllStored(sql: postgres.Sql, { ledger, prefix }: Load, withinMs: number): Promise<void> {
  expect(ledger.refused).toEqual([]);
  expect(ledger.meterValues.length).toBeGreaterThan(50);
  expect(ledger.transactions.length).toBeGreaterThan(5);
  expect(await settledDifferences(sql, ledger, prefix, withinMs)).toEqual([]);
  expect(await sql`SELECT * FROM dead_event WHERE starts_with(charge_point_id, ${prefix})`).toEqual([]);
}

/** A client that finds the database again soon after it was away. */
export function openSql(url: string): postgres.Sql {
  return postgres(url, { max: 1, fetch_types: false, prepare: false, backoff: () => 0.2, connect_timeout: 5 });
}
