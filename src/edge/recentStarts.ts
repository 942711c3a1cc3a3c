import type { Database } from 'lmdb';
import type { StartKey } from '../ocpp/message.ts';
import type { Store } from '../storage/store.ts';
import type { Instant } from '../../workflows/events.ts';

/** A station that repeats a start after it has ended keeps the message id for so long. */
const SAME_MESSAGE_MS = 10 * 60_000;
const OPEN_MS = 30 * 24 * 3_600_000;
/** Per charge point, newest first. */
const KEPT = 50;

/**
 * The starts that were given a transaction id: the same StartTransaction again gets the same one, also after a restart.
 *
 * Two starts are the same when connector, idTag (without regard to case), timestamp and meter agree, and the
 * transaction is still open or the message id is the same within 10 minutes. The content alone does not tell: a station
 * without clock and meter says 1970 and 0 at every start.
 */
export class RecentStarts {
  readonly #store: Store;
  readonly #table: Database<Start[]>;
  /** Written and not yet committed: the table does not show it. */
  readonly #unflushed = new Map<string, Start[]>();

  constructor(store: Store) {
    this.#store = store;
    this.#table = store.table('recentStarts', 'json');
  }

  /** The transaction id this start was given before. */
  find(
    chargePointId: string,
    start: StartKey,
    messageId: string,
    now: Instant = new Date().toISOString(),
  ): number | undefined {
    const key = keyOf(start);
    const time = Date.parse(now);
    const same = this.#starts(chargePointId).find(
      (known) =>
        known.key === key &&
        ((known.open && time - known.at <= OPEN_MS) ||
          (known.messageId === messageId && Math.abs(time - known.at) <= SAME_MESSAGE_MS)),
    );
    return same?.transactionId;
  }

  /** Stored in the same commit as the events appended in this turn, or before them. */
  remember(chargePointId: string, start: StartKey, messageId: string, transactionId: number, now: Instant): void {
    const time = Date.parse(now);
    const started: Start = { key: keyOf(start), messageId, transactionId, at: time, open: true };
    const kept = this.#starts(chargePointId).filter(
      (known) => known.transactionId !== transactionId && time - known.at <= (known.open ? OPEN_MS : SAME_MESSAGE_MS),
    );
    this.#put(chargePointId, [started, ...kept].slice(0, KEPT));
  }

  /** The start may charge because of this command, until then: its repeats get the same answer. */
  granted(chargePointId: string, transactionId: number, grant: UsedGrant): void {
    const starts = this.#starts(chargePointId);
    this.#put(
      chargePointId,
      starts.map((known) => (known.transactionId === transactionId ? { ...known, grant } : known)),
    );
  }

  /** What let the start charge; undefined where the register did. */
  grantOf(chargePointId: string, transactionId: number): UsedGrant | undefined {
    return this.#starts(chargePointId).find((known) => known.transactionId === transactionId)?.grant;
  }

  /** Ids of the commands that have let a start charge, as far as those are remembered. */
  usedGrants(chargePointId: string): ReadonlySet<string> {
    return new Set(this.#starts(chargePointId).flatMap(({ grant }) => grant?.commandId ?? []));
  }

  /** The station says that the transaction ended. */
  stopped(chargePointId: string, transactionId: number): void {
    const starts = this.#starts(chargePointId);
    if (!starts.some((known) => known.transactionId === transactionId && known.open)) return;
    this.#put(
      chargePointId,
      starts.map((known) => (known.transactionId === transactionId ? { ...known, open: false } : known)),
    );
  }

  #starts(chargePointId: string): Start[] {
    return this.#unflushed.get(chargePointId) ?? this.#table.get(chargePointId) ?? [];
  }

  #put(chargePointId: string, starts: Start[]): void {
    this.#unflushed.set(chargePointId, starts);
    const forget = (): void => {
      if (this.#unflushed.get(chargePointId) === starts) this.#unflushed.delete(chargePointId);
    };
    void this.#store.write({
      apply: () => void this.#table.put(chargePointId, starts),
      committed: forget,
      failed: forget,
    });
  }
}

/** A RemoteStartTransaction whose id tag might charge once, and did (`Grants`). */
export interface UsedGrant {
  commandId: string;
  /** As the station was told. */
  until: Instant;
}

interface Start {
  key: string;
  messageId: string;
  transactionId: number;
  /** When it was remembered, ms since 1970. */
  at: number;
  open: boolean;
  grant?: UsedGrant;
}

function keyOf({ connectorId, idTag, timestamp, meterStart }: StartKey): string {
  return JSON.stringify([connectorId, idTag.toUpperCase(), timestamp, meterStart]);
}
