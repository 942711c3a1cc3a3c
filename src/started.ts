/** What was started so far, to be stopped in reverse. */
export class Started {
  readonly #stops: (() => unknown)[] = [];
  readonly #stopping = new AbortController();

  /** Aborted when the program begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Throws when the program stops already: nothing more is to be started. */
  onStop(stop: () => unknown): void {
    this.stopping.throwIfAborted();
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('told to stop'));
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }
}
