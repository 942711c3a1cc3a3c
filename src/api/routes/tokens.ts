import { z } from 'zod';
import { listTokens, revokeToken } from '../../../drizzle/queries/tokens.ts';
import { createToken, OPERATOR_ROLES } from '../../security/tokens.ts';
import type { ApiParts, App } from '../app.ts';
import { page, pageQuery, text } from '../fields.ts';
import { notFound, problems } from '../problem.ts';
import { token } from '../views.ts';

const tags = ['tokens'];
const config = { role: 'admin' } as const;
const input = z
  .strictObject({
    name: text(100).min(1).describe('Who has it: commands are shown to be requested by this name'),
    role: z.enum(OPERATOR_ROLES),
  })
  .meta({ id: 'NewToken', examples: [{ name: 'billing', role: 'viewer' }] });

/** Tokens to call this API with. */
export function tokenRoutes(app: App, { database }: ApiParts): void {
  app.get(
    '/v1/tokens',
    {
      config,
      schema: {
        tags,
        operationId: 'listTokens',
        summary: 'List tokens',
        querystring: pageQuery,
        response: { 200: page(token), ...problems },
      },
    },
    async ({ query }) => listTokens(database, query),
  );

  app.post(
    '/v1/tokens',
    {
      config,
      schema: {
        tags,
        operationId: 'createToken',
        summary: 'Make a token',
        description: 'The answer has its text, which is shown this once.',
        body: input,
        response: { 201: token.extend({ token: z.string().describe('What to call with') }), ...problems },
      },
    },
    async ({ body }, reply) => {
      void reply.code(201).header('Cache-Control', 'no-store');
      return createToken(database, body);
    },
  );

  app.delete(
    '/v1/tokens/:tokenId',
    {
      config,
      schema: {
        tags,
        operationId: 'revokeToken',
        summary: 'Revoke a token',
        description: 'It works no more after at most 5 s.',
        params: z.object({ tokenId: text(100) }),
        response: { 204: z.undefined().describe('Revoked'), ...problems },
      },
    },
    async ({ params: { tokenId } }, reply) => {
      if (!(await revokeToken(database, tokenId))) throw notFound(`there is no token with id "${tokenId}"`);
      return reply.code(204).send();
    },
  );
}
