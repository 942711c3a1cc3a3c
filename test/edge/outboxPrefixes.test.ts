import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Journal, NewEvent } from '../../src/edge/journal.ts';
import { ActorNotFound, Outbox, type Deliver } from '../../src/edge/outbox.ts';
import type { EventBatch } from '../../workflows/events.ts';
import {
  connected,
  disconnected,
  malformed,
  message,
  openJournal,
  silent,
  temporaryDirectory,
} from './journalEvents.ts';

/** How Temporal answers a delivery. `unheard`: it accepted, and the answer was lost. */
type Answer = 'accepted' | 'unheard' | 'refused' | 'notFound';

/** By journal and charge point: the last flushed event that says which connections are open, and which are. */
type Presence = ReadonlyMap<string, { seq: number; open: string[] }>;

type Kind = 'connected' | 'disconnected' | 'malformed' | 'heartbeat';

type Step =
  | { do: 'append'; station: number; count: number; kind: Kind }
  | { do: 'persist'; station: number; share: number }
  | { do: 'loseActor'; station: number }
  | { do: 'restart'; cursorsReadable: boolean }
  | { do: 'wait' };

const station = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      station,
      count: fc.integer({ min: 1, max: 12 }),
      kind: fc.constantFrom<Kind>('connected', 'disconnected', 'malformed', 'heartbeat'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('persist' as const),
      station,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('loseActor' as const), station }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), cursorsReadable: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);
const answers = fc.array(
  fc.constantFrom<Answer>('accepted', 'accepted', 'accepted', 'unheard', 'refused', 'notFound'),
  { minLength: 1, maxLength: 30 },
);

describe('Outbox', () => {
  it(
    'delivers gapless prefixes, one at a time, skips nothing, and tells presence ahead, whatever fails',
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), answers, async (steps, script) => {
          const world = new World(script);
          try {
            for (const next of steps) await world.take(next);
            expect(await world.finish()).toEqual({ violations: [], missing: [] });
          } finally {
            await world.end();
          }
        }),
        { numRuns: 150 },
      );
    },
  );
});

/** Journal and outbox as they are; the actors and the database as what they have seen and stored. */
class World {
  readonly #temporary = temporaryDirectory();
  readonly #script: Answer[];
  #calls = 0;
  #allAccepted = false;
  #journal: Journal;
  #outbox: Outbox;
  readonly #inFlight = new Set<string>();
  readonly #appended = new Map<string, number>();
  readonly #seen = new Map<string, number>();
  readonly #cursors = new Map<string, number>();
  /** Actors that lost events, and were not yet given them again: they refuse gaps. */
  readonly #lost = new Set<string>();
  /** Of an earlier boot's journal: no connection is open. */
  readonly #presence = new Map<string, { seq: number; open: string[] }>();
  /** As it was when a batch was read that found no actor: the same batch goes out again to start one. By charge point. */
  readonly #presenceBefore = new Map<string, Presence>();
  /** Up to where actors were told ahead which connections are open. */
  readonly #told = new Map<string, number>();
  readonly #violations: string[] = [];

  constructor(script: Answer[]) {
    this.#script = script;
    this.#journal = openJournal(this.#temporary.directory);
    this.#outbox = this.#newOutbox();
    this.#outbox.start();
  }

