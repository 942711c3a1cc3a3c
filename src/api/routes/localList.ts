import { z } from 'zod';
import { ID_TAG_STATUSES, idTagText } from '../../operators/idTags.ts';
import { readLocalList } from '../../operators/learnt/read.ts';
import { sendLocalList } from '../../operators/localList.ts';
import type { ApiParts, App } from '../app.ts';
import { whoAsks } from '../authentication.ts';
import { chargePointId, doubts, instant, instantInput, source } from '../fields.ts';
import { problems } from '../problem.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['charge points'];
const params = z.object({ id: chargePointId });

const localList = z
  .object({
    supported: z.boolean().nullable().describe('false: the station said that it has no local list; null: not known'),
    version: z
      .object({ value: z.int(), ...source })
      .nullable()
      .describe('0: the list is empty; null: not known'),
    knownSince: instant.nullable().describe('Since when its content is as in `items`; null: not known'),
    items: z
      .array(
        z.object({
          idTag: z.string(),
          status: z.string(),
          expiryDate: instant.nullable(),
          parentIdTag: z.string().nullable(),
          ...source,
        }),
      )
      .nullable()
      .describe('null: not known until the next SendLocalList with updateType Full'),
    doubts,
  })
  .meta({ id: 'LearntLocalList' });

const jobCommands = z.array(
  z.object({
    commandId: z.string(),
    action: z.string(),
    entries: z.int().describe('Of the list'),
    queued: z.boolean().describe('false: there is no such command (404) until its turn, if that comes'),
  }),
);

/** The local authorization list that a station has, and is to have. */
export function localListRoutes(app: App, parts: ApiParts): void {
  app.get(
    '/v1/charge-points/:id/local-list',
    {
      schema: {
        tags,
        operationId: 'getLocalList',
        summary: 'Its local authorization list',
        description: 'From its answers to SendLocalList and GetLocalListVersion.',
        params,
        response: { 200: localList, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readLocalList(parts.database, id);
    },
  );

  app.put(
    '/v1/charge-points/:id/local-list',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'sendLocalList',
        summary: 'Give it the local authorization list that it is to have',
        description:
          'Queues what it takes: nothing where it has that list; what has changed, and the whole list if it refuses that; ' +
          'or the whole list, in as many CALLs as it needs (SendLocalListMaxLength), also where a list was sent to it and not ' +
          'answered. Then it is asked for its version, which has to be `listVersion`. The commands are sent one after the ' +
          'other. Only the first is queued at once, each of the others once the one before it is completed: until then ' +
          'GET /v1/commands/{id} answers 404 to it, and for good where one before it was refused, or not answered. ' +
          'What an earlier list has left to do is cancelled.',
        params,
        body: z
          .strictObject({
            items: z
              .array(
                z.strictObject({
                  idTag: idTagText,
                  status: z.enum(ID_TAG_STATUSES).default('Accepted'),
                  expiryDate: instantInput.optional(),
                  parentIdTag: idTagText.optional(),
                }),
              )
              .max(25_000),
          })
          .meta({ id: 'NewLocalList', examples: [{ items: [{ idTag: '04A2B3C4' }] }] }),
        response: {
          202: z.object({
            listVersion: z
              .int()
              .describe(
                'Of the list, once it is there; higher where `otherwise` has several CALLs and it comes to them',
              ),
            commands: jobCommands.describe('In this order. None: it has that list'),
            otherwise: jobCommands.describe(
              'In this order, where it refuses one of `commands` or has another version in the end: the whole list. ' +
                'None: that is what is sent already, and is not sent twice',
            ),
          }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { params: of, body } = request;
      await assertKnown(parts, of.id);
      return reply
        .code(202)
        .send(await sendLocalList(parts, of.id, body.items, { requestedBy: whoAsks(request), via: 'rest' }));
    },
  );
}
