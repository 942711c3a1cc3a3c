import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../../drizzle/client.ts';
import { describeDatabaseError } from '../../drizzle/errors.ts';
import {
  compareEventPositions,
  lacksEventsAfter,
  presentEventPosition,
  readEventsAfter,
  type EventFilter,
  type EventPosition,
  type FeedEvent,
} from '../../drizzle/queries/events.ts';

const POLL_MS = 500;
const PAGE = 1_000;

export interface Subscriber {
  filter: EventFilter;
  /** Goes on exactly after this event; without it: from now. */
  after?: EventPosition | undefined;
  /**
   * It follows every event after this position. `gap`: some between `after` and it may be missing, because they are too
   * old to be kept, or `after` is of another database.
   */
  onStart(position: EventPosition, gap: boolean): void;
  /** Events in their order, each once. While it catches up, the next ones are read when this resolves. */
  onEvents(events: FeedEvent[]): void | Promise<void>;
}

export interface Subscription {
  /** Every event up to here was given to the subscriber; undefined before it has started. */
  readonly position: EventPosition | undefined;
  end(): void;
}

/**
 * What changes, as the table `event` has it: one reader for all who follow, as long as there are any. An outage of the
 * database is waited for, and nothing is lost by it.
 */
export class EventFeed {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #live = new Set<Following>();
  /** Up to here everything was read for those in `#live`. */
  #position: EventPosition | undefined;
  #away = false;

  constructor({ database, log }: { database: Database; log: Logger }) {
    this.#database = database;
    this.#log = log;
  }

  subscribe(subscriber: Subscriber): Subscription {
    const ended = new AbortController();
    const following: Following = { subscriber, ended: ended.signal, position: undefined };
    void this.#catchUp(following).catch((error: unknown) => {
      if (!ended.signal.aborted) this.#log.error({ err: error }, 'a subscriber to events failed');
    });
    return {
      get position() {
        return following.position;
      },
      end: () => {
        ended.abort();
        this.#live.delete(following);
      },
    };
  }

  /** Brings one to where the others are, then lets it follow with them. */
  async #catchUp(following: Following): Promise<void> {
    const { subscriber, ended } = following;
    const { after, filter } = subscriber;
    const lacking = after !== undefined && (await this.#insist(() => lacksEventsAfter(this.#database, after), ended));
    const now = await this.#insist(() => presentEventPosition(this.#database), ended);
    const ahead = after !== undefined && compareEventPositions(after, now) > 0 && lacking;
    let position = ahead ? '0-0' : (after ?? now);
    following.position = position;
    subscriber.onStart(position, lacking);
    for (;;) {
      const from = position;
      const page = await this.#insist(() => readEventsAfter(this.#database, from, filter, PAGE), ended);
      if (page.events.length > 0) await subscriber.onEvents(page.events);
      ended.throwIfAborted();
      position = page.upTo;
      following.position = position;
      const others = this.#position;
      if (!page.last || (others !== undefined && compareEventPositions(position, others) < 0)) continue;
      this.#live.add(following);
      if (others === undefined) {
        this.#position = position;
        void this.#follow();
      }
      return;
    }
  }

  async #follow(): Promise<void> {
    const always = new AbortController().signal;
    while (this.#live.size > 0) {
      const from: EventPosition = this.#position!;
      const page = await this.#insist(() => readEventsAfter(this.#database, from, {}, PAGE), always);
      for (const following of this.#live) give(following, page.events, page.upTo);
      this.#position = page.upTo;
      if (page.last) await sleep(POLL_MS);
    }
    this.#position = undefined;
  }

  /** Reads until the database answers. */
  async #insist<T>(read: () => Promise<T>, ended: AbortSignal): Promise<T> {
    for (;;) {
      ended.throwIfAborted();
      try {
        const result = await read();
        this.#away = false;
        return result;
      } catch (error) {
        if (!this.#away) this.#log.warn({ reason: describeDatabaseError(error).message }, 'events cannot be read');
        this.#away = true;
        await sleep(2 * POLL_MS, undefined, { signal: ended });
      }
    }
  }
}

interface Following {
  subscriber: Subscriber;
  ended: AbortSignal;
  position: EventPosition | undefined;
}

function give(following: Following, events: FeedEvent[], upTo: EventPosition): void {
  const { position, subscriber } = following;
  const { chargePointId, kind } = subscriber.filter;
  const its = events.filter(
    (event) =>
      (chargePointId === undefined || event.chargePointId === chargePointId) &&
      (kind === undefined || event.kind === kind) &&
      // It may have read further than the others before it joined them.
      (position === undefined || compareEventPositions(event.position, position) > 0),
  );
  if (position === undefined || compareEventPositions(upTo, position) > 0) following.position = upTo;
  if (its.length > 0) void subscriber.onEvents(its);
}
