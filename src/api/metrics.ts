import { collectDefaultMetrics, Histogram, type Registry } from 'prom-client';
import type { App } from './app.ts';

const TEMPORAL_DEADLINE_MS = 1_000;

/**
 * `GET /metrics` for Prometheus: the program's own, and those of Temporal's SDK.
 * @param temporalMetrics port on the loopback interface where the SDK shows its own
 */
export function metricRoutes(
  app: App,
  { metrics, temporalMetrics }: { metrics: Registry; temporalMetrics?: number | undefined },
): void {
  collectDefaultMetrics({ register: metrics });
  const duration = new Histogram({
    name: 'ocpp_actors_api_request_duration_seconds',
    help: "Time operators' requests took",
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [metrics],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: String(reply.statusCode),
    };
    duration.observe(labels, reply.elapsedTime / 1_000);
    done();
  });

  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    const [own, temporal] = await Promise.all([
      metrics.metrics(),
      temporalMetrics ? readTemporal(temporalMetrics) : '',
    ]);
    void reply.type(metrics.contentType);
    return reply.send(joined(own, temporal));
  });
}

async function readTemporal(port: number): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
      signal: AbortSignal.timeout(TEMPORAL_DEADLINE_MS),
    });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}

/** Prometheus refuses a text that describes a metric twice. */
function joined(...texts: string[]): string {
  const described = new Set<string>();
  const lines = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => {
      if (line === '') return false;
      const description = /^# (?:TYPE|HELP) \S+/.exec(line)?.[0];
      if (description === undefined) return true;
      if (described.has(description)) return false;
      described.add(description);
      return true;
    });
  return `${lines.join('\n')}\n`;
}
