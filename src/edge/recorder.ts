import type { Logger } from 'pino';
import type { PartHealth } from './health.ts';
import type { Note } from '../ocpp/notes.ts';
import { EventTooLong, JournalFull, type Journal, type NewEvent } from './journal.ts';
import { shortened } from './shortening.ts';

/** How often a journal that refuses events is mentioned in the log. */
const LOG_INTERVAL_MS = 10_000;

/**
 * The edge's pen: every event of a station goes through here into the journal. A journal that is full or fails turns the
 * edge's health red instead of throwing into a socket's handler.
 */
export class Recorder {
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #acknowledge: Acknowledge | undefined;
  /** Events to be kept that the journal did not take, in their order. */
  #refused: { chargePointId: string; event: NewEvent }[] = [];
  #watched: Promise<void> | undefined;
  #failure: { since: string; reason: string } | undefined;
  #loggedAt = 0;

  /** @param acknowledge what a message's answer waits for beyond the flush; nothing where it is absent */
  constructor(journal: Journal, log: Logger, acknowledge?: Acknowledge) {
    this.#journal = journal;
    this.#log = log;
    this.#acknowledge = acknowledge;
  }

  /**
   * The promise of the flush after which the event survives a crash; if it rejects, the event does not exist. Undefined
   * if the journal is full. Either way what the event was about stays unanswered, and the station says it again.
   */
  record(chargePointId: string, event: NewEvent): Promise<void> | undefined {
    try {
      return this.#append(chargePointId, event);
    } catch (error) {
      const plain = error instanceof JournalFull ? undefined : plainer(event, error);
      if (plain !== undefined) return this.#recordPlain(chargePointId, plain, error);
      this.#failed(error);
      return undefined;
    }
  }

  /** For what nobody says again (a connection's end, a CALL's outcome): tried until the journal has it. */
  keep(chargePointId: string, event: NewEvent): void {
    this.#refused.push({ chargePointId, event });
    // Behind what waits already: a station's events keep their order.
    if (this.#refused.length === 1) this.retryKept();
  }

  retryKept(): void {
    for (let next = this.#refused.shift(); next !== undefined; next = this.#refused.shift()) {
      const kept = next;
      const flushed = this.record(kept.chargePointId, kept.event);
      if (flushed === undefined) {
        this.#refused.unshift(kept);
        return;
      }
      flushed.catch(() => this.#refused.push(kept));
    }
  }

  /** Resolves when all that has been recorded is flushed, or has failed. */
  async flushed(): Promise<void> {
    await this.#watched?.catch(() => undefined);
  }

  health(): PartHealth {
    return this.#failure === undefined ? { ok: true } : { ok: false, ...this.#failure };
  }

  #append(chargePointId: string, event: NewEvent): Promise<void> {
    const { seq, flushed } = this.#journal.append(chargePointId, event);
    if (flushed !== this.#watched) this.#watch(flushed);
    const acknowledge = event.kind === 'message' ? this.#acknowledge : undefined;
    if (!acknowledge) return flushed;
    const acknowledged = flushed.then(() => acknowledge(chargePointId, seq));
    // Of an answer that has gone already nobody waits for it.
    acknowledged.catch(() => undefined);
    return acknowledged;
  }

  #recordPlain(chargePointId: string, event: NewEvent, reason: unknown): Promise<void> | undefined {
    this.#log.error(
      { err: reason, chargePoint: chargePointId, kind: event.kind },
      'event journalled without its payload, or the longest of it',
    );
    try {
      return this.#append(chargePointId, event);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Events of one group commit share its promise: one pair of handlers, whatever their number. */
  #watch(flushed: Promise<void>): void {
    this.#watched = flushed;
    const succeeded = () => {
      this.#failure = undefined;
    };
    flushed.then(succeeded, (error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    const now = new Date();
    const reason = error instanceof Error ? error.message : String(error);
    this.#failure = { since: this.#failure?.since ?? now.toISOString(), reason };
    if (now.getTime() - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now.getTime();
    this.#log.error({ err: error }, 'the journal takes no events: messages stay unanswered until it does');
  }
}

/** Resolves when the event with this number has come as far as its answer requires. */
export type Acknowledge = (chargePointId: string, seq: number) => Promise<void>;

/** The event as it can be kept, where it could not as it is; undefined where it cannot. */
function plainer(event: NewEvent, error: unknown): NewEvent | undefined {
  if (!(error instanceof EventTooLong)) return withoutPayload(event);
  return event.kind === 'message' ? shortened(event) : undefined;
}

/** JSON.parse reads deeper nesting than JSON.stringify can write: such a payload cannot be kept, the event must be. */
function withoutPayload(event: NewEvent): NewEvent | undefined {
  const reason: Note = 'unstorablePayload: cannot be written as JSON';
  if (event.kind === 'message') return { ...event, payload: {}, notes: [...(event.notes ?? []), reason] };
  if (event.kind !== 'callResult') return undefined;
  return { ...event, outcome: { error: 'FormationViolation', description: reason } };
}
