import type { Logger } from 'pino';
import type { PersistInput, Persisted } from '../workflows/state/model.ts';
import type { Breaker } from './breaker.ts';
import type { Database } from './client.ts';
import { DatabaseAway, describeDatabaseError, tookTooLong } from './errors.ts';
import { rowsOf, type Rows } from './rows.ts';
import { encode, keyOf, sqlNameOf, storeStatement, TABLE_NAMES, type TableName } from './statements.ts';

export interface Writer {
  /**
   * Stores events, rows and cursors of one charge point in one SQL transaction, together with what others want stored
   * at the time; only where that is too much, or refused, in several, the cursor last. Repeating it changes nothing.
   *
   * Resolves to what is wrong where actor and database do not agree on what was seen.
   *
   * @throws DatabaseAway at once while the database is away
   */
  persist(input: PersistInput): Promise<Persisted>;
  /** Stores what has been handed over; takes nothing more. */
  close(): Promise<void>;
}

export interface WriterOptions {
  database: Database;
  breaker: Breaker;
  log: Logger;
  /** Of one SQL transaction; a larger input goes alone, in several. */
  maxRows?: number;
  maxBytes?: number;
  /** Longer than this, and the database counts as away. */
  deadlineMs?: number;
}

/** An input on its way, with its rows and their JSON. */
interface Item {
  chargePointId: string;
  rows: Rows;
  /** Where its actor stands, as JSON. */
  seen: string;
  texts: Record<TableName, string[]>;
  count: number;
  bytes: number;
  resolve: (persisted: Persisted) => void;
  reject: (error: unknown) => void;
}

type Found = ReadonlyMap<string, Persisted>;

/**
 * The group-commit writer: while one SQL transaction is on its way, inputs gather; the next one takes them all. The
 * busier it gets, the more a round trip and a commit are shared.
 */
