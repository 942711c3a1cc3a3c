import type { IdTagRow } from './directory.ts';

/** A transaction that a station has not ended. */
export interface OpenTransaction {
  chargePointId: string;
  connectorId: number | null;
  transactionId: number;
}

/** What stations said so lately may not be in the database yet (ms). */
const LATELY_MS = 60_000;

/**
 * Whether an id tag that may charge at one place only charges somewhere else. Asked of the database, which every edge's
 * transactions reach within moments, and of this edge's own last minute.
 */
export class ChargingTags {
  readonly #read: (idTagKey: string) => Promise<OpenTransaction[]>;
  readonly #started = new Map<number, OpenTransaction & { key: string; at: number }>();
  readonly #stopped = new Map<string, number>();

  /** @param read open transactions of an id tag, by `IdTagRow.key`; rejects where the database is away */
  constructor(read: (idTagKey: string) => Promise<OpenTransaction[]>) {
    this.#read = read;
  }

  /**
   * Remembers the start, and tells whether the tag charges elsewhere.
   * @returns undefined where the database cannot say
   */
  async start({ key }: IdTagRow, start: OpenTransaction): Promise<boolean | undefined> {
    const others = [...this.#lately(key)];
    this.#started.set(start.transactionId, { ...start, key, at: Date.now() });
    const open = await this.#read(key).catch(() => undefined);
    const elsewhere = [...others, ...(open ?? [])].some(
      (one) => one.transactionId !== start.transactionId && !this.#stopped.has(keyOf(one)) && isElsewhere(one, start),
    );
    // A refused one does not charge.
    if (elsewhere) this.#started.delete(start.transactionId);
    return elsewhere || open !== undefined ? elsewhere : undefined;
  }

  /** A station can end its own transactions only. */
  stopped(chargePointId: string, transactionId: number): void {
    const key = keyOf({ chargePointId, transactionId });
    if (this.#started.get(transactionId)?.chargePointId === chargePointId) this.#started.delete(transactionId);
    // In order of time, also where one is stopped again.
    this.#stopped.delete(key);
    this.#stopped.set(key, Date.now());
    forgetBefore(this.#stopped, (at) => at);
  }

  *#lately(key: string): Iterable<OpenTransaction> {
    forgetBefore(this.#started, ({ at }) => at);
    for (const one of this.#started.values()) if (one.key === key) yield one;
  }
}

/** What is open on the start's own connector is no obstacle: its end was lost. */
export function isElsewhere(
  one: OpenTransaction,
  start: Pick<OpenTransaction, 'chargePointId' | 'connectorId'>,
): boolean {
  return one.chargePointId !== start.chargePointId || one.connectorId !== start.connectorId;
}

function keyOf({ chargePointId, transactionId }: Pick<OpenTransaction, 'chargePointId' | 'transactionId'>): string {
  return `${transactionId} ${chargePointId}`;
}

/** In order of time: the first one young enough ends the search. */
function forgetBefore<Key, Value>(map: Map<Key, Value>, timeOf: (value: Value) => number): void {
  const before = Date.now() - LATELY_MS;
  for (const [id, value] of map) {
    if (timeOf(value) >= before) return;
    map.delete(id);
  }
}
