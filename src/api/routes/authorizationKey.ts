import { z } from 'zod';
import { changeAuthorizationKey } from '../../operators/authorizationKey.ts';
import { KEY } from '../../security/passwords.ts';
import type { ApiParts, App } from '../app.ts';
import { whoAsks } from '../authentication.ts';
import { chargePointId } from '../fields.ts';
import { problems } from '../problem.ts';

/** The key that a charge point proves with who it is. */
export function authorizationKeyRoutes(app: App, parts: ApiParts): void {
  app.put(
    '/v1/charge-points/:id/authorization-key',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['charge points'],
        operationId: 'changeAuthorizationKey',
        summary: 'Change its AuthorizationKey, at the charge point and here',
        description:
          'Queues a ChangeConfiguration in which the key is sealed: it is in no command, log or database. Both keys count until the charge point has accepted the new one or connected with it; where it refuses the new one, or is never asked, the old one stays.',
        params: z.object({ id: chargePointId }),
        body: z
          .strictObject({
            key: z
              .string()
              .regex(KEY, 'expected 32 to 40 hex digits')
              .optional()
              .describe('By default one of 40 hex digits is made'),
          })
          .meta({ id: 'NewAuthorizationKey', examples: [{}] }),
        response: {
          202: z.object({
            commandId: z.string().describe('Of the ChangeConfiguration: its outcome tells which key counts'),
            authorizationKey: z.string().describe('Shown this once'),
          }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const changed = await changeAuthorizationKey(parts, params.id, {
        ...body,
        requestedBy: whoAsks(request),
        via: 'rest',
      });
      return reply.code(202).header('Cache-Control', 'no-store').send(changed);
    },
  );
}
