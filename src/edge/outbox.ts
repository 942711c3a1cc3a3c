import type { Logger } from 'pino';
import type { StationEvent } from '../../workflows/events.ts';
import { BacklogShare } from './backlogShare.ts';
import type { Journal } from './journal.ts';
import { LiveWindow } from './liveWindow.ts';
import { delayOf, Outage } from './outage.ts';
import {
  isUntold,
  mayWait,
  newStation,
  newStream,
  nextBatch,
  notePresence,
  noteTold,
  type Batch,
  type Station,
  type Stream,
  type UnpersistedBatch,
} from './streams.ts';
import { Turns, type Rank } from './turns.ts';

/** `deliver` rejects with this when the charge point has no running actor: the outbox repeats with `start: true`. */
export class ActorNotFound extends Error {
  override readonly name = 'ActorNotFound';
}

/**
 * Hands one `EventBatch`, as JSON text, to the actor of a charge point: a signal, with `start` a signal-with-start.
 * Resolves when Temporal has accepted it.
 */
export type Deliver = (chargePointId: string, batchText: string, options: { start: boolean }) => Promise<void>;

export interface OutboxOptions {
  journal: Journal;
  deliver: Deliver;
  log: Logger;
  /** Deliveries under way at a time, over all charge points. */
  maxInFlight?: number;
  /** Bytes of events in one delivery; a single larger event goes alone. */
  batchBytes?: number;
  /** What a charge point may have delivered and not yet persisted. */
  credit?: { events: number; bytes: number };
  /** Events that all charge points with a backlog together may have delivered and not yet persisted. */
  backlogCredit?: number;
  /** Live charge points with delivered and not yet persisted events: found out between `least` and `most`. */
  liveWindow?: { least: number; most: number };
  /** Heartbeats alone wait this long (ms) for company. */
  heartbeatMs?: number;
  /** Delay (ms) after a failed delivery: doubled each time, from `first` to `most`. */
  backoff?: { first: number; most: number };
}

export interface Backlog {
  /** Events not yet accepted by Temporal. */
  events: number;
  /** Charge points with such events, those with heartbeats alone left out. */
  stations: number;
  /** How long the oldest of them waits, in ms. */
  oldestMs?: number;
  inFlight: number;
  /** Live charge points that may have events with their actors that the database has not confirmed. */
  window: number;
}

/** A stream whose delivered events are not all persisted. */
export interface Unpersisted {
  chargePointId: string;
  journal: number;
  delivered: number;
  persisted: number;
}

/**
 * After a delivery its charge point rests until the database has confirmed it, but no longer than this (ms): what comes
 * meanwhile shares the cost of the next signal and its workflow task.
 */
const REST_MOST_MS = 1_000;
/** The same after a backlog, or a newcomer's first events, whose confirmation is not looked for. */
const REST_MS = 200;
/** With more pending events, or one that has waited for longer (ms; above what a rest takes), it is a backlog. */
const LIVE_EVENTS = 100;
const LIVE_MS = 15_000;
/** The first batch of a backlog is small: whether the stations are there is known of all of them soon. */
const UNTOLD_BYTES = 4_096;

/**
 * Delivers each charge point's journal to its actor, in prefixes: strictly in order, one delivery in flight per charge
 * point, few over all. Between charge points live ones come first, then backlogs, round by round (`Turns`), which have
 * only a share (`BacklogShare`). In the first batch of a backlog its actor is told ahead which connections are open now.
 *
 * A charge point is in one state at a time, and an idle one costs nothing: no timer, no place in any queue.
 */
export class Outbox {
  readonly #journal: Journal;
  readonly #deliver: Deliver;
  readonly #log: Logger;
  readonly #maxInFlight: number;
  readonly #batchBytes: number;
  readonly #credit: { events: number; bytes: number };
  readonly #heartbeatMs: number;
  readonly #backoff: { first: number; most: number };