export function createWriter(options: WriterOptions): Writer {
  const { database, breaker, log, maxRows = 2000, maxBytes = 8 * 1024 * 1024, deadlineMs = 1800 } = options;
  let waiting: Item[] = [];
  let working: Promise<void> | undefined;
  let closed = false;
  /** Halved when a group took too long, so that a slow database is not asked for the same too much for ever. */
  let rowLimit = maxRows;

  /** Resolves to what was found of charge points whose actor and database do not agree. */
  const run = async (rows: Partial<Item['texts']>, seen: string[]): Promise<Found> => {
    const found = await database.run((db) => db.execute(storeStatement(rows, seen)), deadlineMs);
    return new Map(found.map(({ id, found: what }) => [id as string, what as Persisted]));
  };

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup();
      await commit(group.toSorted((a, b) => (a.chargePointId < b.chargePointId ? -1 : 1)));
    }
    // In the same turn as the last look at `waiting`: what comes later starts anew.
    working = undefined;
  };

  /** No charge point twice: the rows of a statement must not have a key in common. */
  const takeGroup = (): Item[] => {
    const group: Item[] = [];
    const left: Item[] = [];
    const chargePoints = new Set<string>();
    let [count, bytes] = [0, 0];
    for (const item of waiting) {
      const fits = count + item.count <= rowLimit && bytes + item.bytes <= maxBytes;
      if (chargePoints.has(item.chargePointId) || (group.length > 0 && !fits)) {
        left.push(item);
      } else {
        group.push(item);
        count += item.count;
        bytes += item.bytes;
      }
      // Also of those left: a charge point's inputs stay in their order.
      chargePoints.add(item.chargePointId);
    }
    waiting = left;
    return group;
  };

  /** Settles every item of the group; never rejects. */
  const commit = async (group: Item[]): Promise<void> => {
    try {
      breaker.check();
      const [first] = group;
      const found =
        group.length === 1 && first && first.count > rowLimit
          ? await storeInParts(first)
          : await run(
              joined(group),
              group.map(({ seen }) => seen),
            );
      rowLimit = Math.min(maxRows, rowLimit + 100);
      for (const item of group) item.resolve(found.get(item.chargePointId));
    } catch (error) {
      await failed(group, error);
    }
  };

  /** @param alone its rows were already tried one by one */
  const failed = async (group: Item[], error: unknown, alone = false): Promise<void> => {
    const { kind, message } = describeDatabaseError(error);
    if (kind === 'away' || kind === 'misconfigured') {
      if (tookTooLong(error)) rowLimit = Math.max(100, Math.floor(rowLimit / 2));
      breaker.trip(message);
      const away = error instanceof DatabaseAway ? error : new DatabaseAway(message);
      for (const item of [...group, ...waiting.splice(0)]) item.reject(away);
      return;
    }
    const [item] = group;
    if (group.length > 1) {
      const half = Math.ceil(group.length / 2);
      await commit(group.slice(0, half));
      await commit(group.slice(half));
    } else if (item && kind === 'refused-value' && !alone) {
      await storeInParts(item).then(
        (found) => item.resolve(found.get(item.chargePointId)),
        (reason: unknown) => failed([item], reason, true),
      );
    } else {
      log.error({ chargePointId: item?.chargePointId, reason: message }, 'persist failed');
      item?.reject(error);
    }
  };

  /**
   * For what is too much for one statement, and for what holds a value that the database refuses: that row goes to
   * `dead_event`, and the cursor moves past it. Rows before cursor, in statements of their own: should the rest fail,
   * the events come again, and rows stored twice are the same rows.
   */
  const storeInParts = async ({ chargePointId, rows, seen }: Item): Promise<Found> => {
    const size = rowLimit;
    const dead: Rows['deadEvent'] = [];
    const store = async (name: TableName, some: object[]): Promise<void> => {
      const [row] = some;
      if (!row) return;
      try {
        await run({ [name]: some.map((one) => encode(name, one)) }, [seen]);
      } catch (error) {
        const { kind, message } = describeDatabaseError(error);
        if (kind !== 'refused-value') throw error;
        if (some.length === 1) {
          log.error({ chargePointId, table: name, reason: message }, 'the database refuses a row');
          dead.push(deadRow(chargePointId, name, row, message));
          return;
        }
        const half = Math.ceil(some.length / 2);
        await store(name, some.slice(0, half));
        await store(name, some.slice(half));
      }
    };
    for (const name of TABLE_NAMES) {
      if (name === 'deadEvent' || name === 'cursor') continue;
      for (let from = 0; from < rows[name].length; from += size) await store(name, rows[name].slice(from, from + size));
    }
    const deadEvent = [...rows.deadEvent, ...dead].map((row) => encode('deadEvent', row));
    return run({ deadEvent, cursor: rows.cursor.map((row) => encode('cursor', row)) }, [seen]);
  };

  return {
    async persist(input) {
      if (closed) throw new DatabaseAway('the writer is closed');
      breaker.check();
      return new Promise<Persisted>((resolve, reject) => {
        waiting.push(prepare(input, resolve, reject));
        // Not at once: what else is handed over in this turn goes along.
        working ??= Promise.resolve().then(work);
      });
    },
    async close() {
      closed = true;
      await working;
    },
  };
}

function prepare(input: PersistInput, resolve: Item['resolve'], reject: Item['reject']): Item {
  const rows = rowsOf(input);
  const texts = Object.fromEntries(
    TABLE_NAMES.map((name) => [name, rows[name].map((row) => encode(name, row))]),
  ) as Item['texts'];
  const all = Object.values(texts).flat();
  const bytes = all.reduce((sum, text) => sum + text.length, 0);
  const after = Object.fromEntries(input.runs.map((run) => [run.journal, (run.events[0]?.event.seq ?? 1) - 1]));
  const seen = JSON.stringify({ id: input.chargePointId, cursors: input.cursors, after });
  return { chargePointId: input.chargePointId, rows, seen, texts, count: all.length, bytes, resolve, reject };
}

function joined(group: Item[]): Item['texts'] {
  return Object.fromEntries(
    TABLE_NAMES.map((name) => [name, group.flatMap((item) => item.texts[name])]),
  ) as Item['texts'];
}

function deadRow(chargePointId: string, name: TableName, row: object, reason: string): Rows['deadEvent'][number] {
  const { journal, seq } = row as { journal?: number; seq?: number };
  return {
    tableName: sqlNameOf(name),
    chargePointId,
    key: keyOf(name, row),
    journal,
    seq,
    reason,
    raw: JSON.stringify(row),
  };
}
