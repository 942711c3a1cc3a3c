import type { Instant } from '../../workflows/events.ts';
import type { Backlog } from './outbox.ts';

/** How one of the edge's neighbours is, as seen from here. */
export type PartHealth = { ok: true } | { ok: false; since: Instant; reason: string };

export interface HealthSources {
  temporal(): PartHealth;
  database(): PartHealth;
  /** Not ok: new events cannot be journalled, stations stay unanswered. */
  journal(): PartHealth;
  /** What waits in the journal to be delivered. */
  backlog(): Backlog;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'starting' | 'draining' | 'unavailable';
  temporal: PartHealth;
  database: PartHealth;
  journal: PartHealth;
  backlog: Backlog;
  /** Open WebSocket connections of stations. */
  connections: number;
}

/**
 * `GET /health`: 200 as long as stations can be answered, which needs neither Temporal nor the database: an outage of
 * those is shown in the body, and must not make a load balancer remove every edge at once.
 */
export function reportHealth(
  sources: HealthSources,
  edge: { ready: boolean; draining: boolean; connections: number },
): { status: '200 OK' | '503 Service Unavailable'; report: HealthReport } {
  const temporal = sources.temporal();
  const database = sources.database();
  const journal = sources.journal();
  const status = edge.draining
    ? 'draining'
    : !edge.ready
      ? 'starting'
      : !journal.ok
        ? 'unavailable'
        : temporal.ok && database.ok
          ? 'ok'
          : 'degraded';
  return {
    status: status === 'ok' || status === 'degraded' ? '200 OK' : '503 Service Unavailable',
    report: { status, temporal, database, journal, backlog: sources.backlog(), connections: edge.connections },
  };
}
