/** Who may have a turn, and from when on (ms since 1970). */
export interface Waiting {
  readonly nextAt: number;
}

/**
 * `urgent`: somebody waits for it. `live`: nothing of it has waited for long; `newcomer`: likewise, but its actor may have to
 * be born first. The others drain a backlog: `untold` are those of which it is not even known whether they are connected now.
 */
export type Rank = 'urgent' | 'live' | 'newcomer' | 'untold' | 'backlog';

/** When those of a rank may have a turn, ms since 1970; at once by default. */
export interface From {
  live?: number;
  backlogs?: number;
}

/** After so many turns of urgent and live ones in a row one of the others has its turn, if it may. */
const LIVE_IN_A_ROW = 4;
/** Likewise the untold and the other backlogs: a first round over all comes before anybody's second turn, nearly. */
const UNTOLD_IN_A_ROW = 100;

/**
 * Whose turn it is: by rank, within a rank first come, first served, and nobody before his `nextAt`. Those who have just
 * had a turn rest in a queue of their own, so that they do not hold up the others. No rank can starve another: each is
 * passed over a limited number of times.
 */
export class Turns<T extends Waiting> {
  readonly #rankOf: (item: T, now: number) => Rank;
  readonly #queues: Record<Rank, Queue<T>> = {
    urgent: new Queue(),
    live: new Queue(),
    newcomer: new Queue(),
    untold: new Queue(),
    backlog: new Queue(),
  };
  readonly #places = new Map<T, Place<T>>();
  #liveInARow = 0;
  /** The last turn was a live one's: a newcomer has the next. */
  #afterLive = false;
  #untoldInARow = 0;

  constructor(rankOf: (item: T, now: number) => Rank) {
    this.#rankOf = rankOf;
  }

  /** Puts it at the end of its rank's queue; one that waits already leaves its place. */
  push(item: T, now: number): void {
    const left = this.#places.get(item);
    if (left !== undefined) left.item = undefined;
    const place = { item };
    this.#places.set(item, place);
    this.#queues[this.#rankOf(item, now)].push(place, item.nextAt > now);
  }

  /** The next one; or how long (ms) to wait for it; undefined where nobody waits. */
  next(now: number, { live: liveFrom = 0, backlogs: backlogsFrom = 0 }: From = {}): T | number | undefined {
    this.#demote(now);
    const { urgent, live, newcomer, untold, backlog } = this.#queues;
    const later = this.#untoldInARow < UNTOLD_IN_A_ROW ? [untold, backlog] : [backlog, untold];
    const behind = backlogsFrom > now ? undefined : later.find((queue) => queue.peek(now) !== undefined);
    const inTurn = this.#afterLive ? [newcomer, live] : [live, newcomer];
    const first = [urgent, ...(liveFrom > now ? [newcomer] : inTurn)];
    const before = first.find((queue) => queue.peek(now) !== undefined);
    if (before !== undefined && (behind === undefined || this.#liveInARow < LIVE_IN_A_ROW)) {
      this.#liveInARow = behind === undefined ? 0 : this.#liveInARow + 1;
      this.#afterLive = before === live;
      return this.#take(before, now);
    }
    if (behind !== undefined) {
      this.#liveInARow = 0;
      this.#untoldInARow = behind === untold && backlog.peek(now) !== undefined ? this.#untoldInARow + 1 : 0;
      return this.#take(behind, now);
    }
    const from = Math.min(
      urgent.from(),
      newcomer.from(),
      Math.max(liveFrom, live.from()),
      Math.max(backlogsFrom, Math.min(untold.from(), backlog.from())),
    );
    return from === Infinity ? undefined : Math.max(0, from - now);
  }

  /** Who has waited for too long to be live, as in an outage, goes to those with a backlog: once per place. */
  #demote(now: number): void {
    for (const rank of ['live', 'newcomer'] as const) {
      const queue = this.#queues[rank];
      for (let first = queue.peek(now); first !== undefined; first = queue.peek(now)) {
        if (this.#rankOf(first, now) === rank) break;
        this.push(first, now);
      }
    }
  }

  #take(queue: Queue<T>, now: number): T | undefined {
    const item = queue.shift(now);
    if (item !== undefined) this.#places.delete(item);
    return item;
  }
}

/** Empty when who had it has got another one. */
interface Place<T> {
  item: T | undefined;
}

class Queue<T extends Waiting> {
  readonly #ready = new Fifo<T>();
  readonly #resting = new Fifo<T>();

  push(place: Place<T>, resting: boolean): void {
    if (resting) this.#resting.insert(place);
    else this.#ready.push(place);
  }

  peek(now: number): T | undefined {
    return this.#due(now).peek();
  }

  shift(now: number): T | undefined {
    return this.#due(now).shift();
  }

  /** When somebody in it can have a turn: ms since 1970, 0 for at once. */
  from(): number {
    return this.#ready.peek() === undefined ? (this.#resting.peek()?.nextAt ?? Infinity) : 0;
  }

  #due(now: number): Fifo<T> {
    const rested = this.#resting.peek();
    return rested !== undefined && rested.nextAt <= now ? this.#resting : this.#ready;
  }
}

class Fifo<T extends Waiting> {
  #places: Place<T>[] = [];
  #head = 0;

  push(place: Place<T>): void {
    this.#places.push(place);
  }

  /** In the order in which they have rested: nearly always that is at the end. */
  insert(place: Place<T>): void {
    const from = place.item?.nextAt ?? 0;
    let at = this.#places.length;
    while (at > this.#head && (this.#places[at - 1]?.item?.nextAt ?? Infinity) > from) at--;
    this.#places.splice(at, 0, place);
  }

  peek(): T | undefined {
    for (let place = this.#places[this.#head]; place !== undefined; place = this.#places[this.#head]) {
      if (place.item !== undefined) return place.item;
      this.#drop();
    }
    return undefined;
  }

  shift(): T | undefined {
    const item = this.peek();
    if (item !== undefined) this.#drop();
    return item;
  }

  #drop(): void {
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#places.length) {
      this.#places = this.#places.slice(this.#head);
      this.#head = 0;
    }
  }
}
