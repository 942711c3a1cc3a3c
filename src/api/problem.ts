/** Every error is answered as RFC 9457 has it: `application/problem+json`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DatabaseTimeout, describeDatabaseError } from '../../drizzle/errors.ts';
import { BadCursor } from '../../drizzle/queries/pages.ts';
import { InvalidCommand } from '../ocpp/command.ts';
import { BadChargingProfile } from '../operators/chargingProfile.ts';
import { KeysUndecided } from '../operators/authorizationKey.ts';
import { BadOptions, UnknownAction } from '../operators/commandChecks.ts';
import { BadDeadline, CommandIdTaken, TooLateToCancel } from '../operators/commands.ts';
import { ActorsAway, Changed, ChargePointNotKnown, RefusedByActor, UnknownChargePoint } from '../operators/errors.ts';
import { BadIdTagFile } from '../operators/idTags.ts';
import { BadLocalList } from '../operators/localListPlan.ts';
import { NoSecretKey } from '../security/seal.ts';

export const problemSchema = z
  .object({
    type: z.string().describe('about:blank: the status says it all'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was expected, what came, what to do'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('Of a request that does not fit: each field that is wrong'),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'about:blank',
        title: 'not found',
        status: 404,
        detail: 'no charge point "CP7" is registered or has been here',
      },
    ],
  });

type Problem = z.infer<typeof problemSchema>;

/** Answers of every route beside its own. */
export const problems = {
  '4xx': {
    description: 'The request cannot be served as it is',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
  '5xx': {
    description: 'Trying again may help: see Retry-After',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
};

/** Thrown by handlers. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    title: string,
    detail: string,
    more: { errors?: Problem['errors']; retryAfterSeconds?: number } = {},
  ) {
    super(detail);
    const { errors, retryAfterSeconds } = more;
    this.problem = { type: 'about:blank', title, status, detail, ...(errors ? { errors } : {}) };
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function notFound(detail: string): ProblemError {
  return new ProblemError(404, 'not found', detail);
}

/** Fastify's error handler. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, retryAfterSeconds } = problemOf(error);
  if (problem.status >= 500 && problem.status !== 503)
    request.log.error({ err: error }, 'a request of an operator failed');
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(Math.ceil(retryAfterSeconds)));
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const context = (error as { validationContext?: string }).validationContext ?? 'request';
    const where = context === 'querystring' ? 'query' : context;
    const errors = error.validation.map(({ instancePath, message }) => ({
      field: [where, ...instancePath.split('/').filter(Boolean)].join('.'),
      message: message ?? 'not as expected',
    }));
    return refusedFor(errors);
  }
  if (error instanceof BadCursor) return refused('query.after', error.message);
  if (error instanceof UnknownAction) return refused('body.action', error.message);
  if (error instanceof BadOptions) return refused('body.options', error.message);
  if (error instanceof InvalidCommand) return refused('body.payload', error.message);
  if (error instanceof BadDeadline) return refused('body.deadline', error.message);
  if (error instanceof BadChargingProfile) {
    return refusedFor(error.faults.map(({ path, reason }) => ({ field: inBody(path), message: reason })));
  }
  if (error instanceof BadLocalList) return refused('body.items', error.message);
  if (error instanceof BadIdTagFile) return refused('body', error.message);
  if (error instanceof UnknownChargePoint) return notFound(error.message);
  if (error instanceof Changed) return new ProblemError(412, 'changed meanwhile', error.message);
  if (error instanceof CommandIdTaken) return new ProblemError(422, 'the id is taken', error.message);
  if (error instanceof TooLateToCancel) return new ProblemError(409, 'too late', error.message);
  if (error instanceof KeysUndecided) return new ProblemError(409, 'undecided', error.message);
  if (error instanceof NoSecretKey) return new ProblemError(503, 'not set up', error.message);
  if (error instanceof RefusedByActor) return new ProblemError(409, 'refused', error.message);
  if (error instanceof ChargePointNotKnown)
    return new ProblemError(503, 'the database is away', error.message, { retryAfterSeconds: 2 });
  if (error instanceof ActorsAway)
    return new ProblemError(503, 'Temporal is away', error.message, { retryAfterSeconds: 5 });
  return ofFastify(error) ?? ofDatabase(error);
}

function refused(field: string, message: string): ProblemError {
  return refusedFor([{ field, message }]);
}

function refusedFor(errors: { field: string; message: string }[]): ProblemError {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new ProblemError(400, 'the request does not fit', detail, { errors });
}

function inBody(path: string): string {
  return path === '' ? 'body' : `body.${path}`;
}

/** What Fastify itself refuses: a body that is no JSON, too long, of another type. */
function ofFastify(error: unknown): ProblemError | undefined {
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined;
  return new ProblemError(statusCode, 'the request does not fit', String(message));
}

function ofDatabase(error: unknown): ProblemError {
  const { kind, message } = describeDatabaseError(error);
  if (tookTooLong(error)) {
    const detail = 'the database took too long: ask for a shorter time or fewer rows, or try again';
    return new ProblemError(503, 'took too long', detail, { retryAfterSeconds: 5 });
  }
  if (kind === 'away') return new ProblemError(503, 'the database is away', message, { retryAfterSeconds: 2 });
  if (kind === 'refused-value')
    return new ProblemError(400, 'the request does not fit', `the database refuses a value: ${message}`);
  return new ProblemError(500, 'internal error', 'see the log of the server');
}

/** The client's deadline, or the server's (query_canceled). */
function tookTooLong(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DatabaseTimeout || (cause as { code?: unknown }).code === '57014') return true;
  }
  return false;
}
