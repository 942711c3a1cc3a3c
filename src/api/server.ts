import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Database } from '../../drizzle/client.ts';
import { describeDatabaseError } from '../../drizzle/errors.ts';
import { listChargePoints, showChargePoint } from '../../drizzle/queries/operators.ts';

export interface Api {
  port: number;
  close(): Promise<void>;
}

export interface ApiOptions {
  host: string;
  port: number;
  database: Database;
  log: Logger;
}

/** Operators' REST, read from the database: charge points with their connectors, transactions and commands. */
export async function startApi({ host, port, database, log }: ApiOptions): Promise<Api> {
  const app = fastify({ loggerInstance: log.child({}, { level: 'warn' }), bodyLimit: 1_048_576 });

  app.setErrorHandler((error, request, reply) => {
    const { kind, message } = describeDatabaseError(error);
    if (kind === 'away') return problem(reply, 503, 'the database is away', message);
    request.log.error({ err: error }, 'request failed');
    return problem(reply, 500, 'internal error', 'see the log of the server');
  });
  app.setNotFoundHandler((request, reply) =>
    problem(reply, 404, 'not found', `there is no ${request.method} ${request.url}`),
  );

  app.get('/v1/charge-points', () => listChargePoints(database));
  app.get<{ Params: { id: string } }>('/v1/charge-points/:id', async (request, reply) => {
    const found = await showChargePoint(database, request.params.id);
    return found ?? problem(reply, 404, 'not found', `no charge point "${request.params.id}" has been here`);
  });

  await app.listen({ host, port });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

interface Reply {
  code(status: number): Reply;
  type(type: string): Reply;
  send(body: unknown): unknown;
}

/** RFC 9457 */
function problem(reply: Reply, status: number, title: string, detail: string): unknown {
  return reply.code(status).type('application/problem+json').send({ type: 'about:blank', title, status, detail });
}
