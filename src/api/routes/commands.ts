import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { chargePointsOfCommand } from '../../../drizzle/queries/commands.ts';
import { commands } from '../../ocpp/commands.ts';
import { cancelCommand, submitCommand } from '../../operators/commands.ts';
import { Outcomes } from '../../operators/outcomes.ts';
import { listShownCommands, showCommand } from '../../operators/shownCommands.ts';
import type { ApiParts, App } from '../app.ts';
import { whoAsks } from '../authentication.ts';
import { chargePointId, flag, instantInput, page, pageQuery, text } from '../fields.ts';
import { notFound, ProblemError, problems } from '../problem.ts';
import { command, commandOptions } from '../views.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['commands'];
const params = z.object({ id: chargePointId });
const commandId = text(100).min(1);
/** Longest time that a request waits for an outcome (s). */
const WAIT_MOST = 60;

const input = z
  .strictObject({
    action: text(100).describe(`One of ${[...commands.keys()].join(', ')}`),
    payload: z.record(z.string(), z.unknown()).default({}).describe('Of the CALL, as OCPP 1.6 §6 has it'),
    options: commandOptions.optional(),
    deadlineSeconds: z
      .number()
      .positive()
      .max(365 * 86_400)
      .optional()
      .describe('Not sent later than this; by default what suits the action'),
    deadline: instantInput.optional().describe('The same as an instant, within a year; instead of deadlineSeconds'),
    commandId: commandId.optional().describe('Your own: the same one again queues nothing'),
    requestedBy: text(100)
      .min(1)
      .optional()
      .describe("For whom; kept before the token's owner and address: `Ada, by billing from 10.0.0.1`"),
  })
  .refine(({ deadline, deadlineSeconds }) => deadline === undefined || deadlineSeconds === undefined, {
    path: ['deadline'],
    message: 'deadline and deadlineSeconds say the same: give one',
  })
  .meta({ id: 'NewCommand', examples: [{ action: 'Reset', payload: { type: 'Soft' } }] });

const further = z
  .array(z.string())
  .optional()
  .describe('More keys than the charge point takes in one GetConfiguration: ids of the commands that ask for the rest');

const headers = z.object({
  'idempotency-key': commandId.optional().describe("Becomes the command's id: asked again with it, it is queued once"),
  prefer: z
    .string()
    .optional()
    .describe(`wait=10: answers 200 with the outcome if it comes within so many seconds (up to ${WAIT_MOST})`),
});

/** Commands to charge points. */
export function commandRoutes(app: App, parts: ApiParts): void {
  const outcomes = new Outcomes(parts.database);

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
      const found = await listShownCommands(parts.database, id, filter, { after, limit });
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
          'It is sent when the charge point is there, up to its deadline. How it went: wait for it with Prefer, see ' +
          'Location, or follow the events.',
        params,
        headers,
        body: input,
        response: {
          200: command.extend({ further }).meta({ id: 'SubmittedCommand' }),
          202: z.object({ commandId: z.string(), further }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { params: of, body, headers: given } = request;
      const key = given['idempotency-key'];
      if (key !== undefined && body.commandId !== undefined && key !== body.commandId) {
        throw new ProblemError(400, 'the request does not fit', 'Idempotency-Key and commandId differ: give one');
      }
      const waitSeconds = waitOf(given.prefer);
      const submitted = await submitCommand(parts, of.id, {
        ...body,
        commandId: key ?? body.commandId,
        requestedBy: whoAsks(request, body.requestedBy),
        via: 'rest',
      });
      const location = `/v1/charge-points/${encodeURIComponent(of.id)}/commands/${encodeURIComponent(submitted.commandId)}`;
      void reply.header('Location', location);
      if (waitSeconds > 0) {
        void reply.header('Preference-Applied', `wait=${waitSeconds}`);
        const stopping = AbortSignal.any([parts.stopping, whenGone(reply)]);
        const { commandId: first, further: others = [] } = submitted;
        const [ended, ...rest] = await Promise.all(
          [first, ...others].map((one) => {
            return outcomes.of({ chargePointId: of.id, commandId: one }, waitSeconds * 1_000, stopping);
          }),
        );
        if (ended && rest.every((one) => one !== undefined)) return reply.code(200).send({ ...ended, ...submitted });
      }
      return reply.code(202).send(submitted);
    },
  );

  app.get(
    '/v1/charge-points/:id/commands/:commandId',
    {
      schema: {
        tags,
        operationId: 'getCommand',
        summary: 'Show a command',
        params: params.extend({ commandId }),
        response: { 200: command, ...problems },
      },
    },
    ({ params: of }) => show(of.id, of.commandId),
  );

  app.delete(
    '/v1/charge-points/:id/commands/:commandId',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'cancelCommand',
        summary: 'Cancel a command that was not sent yet',
        params: params.extend({ commandId }),
        response: { 200: command, ...problems },
      },
    },
    (request) => cancel(request.params.id, request.params.commandId, request),
  );

  app.get(
    '/v1/commands/:commandId',
    {
      schema: {
        tags,
        operationId: 'getCommandById',
        summary: 'Show a command, by its id alone',
        description: 'From when it is stored on: moments after it was asked for.',
        params: z.object({ commandId }),
        response: { 200: command, ...problems },
      },
    },
    async ({ params: of }) => show(await ownerOf(of.commandId), of.commandId),
  );

  app.delete(
    '/v1/commands/:commandId',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'cancelCommandById',
        summary: 'Cancel a command that was not sent yet, by its id alone',
        params: z.object({ commandId }),
        response: { 200: command, ...problems },
      },
    },
    async (request) => cancel(await ownerOf(request.params.commandId), request.params.commandId, request),
  );

  async function show(chargePoint: string, id: string) {
    const found = await showCommand(parts, chargePoint, id);
    if (!found) throw notFound(`charge point "${chargePoint}" has no command "${id}"`);
    return found;
  }

  async function cancel(chargePoint: string, id: string, request: FastifyRequest) {
    const found = await cancelCommand(parts, chargePoint, { commandId: id, requestedBy: whoAsks(request) });
    if (!found) throw notFound(`charge point "${chargePoint}" has no command "${id}"`);
    return found;
  }

  async function ownerOf(id: string): Promise<string> {
    const [chargePoint, another] = await chargePointsOfCommand(parts.database, id);
    if (chargePoint === undefined) throw notFound(`no command "${id}" is stored`);
    if (another === undefined) return chargePoint;
    const detail = `several charge points have a command "${id}": ask for /v1/charge-points/{id}/commands/${id}`;
    throw new ProblemError(409, 'not the only one', detail);
  }
}

/** Aborted when nobody waits for the answer any more. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (raw.destroyed) gone.abort();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

/** RFC 7240 §4.3; seconds, 0 where it is not asked to wait. */
function waitOf(prefer: string | undefined): number {
  const given = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(prefer ?? '')?.[1];
  return given === undefined ? 0 : Math.min(WAIT_MOST, Number(given));
}
