import { z } from 'zod';
import { listFirmwareEvents } from '../../../drizzle/queries/firmwareEvents.ts';
import { listEnergy, listMeterValues, summariseMeterValues } from '../../../drizzle/queries/meterValues.ts';
import { listDeviations, listVendorDeviations } from '../../../drizzle/queries/deviations.ts';
import { listDeadEvents, listMessages } from '../../../drizzle/queries/messages.ts';
import { FIRMWARE_ACTIONS } from '../../ocpp/firmwareActions.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId, inOrder, instantInput, page, pageQuery, period, text, wholeNumber } from '../fields.ts';
import { ProblemError, problems } from '../problem.ts';
import {
  deadEvent,
  deviation,
  energy,
  firmwareEvent,
  message,
  meterValue,
  meterValueSummary,
  vendorDeviation,
} from '../views.ts';
import { assertKnown } from './chargePoints.ts';

const params = z.object({ id: chargePointId });
const OUT_OF_ORDER = { error: 'expected from before to', path: ['from'] };
const DAY_MS = 86_400_000;
const MOST_INTERVALS = 50_000;

const meterValueQuery = pageQuery
  .extend({
    ...period,
    measurand: text(50)
      .optional()
      .meta({ examples: ['Power.Active.Import'] }),
    connectorId: wholeNumber.optional(),
    transactionId: wholeNumber.optional(),
    interval: z
      .string()
      .regex(/^[1-9]\d{0,5}[smhd]$/, 'expected a duration like 30s, 15m, 1h or 1d')
      .optional()
      .describe(
        'Average, minimum, maximum and last per interval instead of each sample; default of `from`: a day before `to`',
      ),
  })
  .refine(inOrder, OUT_OF_ORDER);

const energyQuery = pageQuery
  .extend({ ...period, per: z.enum(['hour', 'day']).default('hour'), connectorId: wholeNumber.optional() })
  .refine(inOrder, OUT_OF_ORDER);

const messageQuery = pageQuery
  .extend({
    ...period,
    action: text(100)
      .optional()
      .meta({ examples: ['StatusNotification'] }),
    direction: z.enum(['in', 'out']).optional().describe('As the central system sees it'),
  })
  .refine(inOrder, OUT_OF_ORDER);

const firmwareEventQuery = pageQuery
  .extend({ ...period, action: z.enum(FIRMWARE_ACTIONS).optional() })
  .refine(inOrder, OUT_OF_ORDER);

const deviationQuery = z.object({
  from: instantInput.optional().describe('Received at or after; by default of the last 7 days'),
});
const deviations = z.object({ items: z.array(deviation) });
const vendorDeviations = z.object({ items: z.array(vendorDeviation) });

