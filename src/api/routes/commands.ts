import { z } from 'zod';
import { listCommands } from '../../../drizzle/queries/commands.ts';
import { commands } from '../../ocpp/commands.ts';
import { showCommand, submitCommand } from '../../operators/commands.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId, flag, page, pageQuery, text } from '../fields.ts';
import { notFound, problems } from '../problem.ts';
import { command } from '../views.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['commands'];
const params = z.object({ id: chargePointId });

const input = z
  .strictObject({
    action: text(100).describe(`One of ${[...commands.keys()].join(', ')}`),
    payload: z.record(z.string(), z.unknown()).default({}).describe('Of the CALL, as OCPP 1.6 §6 has it'),
    deadlineSeconds: z
      .number()
      .positive()
      .max(365 * 86_400)
      .optional()
      .describe('Not sent later than this; by default what suits the action'),
    commandId: text(100).min(1).optional().describe('Your own: the same one again queues nothing'),
  })
  .meta({ id: 'NewCommand', examples: [{ action: 'Reset', payload: { type: 'Soft' } }] });

/** Commands to charge points. */
export function commandRoutes(app: App, parts: ApiParts): void {
  app.get(
    '/v1/charge-points/:id/commands',
    {
      schema: {
        tags,
        operationId: 'listCommands',
        summary: 'List its commands, the newest first',
        params,
        querystring: pageQuery.extend({
          action: text(100).optional(),
          unfinished: flag.optional().describe('true: those that have not ended; false: those that have'),
        }),
        response: { 200: page(command), ...problems },
      },
    },
    async ({ params: { id }, query: { after, limit, ...filter } }) => {
      const found = await listCommands(parts.database, id, filter, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.post(
    '/v1/charge-points/:id/commands',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'submitCommand',
        summary: 'Queue a command',
        description:
          'It is sent when the charge point is there, up to its deadline. How it went: see Location, or the events.',
        params,
        body: input,
        response: { 202: z.object({ commandId: z.string() }), ...problems },
      },
    },
    async ({ params: { id }, body, operator }, reply) => {
      const { commandId } = await submitCommand(parts, id, { ...body, requestedBy: operator?.name });
      const location = `/v1/charge-points/${encodeURIComponent(id)}/commands/${encodeURIComponent(commandId)}`;
      void reply.code(202).header('Location', location);
      return { commandId };
    },
  );

  app.get(
    '/v1/charge-points/:id/commands/:commandId',
    {
      schema: {
        tags,
        operationId: 'getCommand',
        summary: 'Show a command',
        params: params.extend({ commandId: text(100) }),
        response: { 200: command, ...problems },
      },
    },
    async ({ params: { id, commandId } }) => {
      const found = await showCommand(parts, id, commandId);
      if (!found) throw notFound(`charge point "${id}" has no command "${commandId}"`);
      return found;
    },
  );
}
