import helmet from '@fastify/helmet';
import fastify, { type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Tokens } from '../security/tokens.ts';
import type { ApiParts } from './app.ts';
import { authentication } from './authentication.ts';
import { describeApi } from './document.ts';
import { metricRoutes } from './metrics.ts';
import { answerProblem, notFound } from './problem.ts';
import { authorizationKeyRoutes } from './routes/authorizationKey.ts';
import { chargePointRoutes } from './routes/chargePoints.ts';
import { chargingProfileRoutes } from './routes/chargingProfiles.ts';
import { commandRoutes } from './routes/commands.ts';
import { eventRoutes } from './routes/events.ts';
import { idTagRoutes } from './routes/idTags.ts';
import { learntRoutes } from './routes/learnt.ts';
import { localListRoutes } from './routes/localList.ts';
import { readingRoutes } from './routes/readings.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { transactionRoutes } from './routes/transactions.ts';

export interface Api {
  port: number;
  close(): Promise<void>;
}

export interface ApiOptions extends Omit<ApiParts, 'stopping'> {
  host: string;
  port: number;
  /** See TRUSTED_PROXIES. */
  trustedProxies: number;
  tokens: Tokens;
  metrics: Registry;
  temporalMetrics?: number | undefined;
  /** The body of `GET /health`. */
  health(): Record<string, unknown>;
  /** Whether /v1 is served; /health and /metrics are in any case. */
  operators: boolean;
}

/** The operators' HTTP server. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, port, trustedProxies, tokens, log, operators } = options;
  const loggerInstance: FastifyBaseLogger = log.child({}, { level: 'warn' });
  const app = fastify({
    loggerInstance,
    // As many as there are, the nearest first.
    trustProxy: (_address, hop) => hop < trustedProxies,
    bodyLimit: 1_048_576,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request) => {
    throw notFound(`there is no ${request.method} ${request.url}`);
  });
  app.decorateRequest('operator', undefined);
  app.addHook('onRequest', authentication(tokens));
  app.addContentTypeParser('text/csv', (_request, payload: Readable, done) => done(null, payload));
  // TLS ends at a proxy, if anywhere: whether http is to be upgraded is not for this server to say.
  await app.register(helmet, {
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });

  app.get(
    '/health',
    { config: { role: 'anybody' }, schema: { hide: true, response: { 200: z.looseObject({}) } } },
    async () => options.health(),
  );
  metricRoutes(app, options);

  const stopping = new AbortController();
  if (operators) {
    await describeApi(app);
    const parts: ApiParts = { ...options, stopping: stopping.signal };
    for (const routes of ROUTES) routes(app, parts);
  }
  await app.listen({ host, port });
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() {
      stopping.abort();
      await app.close();
    },
  };
}

const ROUTES = [
  chargePointRoutes,
  authorizationKeyRoutes,
  transactionRoutes,
  readingRoutes,
  commandRoutes,
  learntRoutes,
  localListRoutes,
  chargingProfileRoutes,
  idTagRoutes,
  eventRoutes,
  tokenRoutes,
];
