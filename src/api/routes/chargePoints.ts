import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { findChargePoint, listChargePoints, listConnectors } from '../../../drizzle/queries/chargePoints.ts';
import { findClockOffset } from '../../../drizzle/queries/clockOffset.ts';
import { retireChargePoint, saveChargePoint, type Decided } from '../../operators/chargePoints.ts';
import { UnknownChargePoint } from '../../operators/errors.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId, page, pageQuery, text } from '../fields.ts';
import { ProblemError, problems } from '../problem.ts';
import { chargePoint, connector } from '../views.ts';

const tags = ['charge points'];
const params = z.object({ id: chargePointId });

const filter = pageQuery.extend({
  presence: z.enum(['online', 'offline']).optional(),
  vendor: text(100).optional(),
  model: text(100).optional(),
  firmware: text(100).optional().describe('Its version'),
  registration: z
    .enum(['accepted', 'pending', 'rejected', 'retired'])
    .optional()
    .describe('By default all but retired'),
  label: z
    .preprocess(
      (given) => (typeof given === 'string' ? [given] : given),
      z.array(text(200).regex(/^[^:]+:/, 'expected key:value')).max(20),
    )
    .optional()
    .describe('`key:value`; several times for several labels'),
});

const label = text(100).min(1);
const input = z
  .strictObject({
    registration: z.enum(['accepted', 'pending', 'rejected']).optional(),
    heartbeatInterval: z.int().min(10).max(86_400).nullable().optional().describe('Seconds; null: HEARTBEAT_INTERVAL'),
    labels: z
      .record(label.regex(/^[^:]+$/, 'expected no colon'), text(100))
      .refine((labels) => Object.keys(labels).length <= 50, 'expected at most 50 labels')
      .optional()
      .describe('Instead of all there were'),
    password: text(100)
      .min(8)
      .nullable()
      .optional()
      .describe('Of its HTTP Basic authentication; never shown. null: none is asked for any more'),
  })
  .meta({
    id: 'ChargePointDecision',
    examples: [
      { registration: 'accepted', labels: { site: 'Depot 1' }, password: '0123456789abcdef0123456789abcdef01234567' },
    ],
  });

const decided = chargePoint.extend({
  note: z.string().optional().describe('Of a 202: what is still to be done'),
});

const details = chargePoint
  .extend({
    clockOffset: z
      .int()
      .nullable()
      .describe(
        'Seconds by which its clock is ahead of ours, negative: behind; from its newest messages of the last day, null where none says when it was said',
      ),
  })
  .meta({ id: 'ChargePointDetails' });

const conditions = z.object({
  'if-match': z.string().optional().describe('`"<revision>"`: only while nobody else changed it'),
  'if-none-match': z.literal('*').optional().describe('`*`: only where it does not exist yet'),
});

/** Charge points, and what operators decide about them. */
export function chargePointRoutes(app: App, parts: ApiParts): void {
  const { database } = parts;

  app.get(
    '/v1/charge-points',
    {
      schema: {
        tags,
        operationId: 'listChargePoints',
        summary: 'List charge points, by id',
        querystring: filter,
        response: { 200: page(chargePoint), ...problems },
      },
    },
    async ({ query }) => {
      const { presence, vendor, model, firmware, registration, label: labels, ...paging } = query;
      return listChargePoints(
        database,
        {
          online: presence && presence === 'online',
          vendor,
          model,
          firmwareVersion: firmware,
          registration,
          labels: labels && Object.fromEntries(labels.map(splitLabel)),
        },
        paging,
      );
    },
  );

  app.get(
    '/v1/charge-points/:id',
    {
      schema: {
        tags,
        operationId: 'getChargePoint',
        summary: 'Show a charge point',
        params,
        response: { 200: details, ...problems },
      },
    },
    async ({ params: { id } }, reply) => {
      const [found, clockOffset] = await Promise.all([findChargePoint(database, id), findClockOffset(database, id)]);
      if (!found) throw new UnknownChargePoint(id);
      void reply.header('ETag', `"${found.revision}"`);
      return { ...found, clockOffset };
    },
  );

  app.put(
    '/v1/charge-points/:id',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        operationId: 'putChargePoint',
        summary: 'Register a charge point, or change what is given',
        description:
          'Registers it before it ever connects, accepts or rejects it, sets its password and labels. What is left out stays as it is. 202: it is stored and edges follow it within seconds, but the actor could not be told, see `note`.',
        params,
        headers: conditions,
        body: input,
        response: { 200: decided, 201: decided, 202: decided, ...problems },
      },
    },
    async ({ params: { id }, headers, body }, reply) => {
      const revision = revisionOf(headers['if-match']);
      const onlyIf = headers['if-none-match'] ? 'new' : revision === undefined ? undefined : { revision };
      const result = await saveChargePoint(parts, id, body, onlyIf);
      if (result.created) void reply.header('Location', `/v1/charge-points/${encodeURIComponent(id)}`);
      void reply.code(result.actorNotTold ? 202 : result.created ? 201 : 200);
      return answer(result, reply);
    },
  );

  app.delete(
    '/v1/charge-points/:id',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        operationId: 'retireChargePoint',
        summary: 'Retire a charge point',
        description: 'It is let in no more and its actor ends. All that is stored of it stays; PUT brings it back.',
        params,
        headers: conditions.omit({ 'if-none-match': true }),
        response: { 200: decided, 202: decided, ...problems },
      },
    },
    async ({ params: { id }, headers }, reply) => {
      const revision = revisionOf(headers['if-match']);
      const result = await retireChargePoint(parts, id, revision === undefined ? undefined : { revision });
      void reply.code(result.actorNotTold ? 202 : 200);
      return answer(result, reply);
    },
  );

  app.get(
    '/v1/charge-points/:id/connectors',
    {
      schema: {
        tags,
        operationId: 'listConnectors',
        summary: 'List its connectors',
        params,
        querystring: pageQuery,
        response: { 200: page(connector), ...problems },
      },
    },
    async ({ params: { id }, query }) => {
      const found = await listConnectors(database, id, query);
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );
}

/** An empty list of nobody would look like that of a silent charge point. */
export async function assertKnown({ database }: ApiParts, id: string): Promise<void> {
  if (!(await findChargePoint(database, id))) throw new UnknownChargePoint(id);
}

function answer({ chargePoint: found, actorNotTold }: Decided, reply: FastifyReply): z.infer<typeof decided> {
  void reply.header('ETag', `"${found.revision}"`);
  const note = actorNotTold && `stored, but the charge point's actor was not told: ${actorNotTold}. Repeat it later`;
  return note ? { ...found, note } : found;
}

function revisionOf(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const revision = /^"(\d{1,20})"$/.exec(ifMatch)?.[1];
  if (revision === undefined)
    throw new ProblemError(412, 'changed meanwhile', `If-Match: expected an ETag, not ${ifMatch.slice(0, 40)}`);
  return revision;
}

function splitLabel(given: string): [string, string] {
  const colon = given.indexOf(':');
  return [given.slice(0, colon), given.slice(colon + 1)];
}
