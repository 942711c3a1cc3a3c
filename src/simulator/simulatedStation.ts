import { setMaxListeners } from 'node:events';
import { setTimeout as realTime } from 'node:timers/promises';
import { AnswerCheck } from './answers.ts';
import { ChargePoint, type Reboot } from './chargePoint.ts';
import { receive } from './commands/receive.ts';
import { Drivers, type DriverOptions } from './driver.ts';
import { Faults, fewFaults, type FaultRates } from './faults.ts';
import { newSimulationLedger, type SimulationLedger } from './ledger.ts';
import { usual, type Misbehaviour, type Traits } from './misbehaviours/misbehaviour.ts';
import { models, type Model } from './models.ts';
import { Outgoing } from './outgoing.ts';
import { Random } from './random.ts';
import { SimulatedTime } from './simulatedTime.ts';
import { Station } from './station.ts';
import { Wire } from './wire.ts';

export interface SimulatedStationOptions {
  /** `ws://host:port`; the station adds its id. */
  url: string;
  chargePointId: string;
  /** For basic authentication. */
  password?: string;
  model?: Model;
  /** Shared by all stations of a simulation; by default the real time. */
  time?: SimulatedTime;
  random?: Random;
  /** Shared by all stations of a simulation. */
  check?: AnswerCheck;
  /** Shared by all stations of a simulation. */
  ledger?: SimulationLedger;
  misbehaviours?: readonly Misbehaviour[];
  faults?: FaultRates;
  drivers?: DriverOptions;
  /** Without an answer for this long (real ms) on a living connection, the answer counts as wrong. */
  answerTimeoutMs?: number;
}

/** A timer that keeps no process alive. */
const IDLE = { ref: false };
/** How long a boot takes (simulated ms). */
const BOOT_MS = 15_000;
/** How long what is to be said before a Soft reset may take (real ms). */
const FLUSH_MS = 3_000;
/** How long an orderly close of the connection may take (real ms). */
const CLOSE_MS = 2_000;
/** What stations use while BootNotification.conf has not told them better (simulated s). */
const BOOT_RETRY_S = 30;

/** A charge point with a life: state, drivers, connection, reboots; over a real WebSocket. */
export class SimulatedStation {
  readonly chargePoint: ChargePoint;
  readonly station: Station;
  readonly wire: Wire;
  readonly misbehaviours: readonly Misbehaviour[];
  readonly #traits: Traits;
  readonly #check: AnswerCheck;
  readonly #faults: Faults;
  readonly #time: SimulatedTime;
  readonly #drivers: DriverOptions;
  readonly #random: Random;
  #booted = false;
  #session: AbortSignal = new AbortController().signal;

