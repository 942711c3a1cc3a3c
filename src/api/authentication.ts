import type { FastifyReply, FastifyRequest } from 'fastify';
import { Attempts } from '../security/attempts.ts';
import { mayAct, type Tokens } from '../security/tokens.ts';
import { ProblemError } from './problem.ts';

/** Fastify's hook `onRequest`: who calls, and may they? */
export function authentication(tokens: Tokens): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const attempts = new Attempts({ free: 5, most: 60_000 });

  return async (request, reply) => {
    const needed = request.routeOptions.config.role ?? 'viewer';
    if (needed === 'anybody' || request.is404) return;
    const address = request.ip;
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const operator = token === undefined ? undefined : await tokens.operatorOf(token);
    if (!operator) {
      // Who has a right token is not kept out by others behind the same address.
      const blockedMs = token === undefined ? 0 : attempts.blockedFor(address);
      if (blockedMs > 0) {
        const detail = `too many wrong tokens from ${address}: wait ${Math.ceil(blockedMs / 1_000)} s`;
        throw new ProblemError(429, 'too many attempts', detail, { retryAfterSeconds: blockedMs / 1_000 });
      }
      if (token !== undefined) attempts.failed(address);
      reply.header('WWW-Authenticate', 'Bearer realm="ocpp-actors"');
      const detail =
        token === undefined
          ? 'expected a header "Authorization: Bearer <token>"; `ocpp-actors token create` makes a token'
          : 'the token is unknown or revoked';
      throw new ProblemError(401, 'who are you?', detail);
    }
    if (!mayAct(operator, needed)) {
      throw new ProblemError(
        403,
        'not allowed',
        `this needs role ${needed}; "${operator.name}" has role ${operator.role}`,
      );
    }
    request.operator = operator;
    request.stillAllowed = async () => token !== undefined && (await tokens.operatorOf(token)) !== undefined;
  };
}

/** Characters that a command keeps of who asked for it. */
const NAME_MOST = 100;

/**
 * The token's owner and the address it was used from; before that, where one is given, a name that nobody has verified:
 * `Ada, by billing from 10.0.0.1`. What is verified is always the end, after the last `, by`, and is never cut away.
 */
export function whoAsks({ operator, ip }: FastifyRequest, name?: string): string {
  const address = ` from ${ip}`;
  const owner = cut(operator?.name ?? 'somebody', NAME_MOST - address.length);
  const verified = `${owner}${address}`;
  if (name === undefined) return verified;
  const given = cut(name, NAME_MOST - verified.length - ', by '.length);
  return given === '' ? verified : `${given}, by ${verified}`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, Math.max(0, most - 1)).toWellFormed() + (most > 0 ? '…' : '');
}