  readonly #stations = new Map<string, Station>();
  readonly #turns = new Turns<Station>((station, now) => rankOf(station, now));
  #turnTimer: NodeJS.Timeout | undefined;
  readonly #window: LiveWindow<Station>;
  /** Those with heartbeats alone, and since when: in order of time. */
  readonly #lazy = new Map<Station, number>();
  readonly #unpersisted = new Set<Station>();
  readonly #outage: Outage;
  readonly #drainWaiters: (() => void)[] = [];
  #onBlocked: () => void = () => undefined;
  #pending = 0;
  #inFlight = 0;
  readonly #backlogs: BacklogShare;
  #running = false;
  #draining = false;
  #pumpScheduled = false;
  #sweepTimer: NodeJS.Timeout | undefined;

  constructor(options: OutboxOptions) {
    this.#journal = options.journal;
    this.#deliver = options.deliver;
    this.#log = options.log;
    this.#maxInFlight = options.maxInFlight ?? 16;
    this.#batchBytes = options.batchBytes ?? 65_536;
    this.#credit = options.credit ?? { events: 500, bytes: 1_000_000 };
    this.#heartbeatMs = options.heartbeatMs ?? 15 * 60_000;
    this.#backoff = options.backoff ?? { first: 200, most: 10_000 };
    this.#backlogs = new BacklogShare({
      maxInFlight: this.#maxInFlight,
      credit: options.backlogCredit ?? 2_000,
      onHeld: () => this.#onBlocked(),
    });
    this.#window = new LiveWindow(options.liveWindow ?? { least: 4, most: 1_000 });
    this.#outage = new Outage({ backoff: this.#backoff, resume: () => this.#pump(), log: options.log });
    this.#journal.onFlushed((chargePointId, event) => this.#flushed(chargePointId, event));
  }

  /**
   * Starts delivering, leftovers of earlier boots first. To be called when the journal has ended their connections and
   * `Trimming` has asked what of them is persisted.
   */
  start(): void {
    this.#running = true;
    for (const { chargePointId, journals } of this.#journal.streams()) {
      const station = this.#station(chargePointId);
      station.streams.unshift(...journals.map(({ journal, first, last }) => newStream(journal, first - 1, last)));
      for (const { first, last } of journals) this.#pending += last - first + 1;
      station.pendingSince = Date.now();
      station.behind = true;
    }
    for (const station of this.#stations.values()) this.#settle(station);
    this.#sweepTimer = setInterval(() => this.#sweep(), Math.min(60_000, this.#heartbeatMs)).unref();
  }

  /** Begins no further delivery. Resolves when those in flight have ended. */
  async stop(): Promise<void> {
    this.#running = false;
    clearInterval(this.#sweepTimer);
    clearTimeout(this.#turnTimer);
    for (const station of this.#stations.values()) clearTimeout(station.timer);
    while (this.#inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Resolves when Temporal has accepted everything, heartbeats included: for a shutdown, which sets the deadline. */
  drained(): Promise<void> {
    this.#draining = true;
    for (const station of this.#lazy.keys()) this.#makeReady(station);
    if (this.#pending === 0 && this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  backlog(): Backlog {
    let oldest = Infinity;
    let stations = 0;
    for (const station of this.#stations.values()) {
      if (station.state === 'idle' || station.state === 'lazy') continue;
      if (station.pendingSince === 0) continue;
      stations++;
      oldest = Math.min(oldest, station.pendingSince);
    }
    const backlog = { events: this.#pending, stations, inFlight: this.#inFlight, window: this.#window.size };
    return stations === 0 ? backlog : { ...backlog, oldestMs: Math.max(0, Date.now() - oldest) };
  }

  /** Resolves when Temporal has accepted the event of this boot's journal: what `ACKNOWLEDGE=actor` answers wait for. */
  accepted(chargePointId: string, seq: number): Promise<void> {
    const station = this.#station(chargePointId);
    if (acceptedUpTo(station) >= seq) return Promise.resolve();
    const before = { nextAt: station.nextAt, rank: rankOf(station, Date.now()) };
    press(station, seq);
    this.#advance(station, before);
    return new Promise((resolve) => station.acceptedWaiters.push({ seq, resolve }));
  }

  /** `listener` hears when a charge point has used up its credit: persisted events should be reported soon. */
  onBlocked(listener: () => void): void {
    this.#onBlocked = listener;
  }

  /** Whether a charge point waits for credit, or for what was delivered before. */
  hasBlocked(): boolean {
    if (this.#backlogs.held || this.#window.isOpen(Date.now())) return true;
    for (const station of this.#unpersisted) if (station.state === 'blocked') return true;
    return false;
  }

  /** Streams with delivered events that nobody has confirmed as persisted. */
  *unpersisted(): Generator<Unpersisted> {
    for (const { chargePointId, streams } of this.#unpersisted) {
      for (const { journal, delivered, persisted } of streams) {
        if (delivered > persisted) yield { chargePointId, journal, delivered, persisted };
      }
    }
  }

  /** The database has stored the stream's events up to `seq`: gives credit back, and skips what need not go out. */
  persisted(chargePointId: string, journal: number, seq: number): void {
    const station = this.#stations.get(chargePointId);
    const stream = station?.streams.find((candidate) => candidate.journal === journal);
    if (station === undefined || stream === undefined || seq <= stream.persisted) return;
    stream.persisted = Math.min(seq, stream.last);
    this.#forgetBatches(stream, (batch) => batch.upTo <= stream.persisted);
    if (this.#backlogs.held) this.#schedulePump();
    if (station.state === 'delivering') return; // it skips what is persisted when it ends
    this.#skipPersisted(station);
    if (station.state === 'blocked') this.#settle(station);
    else this.#resolveDrained();
  }

  /**
   * The actor seems to have lost what it was given: delivers again from `after` on. False if a delivery is in flight
   * (nothing happens).
   */
  redeliver(chargePointId: string, journal: number, after: number): boolean {
    const station = this.#stations.get(chargePointId);
    const stream = station?.streams.find((candidate) => candidate.journal === journal);
    if (station === undefined || stream === undefined || station.state === 'delivering') return false;
    this.#setDelivered(stream, Math.max(after, stream.persisted));
    this.#forgetBatches(stream, () => true);
    noteTold(station);
    station.started = false;
    station.behind = true;
    station.nextAt = 0;
    station.pendingSince ||= Date.now();
    if (station.state !== 'waiting') this.#makeReady(station);
    return true;
  }

  #flushed(chargePointId: string, event: StationEvent): void {
    const station = this.#station(chargePointId);
    const own = station.own;
    this.#pending += event.seq - own.last;
    own.last = event.seq;
    const now = Date.now();
    const before = { nextAt: station.nextAt, rank: rankOf(station, now) };
    if (event.kind === 'callResult') press(station, event.seq);
    // Its answer comes soon, and goes with it.
    else if (event.kind === 'callSent') station.nextAt = this.#isAtRest(station) ? now + REST_MOST_MS : station.nextAt;
    else if (!this.#unpersisted.has(station)) station.nextAt = 0;
    notePresence(station, event);
    if (!mayWait(station, event)) {
      own.urgent = event.seq;
      if (station.state === 'lazy') station.pendingSince = 0;
    }
    station.pendingSince ||= now;
    if (this.#running && this.#isAtRest(station)) this.#settle(station);
    else this.#advance(station, before);
  }

  #isAtRest({ state }: Station): boolean {
    return state === 'idle' || state === 'lazy';
  }

  /** Gives one that is ready another place, if it comes earlier now. */
  #advance(station: Station, before: { nextAt: number; rank: Rank }): void {
    if (station.state !== 'ready') return;
    const rank = rankOf(station, Date.now());
    const isBetter = rank !== before.rank && (rank === 'urgent' || rank === 'untold');
    if (!isBetter && station.nextAt >= before.nextAt) return;
    this.#turns.push(station, Date.now());
    this.#schedulePump();
  }

  #station(chargePointId: string): Station {
    let station = this.#stations.get(chargePointId);
    if (station === undefined) {
      station = newStation(chargePointId, this.#journal.id);
      this.#stations.set(chargePointId, station);
    }
    return station;
  }

  /** Finds the state of a charge point that is not being delivered to. */
  #settle(station: Station): void {
    if (station.streams.some((stream) => stream.delivered < Math.max(stream.urgent, stream.highest))) {
      this.#makeReady(station);
    } else if (station.streams.every((stream) => stream.delivered === stream.last)) {
      this.#lazy.delete(station);
      station.state = 'idle';
      station.pendingSince = 0;
    } else if (this.#draining) {
      this.#makeReady(station);
    } else {
      station.state = 'lazy';
      if (!this.#lazy.has(station)) this.#lazy.set(station, Date.now());
    }
    this.#resolveDrained();
  }

  #resolveDrained(): void {
    if (this.#pending === 0 && this.#inFlight === 0) for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  #makeReady(station: Station): void {
    if (station.state === 'ready') return;
    this.#lazy.delete(station);
    station.state = 'ready';
    if (this.#draining) station.nextAt = 0;
    this.#turns.push(station, Date.now());
    this.#schedulePump();
  }

  /** After the answers of the same turn have gone to their stations. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#running || this.#outage.paused) return;
    const most = this.#outage.suspected ? 1 : this.#maxInFlight;
    while (this.#inFlight < most) {
      const now = Date.now();
      const from = { live: this.#window.from(now), backlogs: this.#backlogs.from(now) };
      const next = this.#turns.next(now, this.#draining ? {} : from);
      if (next === undefined) return;
      if (typeof next === 'number') {
        clearTimeout(this.#turnTimer);
        this.#turnTimer = setTimeout(() => this.#pump(), next).unref();
        return;
      }
      void this.#deliverNext(next, rankOf(next, now));
    }
  }

  async #deliverNext(station: Station, rank: Rank): Promise<void> {
    const stream = station.streams.find((candidate) => candidate.delivered < candidate.last);
    if (stream === undefined) return this.#settle(this.#asIdle(station));
    station.state = 'delivering';
    this.#inFlight++;
    const isBacklog = rank === 'untold' || rank === 'backlog';
    if (isBacklog) this.#backlogs.turnBegins();
    let backlog = 0;
    try {
      const readAt = Date.now();
      const batchBytes = rank === 'untold' ? Math.min(UNTOLD_BYTES, this.#batchBytes) : this.#batchBytes;
      const limits = { credit: this.#credit, batchBytes };
      const batch = nextBatch(this.#journal, station, stream, limits);
      if (batch === undefined) {
        station.state = 'blocked';
        this.#onBlocked();
      } else {
        backlog = isBacklog ? batch.events : 0;
        this.#backlogs.take(backlog);
        if (rank === 'live' || rank === 'urgent') {
          this.#window.begins(station, readAt, readAt - station.pendingSince);
          this.#onBlocked();
        }
        await this.#send(station, batch.text, !station.started || batch.text.includes('"kind":"connected"'));
        this.#accepted(station, stream, batch, { readAt, backlog });
        // With more to come there is nothing to gather, and what somebody waits for may have come meanwhile.
        if (batch.tookAll && !isPressing(station))
          station.nextAt = Date.now() + (rank === 'live' || rank === 'urgent' ? REST_MOST_MS : REST_MS);
      }
    } catch (error) {
      this.#backlogs.giveBack(backlog);
      this.#failed(station, error);
    } finally {
      this.#inFlight--;
      if (isBacklog) this.#backlogs.turnEnds();
      this.#skipPersisted(station);
      if (station.state === 'delivering') this.#settle(this.#asIdle(station));
      this.#schedulePump();
    }
  }

  async #send(station: Station, text: string, start: boolean): Promise<void> {
    try {
      await this.#deliver(station.chargePointId, text, { start });
    } catch (error) {
      if (start || !(error instanceof ActorNotFound)) throw error;
      noteTold(station);
      await this.#deliver(station.chargePointId, text, { start: true });
    }
  }

  #accepted(station: Station, stream: Stream, batch: Batch, turn: { readAt: number; backlog: number }): void {
    this.#setDelivered(stream, batch.upTo);
    stream.highest = Math.max(stream.highest, batch.upTo);
    resolveAccepted(station);
    if (batch.upTo > stream.persisted) {
      stream.unpersistedBatches.push({ upTo: batch.upTo, bytes: batch.bytes, backlog: turn.backlog });
      this.#unpersisted.add(station);
    } else {
      this.#backlogs.giveBack(turn.backlog);
    }
    if (batch.ahead) noteTold(station, batch.ahead);
    station.behind = !batch.tookAll;
    station.started = true;
    station.failures = 0;
    // What is pending now came while this delivery was under way, unless the batch could not take everything.
    if (batch.tookAll) station.pendingSince = turn.readAt;
    this.#outage.ended();
  }

  #failed(station: Station, error: unknown): void {
    const delay = delayOf(this.#backoff, station.failures++);
    this.#window.forget(station);
    station.state = 'waiting';
    station.timer = setTimeout(() => this.#settle(this.#asIdle(station)), delay).unref();
    if (this.#outage.failed(station.chargePointId, error)) return;
    this.#log.debug({ chargePointId: station.chargePointId, err: error, delay }, 'a delivery failed');
  }

  #asIdle(station: Station): Station {
    station.state = 'idle';
    return station;
  }

  #setDelivered(stream: Stream, delivered: number): void {
    this.#pending -= delivered - stream.delivered;
    stream.delivered = delivered;
  }

  #forgetBatches(stream: Stream, isOver: (batch: UnpersistedBatch) => boolean): void {
    for (const batch of stream.unpersistedBatches) if (isOver(batch)) this.#backlogs.giveBack(batch.backlog);
    stream.unpersistedBatches = stream.unpersistedBatches.filter((batch) => !isOver(batch));
  }

  #skipPersisted(station: Station): void {
    for (const stream of station.streams) this.#setDelivered(stream, Math.max(stream.delivered, stream.persisted));
    resolveAccepted(station);
    station.streams = station.streams.filter((stream) => stream === station.own || stream.persisted < stream.last);
    if (station.streams.some((stream) => stream.delivered > stream.persisted)) return;
    this.#unpersisted.delete(station);
    this.#window.confirmed(station, Date.now());
    const before = { nextAt: station.nextAt, rank: rankOf(station, Date.now()) };
    station.nextAt = 0;
    this.#advance(station, before);
    this.#schedulePump();
  }

  #sweep(): void {
    for (const [station, since] of this.#lazy) {
      if (Date.now() - since < this.#heartbeatMs) return;
      station.pendingSince = Date.now(); // that it waited was the intent
      this.#makeReady(station);
    }
  }
}

/** Somebody waits for it. */
function press(station: Station, seq: number): void {
  station.pressing = Math.max(station.pressing, seq);
  station.nextAt = 0;
}

function isPressing(station: Station): boolean {
  return station.pressing > station.own.delivered;
}

/** Temporal has it, or even the database, where the answer to its delivery was lost. */
function acceptedUpTo({ own }: Station): number {
  return Math.max(own.highest, own.persisted);
}

function resolveAccepted(station: Station): void {
  while (station.acceptedWaiters[0] && station.acceptedWaiters[0].seq <= acceptedUpTo(station)) {
    station.acceptedWaiters.shift()?.resolve();
  }
}

/**
 * Urgent, live, or a newcomer: the next batch takes all it has, as far as is known. But for what is urgent, nothing of it has
 * waited for long.
 */
function rankOf(station: Station, now: number): Rank {
  const isLittle = !station.behind && station.streams.every(({ last, delivered }) => last - delivered <= LIVE_EVENTS);
  if (isLittle && isPressing(station)) return 'urgent';
  if (isLittle && now - station.pendingSince <= LIVE_MS) return station.started ? 'live' : 'newcomer';
  return isUntold(station) ? 'untold' : 'backlog';
}
