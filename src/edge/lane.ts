/** Synchronous where it can be: a task that returns nothing is done when it returns. */
export type Task = () => void | Promise<void>;

/**
 * One charge point's tasks, one after the other in order of arrival. A task runs at once unless an earlier one still
 * waits for a promise (an id tag being looked up); a task started from within a task waits for that one to end.
 */
export class Lane {
  readonly #waiting: Task[] = [];
  readonly #failed: (error: unknown) => void;
  #running = false;

  /** @param failed is told what a task threw; the next one runs all the same */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  run(task: Task): void {
    this.#waiting.push(task);
    if (!this.#running) this.#drain();
  }

  /** Resolves when everything that waits now has run. */
  idle(): Promise<void> {
    return new Promise((resolve) => this.run(resolve));
  }

  #drain(): void {
    this.#running = true;
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
      const pending = this.#start(task);
      if (pending !== undefined) {
        void pending.catch(this.#failed).finally(() => this.#drain());
        return;
      }
    }
    this.#running = false;
  }

  #start(task: Task): void | Promise<void> {
    try {
      return task();
    } catch (error) {
      this.#failed(error);
    }
  }
}
