/** Zod schemas that several routes share. What they refuse names the field; what they describe is in the OpenAPI document. */
import { z } from 'zod';
import { chargePointIdFrom } from '../ocpp/identity.ts';
import { isStorable } from '../ocpp/text.ts';

const storable = (schema: z.ZodString) => schema.refine(isStorable, 'expected no NUL and no half of a surrogate pair');
export const text = (max: number) => storable(z.string().max(max));

export const chargePointId = z
  .string()
  .superRefine((id, context) => {
    const found = chargePointIdFrom(`/${encodeURIComponent(id.toWellFormed())}`);
    if ('problem' in found) context.addIssue({ code: 'custom', message: found.problem });
  })
  .describe('As in the URL it connects to')
  .meta({ examples: ['CP1'] });

/** As in the database, UTC. */
export const instant = z.string().meta({ format: 'date-time', examples: ['2026-01-02T03:04:05.000Z'] });
/** As people write it, to UTC. */
export const instantInput = z
  .string()
  .refine(
    (given) => z.iso.datetime({ offset: true }).safeParse(given).success,
    'expected a time like 2026-01-02T03:04:05Z',
  )
  .transform((given) => new Date(given).toISOString())
  .meta({ format: 'date-time' });

export const flag = z.preprocess((given) => (given === 'true' ? true : given === 'false' ? false : given), z.boolean());
export const wholeNumber = z.coerce.number().int();

export const pageQuery = z.object({
  limit: z.coerce.number('expected a number').int().min(1).max(1_000).default(100).describe('Rows per page'),
  after: z.string().max(1_000).optional().describe('`next` of the page before'),
});

/** A list, page by page. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('For `after` of the next page; null on the last one'),
  });
}

/** Whether a time begins before it ends. */
export function inOrder({ from, to }: { from?: string | undefined; to?: string | undefined }): boolean {
  return from === undefined || to === undefined || from < to;
}

export const period = {
  from: instantInput.optional().describe('At or after'),
  to: instantInput.optional().describe('Before'),
};

/** Of what a station told. */
export const source = {
  learntAt: instant.describe('When the station said so'),
  commandId: z.string().describe('The command whose answer told it'),
};

/** Of what a station did not answer: it may have carried it out, or not. */
export const doubts = z
  .array(
    z.object({
      commandId: z.string(),
      action: z.string(),
      since: instant.describe('When it was sent'),
      about: z.string().describe('What is not certain, in words: a configuration key, "reservation 7"'),
    }),
  )
  .describe(
    'Commands that were sent, or may have been, and not answered (yet), as long as something would be otherwise if the ' +
      'charge point has carried them out; empty: all that is told is certain',
  );