  constructor(options: SimulatedStationOptions) {
    const { chargePointId, misbehaviours = [], random = new Random(1), model = random.pick(models) } = options;
    this.misbehaviours = misbehaviours;
    this.#traits = Object.assign({}, usual, ...misbehaviours.map(({ traits }) => traits)) as Traits;
    this.#time = options.time ?? new SimulatedTime({ speed: 1 });
    this.#check = options.check ?? new AnswerCheck();
    this.#random = random.fork('station');
    this.#faults = new Faults(options.faults ?? fewFaults, random.fork('faults'));
    this.#drivers = options.drivers ?? { idTags: ['SIM00001'] };
    const check = this.#check;
    this.station = new Station({
      url: options.url,
      chargePointId,
      answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
      subprotocols: this.#traits.subprotocols,
      ...(options.password === undefined ? {} : { password: options.password }),
      onCallFrame: (messageId, action, payload) => this.#called(messageId, action, payload),
      onUnawaited: (messageId, reply, known) => {
        if (known) check.judgeRepeated(chargePointId, this.wire.factOf(messageId), reply);
        else check.report({ chargePointId, action: '?', what: `an answer to no CALL: ${messageId}` });
      },
      onUnreadable: (text) =>
        check.report({ chargePointId, action: '?', what: `no OCPP-J message: ${text.slice(0, 100)}` }),
    });
    this.wire = new Wire({
      station: this.station,
      check,
      ledger: options.ledger ?? newSimulationLedger(),
      faults: this.#faults,
      misbehaviours,
      traits: this.#traits,
    });
    const outgoing = new Outgoing((entry) => this.wire.send(entry));
    const { time, traits } = { time: this.#time, traits: this.#traits };
    this.chargePoint = new ChargePoint({ chargePointId, model, time, random, traits, outgoing });
    this.chargePoint.onKey = (key) => (this.station.password = passwordOf(key));
  }

  get chargePointId(): string {
    return this.chargePoint.id;
  }

  /** What the central system stores is what happened. */
  get keepsFacts(): boolean {
    return this.misbehaviours.every(({ keepsFacts }) => keepsFacts);
  }

  /** Lives until `signal` is aborted; then ends its transactions and says what it has to say, at most for `drainMs`. */
  async run(signal: AbortSignal, drainMs = 10_000): Promise<void> {
    const { chargePoint } = this;
    chargePoint.gone = signal;
    // Everything that lives here waits for it.
    setMaxListeners(0, signal);
    const off = new AbortController();
    const lives = [
      ...chargePoint.outlets.map((connector) => new Drivers(chargePoint, connector, this.#drivers).run(signal)),
      this.#heartbeats(signal),
      this.#clockAligned(signal),
      this.#oddities(signal),
    ];
    const connections = this.#connections(signal, off.signal);
    await Promise.all(lives);
    await Promise.race([chargePoint.outgoing.empty(), realTime(drainMs, undefined, IDLE)]);
    off.abort();
    chargePoint.nap.wake();
    this.station.stop();
    await connections;
  }

  /** Connects, boots, loses its connection, and again. `ending`: no more losses; `off`: no more connections. */
  async #connections(ending: AbortSignal, off: AbortSignal): Promise<void> {
    const { chargePoint, station } = this;
    while (!off.aborted) {
      await station.connect();
      if (!station.connected) break;
      const session = new AbortController();
      this.#session = session.signal;
      const closed = station.closed().then(() => session.abort());
      if (await this.#introduce(off)) await this.#connected(ending, off);
      chargePoint.outgoing.close();
      if (off.aborted) break;
      if (chargePoint.reboot) await this.#reboot(chargePoint.reboot, ending);
      else await this.#lose(ending);
      // A central system that is gone answers no close frame.
      await Promise.race([closed, realTime(CLOSE_MS, undefined, IDLE)]);
      station.cut();
      await closed;
    }
    chargePoint.outgoing.close();
  }

  /** Boots if it has to, reports its connectors. False: the connection is gone. */
  async #introduce(off: AbortSignal): Promise<boolean> {
    const { chargePoint, station } = this;
    const { outgoing } = chargePoint;
    const { boots, statusBeforeBoot, extraConnector, repeatsStarts, queueAfterStatus } = this.#traits;
    const fresh = !this.#booted;
    if (fresh && statusBeforeBoot) await outgoing.direct('StatusNotification', this.#status(0));
    if (fresh && boots && !(await this.#boot(off))) return false;
    if (fresh && !boots) await this.#setClock();
    this.#booted = true;
    chargePoint.accepted = true;
    chargePoint.down = false;
    if (queueAfterStatus)
      for (const { id } of chargePoint.connectors) await outgoing.direct('StatusNotification', this.#status(id));
    if (repeatsStarts && !fresh) await this.#repeatStarts();
    outgoing.open();
    for (const connector of chargePoint.connectors) void chargePoint.tellStatus(connector, fresh);
    if (fresh && extraConnector)
      void outgoing.call('StatusNotification', this.#status(chargePoint.connectors.length + 4));
    if (chargePoint.firmwareStatus === 'Installing') {
      await chargePoint.tellFirmware('Installed');
      chargePoint.firmwareStatus = 'Idle';
    }
    return station.connected;
  }

  /** What a boot would have done. */
  async #setClock(): Promise<void> {
    const result = await this.chargePoint.outgoing.direct('Heartbeat', {});
    if (result) this.chargePoint.clock.set(result.currentTime as string);
  }

  /** Until it is accepted (OCPP 1.6 §4.2). */
  async #boot(off: AbortSignal): Promise<boolean> {
    const { chargePoint, station } = this;
    while (station.connected && !off.aborted) {
      const result = await chargePoint.outgoing.direct('BootNotification', chargePoint.bootPayload());
      const interval = Number(result?.interval ?? 0);
      if (result) chargePoint.clock.set(result.currentTime as string);
      if (result?.status === 'Accepted') {
        if (interval > 0) chargePoint.configuration.put('HeartbeatInterval', String(interval));
        for (let i = 0; i < this.#traits.bootRepeats; i++) {
          await chargePoint.outgoing.direct('BootNotification', chargePoint.bootPayload(), {
            messageId: `boot-${this.chargePointId}`,
          });
        }
        return station.connected;
      }
      await chargePoint.nap.sleep(this.#time, (interval || BOOT_RETRY_S) * 1_000, off, this.#session);
    }
    return false;
  }

  /** Until the connection ends, by itself, by a fault, or because a reboot is wanted. */
  async #connected(ending: AbortSignal, off: AbortSignal): Promise<void> {
    const { chargePoint } = this;
    const until = ending.aborted ? Infinity : this.#faults.connectedMs();
    const since = this.#time.now();
    const session = this.#session;
    while (!off.aborted && !session.aborted && !chargePoint.reboot) {
      const left = since + until - this.#time.now();
      if (left <= 0 && !ending.aborted) return;
      await chargePoint.nap.sleep(this.#time, Math.min(Math.max(left, 1_000), 60_000), off, session);
      chargePoint.endReservations();
    }
  }

  async #lose(ending: AbortSignal): Promise<void> {
    if (this.#traits.halfOpen) this.station.abandon();
    else if (this.#random.chance(0.3)) this.station.close();
    else this.station.cut();
    await this.#time.sleep(this.#faults.offlineMs(), ending);
  }

  /** OCPP 1.6 §5.14: transactions are ended with the reason, on Soft they are told before, on Hard after the boot. */
  async #reboot(reboot: Reboot, ending: AbortSignal): Promise<void> {
    const { chargePoint, station } = this;
    if (reboot.drop) station.cut();
    chargePoint.down = true;
    for (const { session } of chargePoint.outlets) session?.end(reboot.reason);
    // The drivers' turn: they end their sessions.
    await realTime(0);
    if (!reboot.drop && station.connected) {
      chargePoint.outgoing.open();
      await Promise.race([chargePoint.outgoing.idle(), realTime(FLUSH_MS, undefined, IDLE)]);
      chargePoint.outgoing.close();
      station.close();
    }
    await this.#time.sleep(BOOT_MS, ending);
    chargePoint.configuration.reboot();
    chargePoint.firmwareVersion = reboot.firmwareVersion ?? chargePoint.firmwareVersion;
    chargePoint.reboot = undefined;
    this.#booted = false;
  }

  /** A CALL of the central system. */
  #called(messageId: string, action: unknown, payload: unknown): void {
    const { chargePoint, station } = this;
    this.wire.traffic.commands += 1;
    if (!this.#booted && this.#traits.dropsEarlyCalls) return station.cut();
    if (this.#faults.mute()) return;
    const outcome = receive(chargePoint, action, payload);
    if ('error' in outcome && outcome.error === 'FormationViolation') {
      const what = `a CALL that breaks its schema: ${outcome.description}`;
      this.#check.report({ chargePointId: this.chargePointId, action: String(action), what });
    }
    const frame =
      'error' in outcome ? [4, messageId, outcome.error, outcome.description, {}] : [3, messageId, outcome.answer];
    const text = this.misbehaviours.reduce((so, { answer }) => answer?.(so) ?? so, JSON.stringify(frame));
    station.send(text);
    if ('answer' in outcome) outcome.after?.();
  }

  async #heartbeats(signal: AbortSignal): Promise<void> {
    const { chargePoint } = this;
    while (!signal.aborted) {
      const every = chargePoint.configuration.number('HeartbeatInterval') || 86_400;
      await chargePoint.heartbeatNap.sleep(this.#time, every * 1_000, signal);
      if (!signal.aborted) await chargePoint.heartbeat();
    }
  }

  /** Meter values at full quarters of an hour, or as configured (ClockAlignedDataInterval). */
  async #clockAligned(signal: AbortSignal): Promise<void> {
    const { chargePoint } = this;
    while (!signal.aborted) {
      const every = chargePoint.configuration.number('ClockAlignedDataInterval') * 1_000;
      await this.#time.sleep(every > 0 ? every - (this.#time.now() % every) : 60_000, signal);
      if (signal.aborted || every <= 0 || chargePoint.down || !chargePoint.accepted) continue;
      const measurands = chargePoint.configuration.list('MeterValuesAlignedData');
      for (const connector of chargePoint.outlets) void chargePoint.meter(connector, 'Sample.Clock', measurands);
    }
  }

  /** Stray frames and pings. */
  async #oddities(signal: AbortSignal): Promise<void> {
    const strays = this.misbehaviours.flatMap((misbehaviour) => misbehaviour.strays ?? []);
    const { pingSeconds } = this.#traits;
    while (!signal.aborted) {
      const every = pingSeconds > 0 ? pingSeconds * 1_000 : strays.length > 0 ? this.#random.wait(300_000) : 600_000;
      await this.#time.sleep(every, signal);
      if (pingSeconds > 0) this.station.ping();
      if (strays.length > 0 && this.station.connected) this.station.send(this.#random.pick(strays));
    }
  }

  async #repeatStarts(): Promise<void> {
    for (const { session } of this.chargePoint.outlets) {
      if (session?.transactionId === undefined) continue;
      await this.chargePoint.outgoing.direct('StartTransaction', session.start, { fact: session.fact });
    }
  }

  #status(connectorId: number): Record<string, unknown> {
    const { status = 'Available', errorCode = 'NoError' } = this.chargePoint.connector(connectorId) ?? {};
    return { connectorId, status, errorCode, timestamp: this.chargePoint.clock.text() };
  }
}

/** OCPP-J 1.6 §6.2.2: 40 hexadecimal digits stand for 20 bytes. */
function passwordOf(key: string): string | Buffer {
  return /^([0-9a-fA-F]{2}){16,20}$/.test(key) ? Buffer.from(key, 'hex') : key;
}
