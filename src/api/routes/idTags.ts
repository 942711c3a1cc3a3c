import { Readable } from 'node:stream';
import { z } from 'zod';
import {
  findIdTag,
  listIdTags,
  putIdTags,
  removeIdTag,
  type IdTagFields,
} from '../../../drizzle/queries/idTagRegister.ts';
import { exportIdTags, ID_TAG_STATUSES, idTagText, importIdTags } from '../../operators/idTags.ts';
import type { ApiParts, App } from '../app.ts';
import { flag, instantInput, page, pageQuery, text } from '../fields.ts';
import { notFound, ProblemError, problems } from '../problem.ts';
import { idTag } from '../views.ts';

const tags = ['id tags'];
const params = z.object({ idTag: idTagText.describe('Without regard to case') });

const input = z
  .strictObject({
    status: z.enum(ID_TAG_STATUSES).default('Accepted'),
    expiryDate: instantInput.nullable().default(null),
    parentIdTag: idTagText.nullable().default(null),
    singleTransaction: z.boolean().default(false).describe('Charges at one place at a time'),
    note: text(1_000).nullable().default(null),
  })
  .meta({ id: 'IdTagFields', examples: [{ status: 'Accepted', note: 'Ada' }] });
const INPUT_FIELDS = Object.keys(input.shape) as (keyof IdTagFields)[];

const imported = z
  .object({
    lines: z.int().describe('Id tags read'),
    created: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    badLines: z.int(),
    bad: z.array(z.object({ line: z.int(), reason: z.string() })).describe('The first 1,000'),
  })
  .meta({ id: 'IdTagImport' });

export function idTagRoutes(app: App, { database }: ApiParts): void {
  /** A file is held in memory: one at a time. */
  let importing = false;

  app.get(
    '/v1/id-tags',
    {
      schema: {
        tags,
        operationId: 'listIdTags',
        summary: 'List id tags, in alphabetical order',
        querystring: pageQuery.extend({
          status: z.enum(ID_TAG_STATUSES).optional(),
          parentIdTag: text(100).optional(),
        }),
        response: { 200: page(idTag), ...problems },
      },
    },
    async ({ query: { after, limit, ...filter } }) => listIdTags(database, filter, { after, limit }),
  );

  app.get(
    '/v1/id-tags/:idTag',
    {
      schema: {
        tags,
        operationId: 'getIdTag',
        summary: 'Show an id tag',
        params,
        response: { 200: idTag, ...problems },
      },
    },
    async ({ params: { idTag: text_ } }) => {
      const found = await findIdTag(database, text_);
      if (!found) throw notFound(`there is no id tag "${text_}"`);
      return found;
    },
  );

  app.put(
    '/v1/id-tags/:idTag',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'putIdTag',
        summary: 'Create an id tag, or replace all of it',
        description: 'Edges follow within seconds.',
        params,
        body: input,
        response: { 200: idTag, 201: idTag, ...problems },
      },
    },
    async ({ params: { idTag: text_ }, body }, reply) => {
      const tag = { idTag: text_, ...body };
      const { created } = await putIdTags(database, [tag], INPUT_FIELDS);
      void reply.code(created > 0 ? 201 : 200);
      return tag;
    },
  );

  app.delete(
    '/v1/id-tags/:idTag',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'deleteIdTag',
        summary: 'Delete an id tag',
        params,
        response: { 204: z.undefined().describe('Deleted'), ...problems },
      },
    },
    async ({ params: { idTag: text_ } }, reply) => {
      if (!(await removeIdTag(database, text_))) throw notFound(`there is no id tag "${text_}"`);
      return reply.code(204).send();
    },
  );

  app.get(
    '/v1/id-tags.csv',
    {
      schema: {
        tags,
        operationId: 'exportIdTags',
        summary: 'All id tags as a CSV file',
        response: {
          200: { description: 'As the import reads it', content: { 'text/csv': { schema: z.string() } } },
          ...problems,
        },
      },
    },
    async (_, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('Content-Disposition', 'attachment; filename="id-tags.csv"')
        .send(Readable.from(exportIdTags(database)) as never),
  );

  app.post(
    '/v1/id-tags/import',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'importIdTags',
        summary: 'Create and change id tags from a CSV file',
        description:
          'A header with idTag and any of status, expiryDate, parentIdTag, singleTransaction, note; delimited by , or ;. A file with bad lines is refused as a whole (422), unless `skipBad`. It is written in steps: if it fails in between, import it again.',
        querystring: z.object({
          skipBad: flag.default(false).describe('Import the good lines of a file with bad ones'),
        }),
        consumes: ['text/csv'],
        body: z.any().meta({ type: 'string', examples: ['idTag,status,note\n04A2B3C4,Accepted,Ada\n'] }),
        response: { 200: imported, ...problems },
      },
    },
    async ({ query: { skipBad }, body }) => {
      if (!(body instanceof Readable)) {
        throw new ProblemError(415, 'the request does not fit', 'expected a body of Content-Type text/csv');
      }
      if (importing) {
        const detail = 'another import is running';
        throw new ProblemError(503, 'one import at a time', detail, { retryAfterSeconds: 10 });
      }
      importing = true;
      const imports = importIdTags(database, body, { skipBad }).finally(() => (importing = false));
      const { imported: done, ...result } = await imports;
      if (done) return result;
      const errors = result.bad.map(({ line, reason }) => ({ field: `line ${line}`, message: reason }));
      const first = result.bad[0];
      const detail = `${result.badLines} of ${result.lines} lines are bad, nothing was imported; the first is line ${first?.line}: ${first?.reason}`;
      throw new ProblemError(422, 'bad lines', detail, { errors });
    },
  );
}
