/** From an operator's request to the station's socket, and to the outcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import { newLedger } from '../../src/simulator/session.ts';
import { settledDifferences } from '../../test/support/ledgerCheck.ts';
import { percentiles } from '../percentiles.ts';
import { usage } from '../processes.ts';
import { progress } from '../progress.ts';
import type { CommandedStation, Target } from './target.ts';

export interface LatencyOptions {
  stations: number;
  /** Messages per second of all stations together. */
  rate: number;
  commands: number;
  /** Commands per second. */
  pace: number;
}

const PREFIX = 'REST-';
/** Told in `Prefer: wait=`. */
const WAIT_SECONDS = 10;
/** A command that has not come, or not ended, by then is missing. */
const GIVEN_UP_MS = 60_000;
/** Of the load before what is measured begins. */
const WARM_UP_MS = 3_000;
const POLL_MS = 10;

export async function latency(target: Target, { stations: count, rate, commands, pace }: LatencyOptions) {
  let answered = 0;
  progress(`booting ${count} stations`);
  const paceMs = (1_000 * count) / rate;
  const ledger = newLedger();
  const onAnswer = () => (answered += 1);
  const stations = await target.bootStations(PREFIX, count, { ledger, paceMs, onAnswer });

  const idle = await measure(target, stations, { name: 'idle', commands, pace });

  const over = new AbortController();
  const charging = stations.map(async (each) => {
    while (!over.signal.aborted) await each.charging.transaction();
  });
  const measureUnderLoad = async () => {
    try {
      await sleep(WARM_UP_MS);
      const [before, began] = [answered, performance.now()];
      const measured = await measure(target, stations, { name: 'under load', commands, pace });
      const messagesPerSecond = Math.round((answered - before) / ((performance.now() - began) / 1_000));
      return { messagesPerSecond, ...measured };
    } finally {
      over.abort();
    }
  };
  const [underLoad] = await Promise.all([measureUnderLoad(), ...charging]);
  progress('waiting for the last rows');
  const differences = await settledDifferences(target.sql, ledger, PREFIX, 60_000);
  for (const { station } of stations) station.stop();
  return {
    stations: count,
    idle,
    underLoad,
    differences: [...differences, ...ledger.refused.slice(0, 5)],
  };
}

/** How many cores each process has kept busy from now on, until the result is called. */
async function coresUsed({ program }: Target): Promise<() => Record<string, number>> {
  const pids = {
    server: program.pid,
    Temporal: await program.embeddedPid('temporal'),
    TimescaleDB: await program.embeddedPid('database'),
    'load generator': process.pid,
  };
  const cpuOf = () => Object.values(pids).map((pid) => usage(pid).cpuSeconds);
  const [before, began] = [cpuOf(), performance.now()];
  return () => {
    const seconds = (performance.now() - began) / 1_000;
    const used = cpuOf().map((cpu, i) => Math.round((100 * (cpu - before[i]!)) / seconds) / 100);
    return Object.fromEntries(Object.keys(pids).map((name, i) => [name, used[i]!]));
  };
}

/** Commands at a steady pace, each to the next station, whether the ones before have ended or not. */
async function measure(
  target: Target,
  stations: readonly CommandedStation[],
  { name, commands, pace }: { name: string; commands: number; pace: number },
) {
  const received: number[] = [];
  const stored: number[] = [];
  const waited: number[] = [];
  const rows = new Rows(target);
  let queuedOnly = 0;
  let repeats = 0;
  let missing = 0;
  const cores = await coresUsed(target);
  const began = performance.now();
  const ask = async (i: number) => {
    const each = stations[i % stations.length] as CommandedStation;
    const { chargePointId } = each.station;
    const label = `${name} ${i}`;
    await sleep(began + (i * 1_000) / pace - performance.now());
    const asked = performance.now();
    const arrival = each.next(label);
    const answered = async () => {
      const told = await target.submit(chargePointId, label, WAIT_SECONDS);
      repeats += told.repeats;
      if (told.status === 200) waited.push(performance.now() - asked);
      else queuedOnly += 1;
    };
    const followed = async () => {
      const arrivedAt = await Promise.race([arrival, sleep(GIVEN_UP_MS, undefined, { ref: false })]);
      if (arrivedAt !== undefined) received.push(arrivedAt - asked);
      const storedAt = arrivedAt && (await rows.completed(label, asked + GIVEN_UP_MS));
      if (storedAt === undefined) missing += 1;
      else stored.push(storedAt - asked);
    };
    await Promise.all([answered(), followed()]);
    progress(`${name}: ${stored.length + missing} of ${commands} commands have ended`);
  };
  await Promise.all(Array.from({ length: commands }, (_, i) => ask(i)));
  const doubled = stations.reduce((sum, each) => sum + repeated(each.received, name), 0);
  return {
    commands,
    cores: cores(),
    toSocket: percentiles(received),
    toRow: percentiles(stored),
    toAnswer: waited.length > 0 ? percentiles(waited) : null,
    answeredBeforeTheEnd: queuedOnly,
    repeats,
    missing,
    doubled,
  };
}

/** When the rows of commands say that they have completed, as seen by one look after the other at those awaited. */
class Rows {
  readonly #target: Target;
  readonly #awaited = new Map<string, (completedAt: number | undefined) => void>();
  #looking = false;

  constructor(target: Target) {
    this.#target = target;
  }

  /** `performance.now()`; undefined where it has ended otherwise, or not by then. */
  completed(commandId: string, until: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#awaited.set(commandId, resolve);
      setTimeout(() => this.#end(commandId), until - performance.now()).unref();
      if (!this.#looking) void this.#look();
    });
  }

  #end(commandId: string, completedAt?: number): void {
    this.#awaited.get(commandId)?.(completedAt);
    this.#awaited.delete(commandId);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#awaited.size > 0) {
      const ids = [...this.#awaited.keys()];
      const rows = await this.#target.sql<{ command_id: string; state: string }[]>`
        SELECT command_id, state FROM command WHERE command_id IN ${this.#target.sql(ids)} AND ended_at IS NOT NULL`;
      for (const { command_id: id, state } of rows)
        this.#end(id, state === 'completed' ? performance.now() : undefined);
      await sleep(POLL_MS);
    }
    this.#looking = false;
  }
}

function repeated(received: CommandedStation['received'], name: string): number {
  const labels = received.map(({ label }) => label).filter((label) => label.startsWith(name));
  return labels.length - new Set(labels).size;
}
