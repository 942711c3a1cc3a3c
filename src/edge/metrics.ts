import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { commands } from '../ocpp/commands.ts';
import { stationMessages } from '../ocpp/messages.ts';
import type { Backlog } from './outbox.ts';

/** What gauges show: asked for when somebody looks. */
export interface EdgeReadings {
  connections: () => number;
  backlog: () => Backlog;
  journal: () => { bytes: number; limitBytes: number; events: number };
}

/** Seconds; an answer takes one flush of the disk, a thousandth to a tenth. */
const ANSWER_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What an edge counts, for Prometheus. */
export class EdgeMetrics {
  readonly #messages: Counter<'action' | 'outcome'>;
  readonly #answers: Histogram<'action'>;
  readonly #calls: Counter<'action' | 'outcome'>;
  readonly #deliveries: Counter<'outcome'>;
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registers = registers;
    this.#messages = new Counter({
      name: 'ocpp_messages_total',
      help: 'CALLs of charge points, by what they were answered',
      labelNames: ['action', 'outcome'],
      registers,
    });
    this.#answers = new Histogram({
      name: 'ocpp_answer_seconds',
      help: 'From a CALL of a charge point to its answer',
      labelNames: ['action'],
      buckets: ANSWER_BUCKETS,
      registers,
    });
    this.#calls = new Counter({
      name: 'ocpp_calls_total',
      help: 'CALLs to charge points, by how they ended',
      labelNames: ['action', 'outcome'],
      registers,
    });
    this.#deliveries = new Counter({
      name: 'ocpp_deliveries_total',
      help: 'Batches of events signalled to actors',
      labelNames: ['outcome'],
      registers,
    });
  }

  /** To be called once. */
  watch({ connections, backlog, journal }: EdgeReadings): void {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers: this.#registers,
        collect() {
          this.set(read());
        },
      });
    gauge('ocpp_connections', 'Open WebSocket connections of charge points', connections);
    gauge('ocpp_outbox_events', 'Events not yet accepted by Temporal', () => backlog().events);
    gauge('ocpp_outbox_stations', 'Charge points with events not yet accepted by Temporal', () => backlog().stations);
    gauge('ocpp_outbox_in_flight', 'Deliveries to actors under way', () => backlog().inFlight);
    gauge(
      'ocpp_outbox_window',
      'Live charge points that may have unconfirmed events with their actors at a time: few where workers or database are busy',
      () => backlog().window,
    );
    gauge('ocpp_outbox_oldest_seconds', 'Age of the oldest event that waits', () => (backlog().oldestMs ?? 0) / 1_000);
    gauge(
      'ocpp_journal_events',
      'Events in the journal, delivered or not, that the database does not have yet',
      () => journal().events,
    );
    gauge('ocpp_journal_bytes', 'Size of the journal', () => journal().bytes);
    gauge('ocpp_journal_limit_bytes', 'Size at which ordinary events are refused', () => journal().limitBytes);
  }

  /** @param seconds from receipt to answer; absent where there was none */
  message(action: string, outcome: 'result' | 'error' | 'unanswered', seconds?: number): void {
    // A station's own text must not make a time series each.
    const known = stationMessages.has(action) ? action : 'other';
    this.#messages.inc({ action: known, outcome });
    if (seconds !== undefined) this.#answers.observe({ action: known }, seconds);
  }

  call(action: string, outcome: 'result' | 'error' | 'timeout' | 'connectionLost'): void {
    this.#calls.inc({ action: commands.has(action) ? action : 'other', outcome });
  }

  delivery(outcome: 'accepted' | 'failed'): void {
    this.#deliveries.inc({ outcome });
  }
}
