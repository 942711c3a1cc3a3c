import { AnswerCheck, type WrongAnswer } from './answers.ts';
import { fewFaults, manyFaults } from './faults.ts';
import { newSimulationLedger, type SimulationLedger } from './ledger.ts';
import type { Misbehaviour } from './misbehaviours/misbehaviour.ts';
import { misbehaviours, misbehavioursNamed } from './misbehaviours/table.ts';
import { Random } from './random.ts';
import { SimulatedStation } from './simulatedStation.ts';
import { SimulatedTime } from './simulatedTime.ts';

export interface SimulationOptions {
  /** `ws://host:port` */
  url: string;
  stations: number;
  /** Simulated seconds per real second. */
  speed?: number;
  /** Real length of the run (s); without it until its signal is aborted. */
  seconds?: number;
  /** The same seed makes the same stations, drivers and faults. */
  seed?: number;
  /** For basic authentication of every station. */
  password?: string;
  /** Cuts, late and missing answers, duplicates, and odd stations among the others. */
  faults?: boolean;
  /** Names: every station has all of them. `['all']`: station i has the i-th of the table. */
  misbehave?: readonly string[];
  /** What the ids of the charge points begin with. */
  prefix?: string;
  /** Cards of the drivers. */
  idTags?: readonly string[];
  /** See `SimulatedStationOptions`. */
  answerTimeoutMs?: number;
  /** What is said at the end may take so long (real ms). */
  drainMs?: number;
}

/** How a simulation stands. */
export interface Standing {
  stations: number;
  online: number;
  /** Running transactions. */
  charging: number;
  calls: number;
  answers: number;
  /** CALLs of the central system. */
  commands: number;
  /** CALLs sent again after they had not been answered. */
  repeats: number;
  /** Connections made. */
  connections: number;
  wrong: number;
  /** Wh, as the central system has confirmed it. */
  energyWh: number;
  /** StartTransactions answered. */
  started: number;
  /** StopTransactions answered. */
  stopped: number;
  /** StartTransactions whose idTag was not accepted. */
  refusedTags: number;
  /** Transaction messages that wait to be sent. */
  undelivered: number;
  /** ms since 1970 */
  simulatedTime: number;
}

/** Charge points with lives of their own against one central system. */
export class Simulation {
  readonly stations: readonly SimulatedStation[];
  readonly ledger: SimulationLedger = newSimulationLedger();
  readonly #check = new AnswerCheck();
  readonly #options: SimulationOptions;
  readonly #time: SimulatedTime;

  /** @throws RangeError for a run that is too long for its speed, and for unknown misbehaviours. */
  constructor(options: SimulationOptions) {
    const { speed = 1, seconds, seed = 1, prefix = 'SIM-', stations } = options;
    this.#options = options;
    this.#time = new SimulatedTime({ speed, ...(seconds === undefined ? {} : { seconds }) });
    const idTags = options.idTags ?? simulatedIdTags;
    const root = new Random(seed);
    const digits = Math.max(3, String(stations).length);
    this.stations = Array.from({ length: stations }, (_, i) => {
      const chargePointId = `${prefix}${String(i + 1).padStart(digits, '0')}`;
      const random = root.fork(`charge point ${i}`);
      return new SimulatedStation({
        url: options.url,
        chargePointId,
        random,
        time: this.#time,
        check: this.#check,
        ledger: this.ledger,
        misbehaviours: this.#oddities(i, random.fork('oddities')),
        faults: options.faults ? manyFaults : fewFaults,
        drivers: { idTags },
        ...(options.password === undefined ? {} : { password: options.password }),
        ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
      });
    });
  }

  /** The first wrong answers; `standing.wrong` counts all. */
  get wrong(): readonly WrongAnswer[] {
    return this.#check.wrong;
  }

  get standing(): Standing {
    const sum = (of: (station: SimulatedStation) => number) => this.stations.reduce((so, each) => so + of(each), 0);
    const { transactions } = this.ledger;
    return {
      stations: this.stations.length,
      online: sum(({ station }) => Number(station.connected)),
      charging: sum(({ chargePoint }) => chargePoint.outlets.filter(({ session }) => session).length),
      calls: sum(({ wire }) => wire.traffic.calls),
      answers: sum(({ wire }) => wire.traffic.answers),
      commands: sum(({ wire }) => wire.traffic.commands),
      repeats: sum(({ wire }) => wire.traffic.repeats),
      connections: sum(({ station }) => station.connects),
      wrong: this.#check.wrongCount,
      energyWh: transactions.reduce((so, { stop, meterStart }) => so + (stop ? stop.meterStop - meterStart : 0), 0),
      started: this.ledger.answered.StartTransaction ?? 0,
      stopped: this.ledger.answered.StopTransaction ?? 0,
      refusedTags: transactions.filter(({ idTagStatus }) => idTagStatus !== 'Accepted').length,
      undelivered: sum(({ chargePoint }) => chargePoint.outgoing.waiting),
      simulatedTime: this.#time.now(),
    };
  }

  /** Until `seconds` are over or `signal` is aborted; then in order: transactions are ended and told. */
  async run(signal: AbortSignal): Promise<void> {
    const { seconds, drainMs } = this.#options;
    const ending = new AbortController();
    const end = () => ending.abort();
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1_000);
    await Promise.all(this.stations.map((station) => station.run(ending.signal, drainMs)));
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }

  #oddities(index: number, random: Random): Misbehaviour[] {
    const { misbehave = [], faults } = this.#options;
    const all = [...misbehaviours.values()];
    if (misbehave.includes('all')) return [all[index % all.length]!];
    const named = misbehavioursNamed(misbehave);
    if (named.length > 0 || !faults || random.chance(0.4)) return named;
    const first = random.pick(all);
    const second = random.pick(all);
    return random.chance(0.3) && second !== first ? [first, second] : [first];
  }
}

/** Cards that come by. Whoever wants them accepted registers them, or lets unknown ones in. */
export const simulatedIdTags: readonly string[] = Array.from(
  { length: 100 },
  (_, i) => `SIM${String(i + 1).padStart(5, '0')}`,
);
