import { z } from 'zod';
import { findTransaction, listTransactions } from '../../../drizzle/queries/transactions.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId, flag, inOrder, page, pageQuery, period, text, wholeNumber } from '../fields.ts';
import { notFound, problems } from '../problem.ts';
import { transaction } from '../views.ts';
import { assertKnown } from './chargePoints.ts';

const filter = {
  open: flag.optional().describe('true: those that have not ended; false: those that have'),
  idTag: text(100).optional().describe('Without regard to case'),
  from: period.from.describe('Started at or after; of one without a start its end counts'),
  to: period.to.describe('Started before'),
};
const OUT_OF_ORDER = { error: 'expected from before to', path: ['from'] };

export function transactionRoutes(app: App, parts: ApiParts): void {
  const { database } = parts;

  app.get(
    '/v1/transactions',
    {
      schema: {
        tags: ['transactions'],
        operationId: 'listTransactions',
        summary: 'List transactions, by charge point, its newest first',
        querystring: pageQuery
          .extend({ chargePointId: chargePointId.optional(), ...filter })
          .refine(inOrder, OUT_OF_ORDER),
        response: { 200: page(transaction), ...problems },
      },
    },
    async ({ query: { after, limit, ...rest } }) => listTransactions(database, rest, { after, limit }),
  );

  app.get(
    '/v1/charge-points/:id/transactions',
    {
      schema: {
        tags: ['transactions', 'charge points'],
        operationId: 'listTransactionsOfChargePoint',
        summary: 'List its transactions, the newest first',
        params: z.object({ id: chargePointId }),
        querystring: pageQuery.extend(filter).refine(inOrder, OUT_OF_ORDER),
        response: { 200: page(transaction), ...problems },
      },
    },
    async ({ params: { id }, query: { after, limit, ...rest } }) => {
      const found = await listTransactions(database, { ...rest, chargePointId: id }, { after, limit });
      if (found.items.length === 0) await assertKnown(parts, id);
      return found;
    },
  );

  app.get(
    '/v1/charge-points/:id/transactions/:transactionId',
    {
      schema: {
        tags: ['transactions', 'charge points'],
        operationId: 'getTransaction',
        summary: 'Show a transaction',
        params: z.object({ id: chargePointId, transactionId: wholeNumber }),
        response: { 200: transaction, ...problems },
      },
    },
    async ({ params: { id, transactionId } }) => {
      const found = await findTransaction(database, id, transactionId);
      if (!found) throw notFound(`charge point "${id}" has no transaction ${transactionId}`);
      return found;
    },
  );
}
