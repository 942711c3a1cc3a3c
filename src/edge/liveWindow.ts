/** As long as confirmations take no longer (ms) more may be under way; if they take longer than the other, fewer. */
const QUICK_MS = 120;
const SLOW_MS = 200;
/**
 * Where they wait for so long (ms) for their turn more may be under way all the same, as long as that does not make it much
 * slower; a little before that, not fewer.
 */
const WAIT_MOST_MS = 8_000;
/** Between two changes (ms): what was begun under the last one has to be seen first. */
const CHANGE_MS = 500;
/** What takes so much longer than others (in times of theirs, and ms) does not count: it holds up none. */
const OVERDUE = { factor: 4, least: 500, most: 1_000 };
/** What took longer (ms) has waited for something else: a worker that is gone, the database. */
const STUCK_MS = 3_000;

/**
 * How many live charge points may have events with their actors that the database has not confirmed: so few that no queue
 * grows before the workers. What waits, waits in the journal, where the next event joins it, instead of in a task queue,
 * where commands would wait behind it. How many that are depends on workers and database, and is found out by how long
 * confirmations take.
 */
export class LiveWindow<T> {
  readonly #limits: { least: number; most: number };
  #size: number;
  /** Since when they wait for their confirmation (ms since 1970), in this order. */
  readonly #open = new Map<T, number>();
  readonly #overdue = new Map<T, number>();
  /** How long (ms) a confirmation takes these days, and how long they wait for their turn. */
  #takes = 0;
  #waits = 0;
  #changedAt = 0;
  /** Somebody has had to wait since the last change. */
  #wasFull = false;

  constructor(limits: { least: number; most: number }) {
    this.#limits = limits;
    this.#size = limits.least;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a confirmation is awaited. */
  isOpen(now: number): boolean {
    this.#passOver(now);
    return this.#open.size > 0;
  }

  /** When the next one may begin (ms since 1970): now, or when the oldest counts no longer, if none is confirmed before. */
  from(now: number): number {
    this.#passOver(now);
    if (this.#open.size < this.#size) return now;
    this.#wasFull = true;
    const [oldest = now] = this.#open.values();
    return oldest + this.#patience();
  }

  /** @param waited how long (ms) it has waited for its turn */
  begins(one: T, now: number, waited: number): void {
    this.#waits = averaged(this.#waits, waited);
    if (!this.#open.has(one) && !this.#overdue.has(one)) this.#open.set(one, now);
  }

  /** What began was not accepted. */
  forget(one: T): void {
    this.#open.delete(one);
    this.#overdue.delete(one);
  }

  confirmed(one: T, now: number): void {
    const since = this.#open.get(one) ?? this.#overdue.get(one);
    this.forget(one);
    if (since === undefined || now - since > STUCK_MS) return;
    this.#takes = averaged(this.#takes, now - since);
    if (now - this.#changedAt < CHANGE_MS) return;
    const isQuick = this.#takes < QUICK_MS && this.#wasFull;
    const isTooLong = this.#waits > WAIT_MOST_MS && this.#takes < 3 * SLOW_MS;
    if (isQuick || isTooLong) this.#change(this.#size * 1.25 + 1, now);
    else if (this.#takes > SLOW_MS && this.#waits < WAIT_MOST_MS * 0.9) this.#change(this.#size * 0.8, now);
  }

  #passOver(now: number): void {
    for (const [one, since] of this.#open) {
      if (now - since < this.#patience()) return;
      this.#open.delete(one);
      this.#overdue.set(one, since);
    }
  }

  #patience(): number {
    return Math.min(OVERDUE.most, Math.max(OVERDUE.least, OVERDUE.factor * this.#takes));
  }

  #change(to: number, now: number): void {
    this.#size = Math.min(this.#limits.most, Math.max(this.#limits.least, Math.floor(to)));
    this.#changedAt = now;
    this.#wasFull = false;
  }
}

/** Of the last dozen or so. */
function averaged(before: number, value: number): number {
  return before + (value - before) / 12;
}