/** What a charge point has said: readings, energy, how installations and uploads go, and every frame. */
export function readingRoutes(app: App, parts: ApiParts): void {
  const { database } = parts;

  app.get(
    '/v1/charge-points/:id/meter-values',
    {
      schema: {
        tags: ['charge points'],
        operationId: 'listMeterValues',
        summary: 'List meter values, the newest first',
        params,
        querystring: meterValueQuery,
        response: { 200: z.union([page(meterValue), page(meterValueSummary)]), ...problems },
      },
    },
    async ({ params: { id }, query }) => {
      const { interval, after, limit, ...filter } = query;
      const found = interval
        ? await summariseMeterValues(
            database,
            id,
            { ...filter, ...lately(filter, DAY_MS, interval) },
            secondsOf(interval),
            { after, limit },
          )
        : await listMeterValues(database, id, filter, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.get(
    '/v1/charge-points/:id/energy',
    {
      schema: {
        tags: ['charge points'],
        operationId: 'listEnergy',
        summary: 'Energy per hour or day, the newest first',
        description: 'From the energy register (Energy.Active.Import.Register). By default of the last 31 days.',
        params,
        querystring: energyQuery,
        response: { 200: page(energy), ...problems },
      },
    },
    async ({ params: { id }, query }) => {
      const { after, limit, ...rest } = query;
      const found = await listEnergy(database, id, { ...rest, ...lately(rest, 31 * DAY_MS) }, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.get(
    '/v1/charge-points/:id/firmware-events',
    {
      schema: {
        tags: ['charge points'],
        operationId: 'listFirmwareEvents',
        summary: 'How its installations of firmware and its uploads of diagnostics and logs go, the newest first',
        description: 'Kept for 2 years.',
        params,
        querystring: firmwareEventQuery,
        response: { 200: page(firmwareEvent), ...problems },
      },
    },
    async ({ params: { id }, query }) => {
      const { after, limit, ...filter } = query;
      const found = await listFirmwareEvents(database, id, filter, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.get(
    '/v1/charge-points/:id/deviations',
    {
      schema: {
        tags: ['charge points'],
        operationId: 'listDeviationsOf',
        summary: 'How its messages depart from the specification, the most frequent way first',
        params,
        querystring: deviationQuery,
        response: { 200: deviations, ...problems },
      },
    },
    async ({ params: { id }, query: { from = weekAgo() } }) => {
      const items = await listDeviations(database, { chargePointId: id, from });
      if (items.length === 0) await assertKnown(parts, id);
      return { items };
    },
  );

  app.get(
    '/v1/deviations',
    {
      schema: {
        tags: ['deviations'],
        operationId: 'listDeviations',
        summary: 'Which charge points depart from the specification, and how; the 1,000 most frequent',
        querystring: deviationQuery.extend({
          by: z.enum(['vendor']).optional().describe("Summed over each vendor's charge points instead of for each"),
        }),
        response: { 200: z.union([deviations, vendorDeviations]), ...problems },
      },
    },
    async ({ query: { from = weekAgo(), by } }) => {
      if (by === 'vendor') return { items: await listVendorDeviations(database, { from }) };
      return { items: await listDeviations(database, { from }) };
    },
  );

  app.get(
    '/v1/charge-points/:id/messages',
    {
      schema: {
        tags: ['charge points'],
        operationId: 'listMessages',
        summary: 'List messages from and to it, the newest first',
        params,
        querystring: messageQuery,
        response: { 200: page(message), ...problems },
      },
    },
    async ({ params: { id }, query }) => {
      const { after, limit, ...filter } = query;
      const found = await listMessages(database, id, filter, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.get(
    '/v1/dead-events',
    {
      schema: {
        tags: ['dead events'],
        operationId: 'listDeadEvents',
        summary: 'List what could not be understood or stored, the newest first',
        querystring: pageQuery.extend({ chargePointId: chargePointId.optional() }),
        response: { 200: page(deadEvent), ...problems },
      },
    },
    async ({ query: { chargePointId: id, ...paging } }) => listDeadEvents(database, { chargePointId: id }, paging),
  );
}

function lately(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  ms: number,
  interval?: string,
): { from: string; to: string } {
  const end = to === undefined ? Date.now() : Date.parse(to);
  const begin = from === undefined ? end - ms : Date.parse(from);
  if (interval !== undefined && (end - begin) / 1_000 / secondsOf(interval) > MOST_INTERVALS) {
    const expected = `expected at most ${MOST_INTERVALS} intervals between from and to`;
    const errors = [{ field: 'query.interval', message: expected }];
    throw new ProblemError(400, 'the request does not fit', `query.interval: ${expected}`, { errors });
  }
  return { from: new Date(begin).toISOString(), to: new Date(end).toISOString() };
}

function secondsOf(interval: string): number {
  const units = { s: 1, m: 60, h: 3_600, d: 86_400 };
  return Number.parseInt(interval, 10) * units[interval.at(-1) as keyof typeof units];
}

function weekAgo(): string {
  return new Date(Date.now() - 7 * DAY_MS).toISOString();
}
