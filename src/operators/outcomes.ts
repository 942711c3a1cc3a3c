import type { Database } from '../../drizzle/client.ts';
import { findEndedCommands, type CommandKey, type CommandView } from '../../drizzle/queries/commands.ts';

/** Between two looks (ms): for who has just begun to wait, and for who has waited for long. */
const PAUSE = { least: 20, most: 250 };
/** Who has waited for so long is looked for every tenth of it. */
const PATIENCE_SHARE = 10;

interface Waiter extends CommandKey {
  since: number;
  end: (ended: CommandView) => void;
}

/** Waits for commands to end: one look at the database for all that are waited for, however many. */
export class Outcomes {
  readonly #database: Database;
  readonly #waiters = new Set<Waiter>();
  #looking = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the next look is due: ms since 1970. */
  #lookAt = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The command when it has ended; undefined where it has not within `waitMs`, nobody can say, or nobody wants to know
   * any more.
   */
  async of(command: CommandKey, waitMs: number, stopping: AbortSignal): Promise<CommandView | undefined> {
    if (stopping.aborted) return undefined;
    return new Promise((resolve) => {
      const end = (ended?: CommandView) => {
        clearTimeout(timer);
        stopping.removeEventListener('abort', giveUp);
        this.#waiters.delete(waiter);
        resolve(ended);
      };
      const giveUp = () => end();
      // Not AbortSignal.timeout in AbortSignal.any: nobody would hold it, and collected it never ends (nodejs/node#57736).
      const timer = setTimeout(giveUp, waitMs);
      const waiter = { ...command, since: Date.now(), end };
      stopping.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
      this.#lookLater();
    });
  }

  #lookLater(): void {
    if (this.#looking || this.#waiters.size === 0) return;
    const now = Date.now();
    const youngest = Math.min(...[...this.#waiters].map(({ since }) => now - since));
    const pause = Math.min(PAUSE.most, Math.max(PAUSE.least, youngest / PATIENCE_SHARE));
    // One that has just begun to wait does not put off the look at the others.
    const at = Math.min(now + pause, this.#timer === undefined ? Infinity : this.#lookAt);
    clearTimeout(this.#timer);
    this.#lookAt = at;
    this.#timer = setTimeout(() => void this.#look(), at - now);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#timer = undefined;
    const waiters = [...this.#waiters];
    // That they are queued is certain, whatever becomes of the database.
    const ended = await findEndedCommands(this.#database, waiters).catch(() => []);
    const found = new Map(ended.map((command) => [keyOf(command), command]));
    for (const waiter of waiters) {
      const command = found.get(keyOf(waiter));
      if (command) waiter.end(command);
    }
    this.#looking = false;
    this.#lookLater();
  }
}

function keyOf({ chargePointId, commandId }: CommandKey): string {
  return JSON.stringify([chargePointId, commandId]);
}