  async take(next: Step): Promise<void> {
    if (next.do === 'append') return this.#append(`CP${next.station}`, next.count, next.kind);
    if (next.do === 'persist') return this.#persist(`CP${next.station}`, next.share);
    if (next.do === 'loseActor') return this.#loseActor(`CP${next.station}`);
    if (next.do === 'restart') return this.#restart(next.cursorsReadable);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }

  /** Temporal accepts everything now: nothing may be missing. */
  async finish(): Promise<{ violations: string[]; missing: string[] }> {
    this.#allAccepted = true;
    for (let round = 0; round < 2_000 && !this.#complete(); round++) {
      void this.#outbox.drained();
      for (const { chargePointId, journal } of Array.from(this.#outbox.unpersisted())) {
        const key = keyOf(journal, chargePointId);
        if (this.#lost.has(key)) this.#redeliver(key, chargePointId, journal);
        else this.#report(chargePointId, journal, this.#seen.get(key) ?? 0);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const missing = [...this.#appended].filter(([key, last]) => this.#seen.get(key) !== last).map(([key]) => key);
    return { violations: this.#violations, missing };
  }

  async end(): Promise<void> {
    await this.#outbox.stop();
    await this.#journal.close();
    this.#temporary.remove();
  }

  readonly #deliver: Deliver = async (chargePointId, text, { start }) => {
    const batch = JSON.parse(text) as EventBatch;
    const key = keyOf(batch.journal, chargePointId);
    if (this.#inFlight.has(chargePointId)) this.#violations.push(`two deliveries to ${chargePointId}`);
    this.#inFlight.add(chargePointId);
    const answer = this.#allAccepted ? 'accepted' : (this.#script[this.#calls++ % this.#script.length] ?? 'accepted');
    const isReceived = answer === 'accepted' || answer === 'unheard';
    if (isReceived) this.#receive(key, batch);
    const presence = (start && this.#presenceBefore.get(chargePointId)) || new Map(this.#presence);
    this.#presenceBefore.delete(chargePointId);
    if (isReceived) this.#checkPresence(chargePointId, batch, presence);
    await new Promise(setImmediate);
    this.#inFlight.delete(chargePointId);
    if (answer === 'notFound' && !start) {
      this.#presenceBefore.set(chargePointId, presence);
      throw new ActorNotFound(chargePointId);
    }
    if (answer === 'refused' || answer === 'notFound') throw new Error('refused');
    if (answer === 'unheard') throw new Error('deadline exceeded');
  };

  #receive(key: string, batch: EventBatch): void {
    const dense = batch.events.every(({ seq }, index) => seq === batch.after + 1 + index);
    if (!dense || batch.events.length === 0) this.#violations.push(`${key}: no gapless run after ${batch.after}`);
    const seen = this.#seen.get(key) ?? 0;
    if (batch.after > seen) {
      if (!this.#lost.has(key)) this.#violations.push(`${key}: after ${batch.after}, but seen only ${seen}`);
      return;
    }
    this.#seen.set(key, Math.max(seen, batch.events.at(-1)?.seq ?? 0));
  }

  /** After each batch an actor knows which connections of its charge point were open when it was read. */
  #checkPresence(chargePointId: string, { ahead }: EventBatch, presence: Presence): void {
    const keys = [...presence.keys()].filter((key) => key.endsWith(` ${chargePointId}`));
    if (keys.some((key) => this.#lost.has(key))) return;
    for (const [journal, upTo] of Object.entries(ahead?.upTo ?? {})) {
      const key = keyOf(Number(journal), chargePointId);
      this.#told.set(key, upTo);
      if (upTo > (this.#appended.get(key) ?? 0)) this.#violations.push(`${key}: told ahead of what there is`);
    }
    for (const key of keys) {
      const { seq, open } = presence.get(key) as { seq: number; open: string[] };
      const known = Math.max(this.#seen.get(key) ?? 0, this.#told.get(key) ?? 0);
      if (known < seq) this.#violations.push(`${key}: presence is known up to ${known} of ${seq}`);
      const told = ahead?.open.map(({ connection }) => connection) ?? open;
      if (key === keyOf(this.#journal.id, chargePointId) && told.join() !== open.join()) {
        this.#violations.push(`${key}: open is ${open.join()}, told ${told.join()}`);
      }
    }
  }

  async #append(chargePointId: string, count: number, kind: Kind): Promise<void> {
    for (let index = 0; index < count; index++) {
      const events = {
        connected: connected(`1-${index}`),
        disconnected: disconnected(`1-${index}`),
        malformed: malformed('x'),
        heartbeat: message('Heartbeat'),
      };
      const { seq, flushed } = this.#journal.append(chargePointId, events[kind]);
      this.#appended.set(keyOf(this.#journal.id, chargePointId), seq);
      void flushed.then(() => this.#flushed(chargePointId, seq, events[kind]));
      if (index === count - 1) await flushed;
    }
  }

  #flushed(chargePointId: string, seq: number, event: NewEvent): void {
    if (event.kind !== 'connected' && event.kind !== 'disconnected') return;
    const key = keyOf(this.#journal.id, chargePointId);
    const others = (this.#presence.get(key)?.open ?? []).filter((other) => other !== event.connection);
    this.#presence.set(key, { seq, open: event.kind === 'connected' ? [...others, event.connection] : others });
  }

  #persist(chargePointId: string, share: number): void {
    for (const journal of [...this.#journal.oldJournals(), this.#journal.id]) {
      const key = keyOf(journal, chargePointId);
      const cursor = this.#cursors.get(key) ?? 0;
      const seen = this.#seen.get(key) ?? 0;
      if (seen > cursor) this.#report(chargePointId, journal, cursor + Math.floor((seen - cursor) * share));
    }
  }

  #report(chargePointId: string, journal: number, seq: number): void {
    this.#cursors.set(keyOf(journal, chargePointId), seq);
    this.#journal.trim(journal, chargePointId, seq);
    this.#outbox.persisted(chargePointId, journal, seq);
  }

  /** A new one knows what the database knows. */
  #loseActor(chargePointId: string): void {
    for (const journal of [...this.#journal.oldJournals(), this.#journal.id]) {
      const key = keyOf(journal, chargePointId);
      this.#told.delete(key);
      if (!this.#seen.has(key)) continue;
      this.#seen.set(key, this.#cursors.get(key) ?? 0);
      this.#lost.add(key);
      this.#redeliver(key, chargePointId, journal);
    }
  }

  #redeliver(key: string, chargePointId: string, journal: number): void {
    if (this.#outbox.redeliver(chargePointId, journal, this.#cursors.get(key) ?? 0)) this.#lost.delete(key);
  }

  async #restart(cursorsReadable: boolean): Promise<void> {
    await this.#outbox.stop();
    await this.#journal.close();
    this.#journal = openJournal(this.#temporary.directory);
    await this.#journal.closeOpenConnections();
    for (const { chargePointId, journals } of this.#journal.streams()) {
      for (const { journal, last } of journals) {
        this.#appended.set(keyOf(journal, chargePointId), last);
        this.#presence.set(keyOf(journal, chargePointId), { seq: last, open: [] });
      }
    }
    this.#outbox = this.#newOutbox();
    if (cursorsReadable) {
      for (const [key, seq] of this.#cursors) {
        const [journal, chargePointId = ''] = key.split(' ');
        this.#report(chargePointId, Number(journal), seq);
      }
    }
    // Everything kept goes out again: nothing is lost any more.
    this.#lost.clear();
    this.#outbox.start();
  }

  #newOutbox(): Outbox {
    return new Outbox({
      journal: this.#journal,
      deliver: this.#deliver,
      log: silent,
      maxInFlight: 2,
      batchBytes: 600,
      credit: { events: 9, bytes: 3_000 },
      backoff: { first: 1, most: 4 },
      heartbeatMs: 40,
    });
  }

  #complete(): boolean {
    return [...this.#appended].every(([key, last]) => this.#seen.get(key) === last && !this.#lost.has(key));
  }
}

function keyOf(journal: number, chargePointId: string): string {
  return `${journal} ${chargePointId}`;
}
