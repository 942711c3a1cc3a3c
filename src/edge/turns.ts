/** Who may have a turn, and from when on (ms since 1970). */
export interface Waiting {
  readonly nextAt: number;
}

/**
 * Whose turn it is: first come, first served, but nobody before his `nextAt`. Those who have just had a turn rest in a
 * queue of their own, so that they do not hold up the others.
 */
export class Turns<T extends Waiting> {
  readonly #ready = new Fifo<T>();
  readonly #resting = new Fifo<T>();

  push(item: T, now: number): void {
    if (item.nextAt > now) this.#resting.push(item);
    else this.#ready.push(item);
  }

  /** The next one; or how long (ms) to wait for it; undefined where nobody waits. */
  next(now: number): T | number | undefined {
    const rested = this.#resting.peek();
    if (rested !== undefined && rested.nextAt <= now) return this.#resting.shift();
    return this.#ready.shift() ?? (rested === undefined ? undefined : rested.nextAt - now);
  }
}

class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
