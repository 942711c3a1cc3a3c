import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { OperatorRole } from '../../drizzle/queries/tokens.ts';
import type { OperatorParts } from '../operators/chargePoints.ts';
import type { Seal } from '../security/seal.ts';
import type { Operator } from '../security/tokens.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes of /v1 work with. */
export interface ApiParts extends OperatorParts {
  log: Logger;
  /** @throws NoSecretKey */
  seal: () => Seal;
  /** Aborted when the program stops. */
  stopping: AbortSignal;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route, default viewer; `anybody` needs no token. */
    role?: OperatorRole | 'anybody';
  }
  interface FastifyRequest {
    /** Who calls; undefined on routes for anybody. */
    operator: Operator | undefined;
    /** Whether the token is still good: for what goes on for long. Rejects while the database cannot be asked. */
    stillAllowed: () => Promise<boolean>;
  }
}
