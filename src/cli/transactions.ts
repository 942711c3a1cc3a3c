import type { Command } from 'commander';
import type { MeterValueSummary, MeterValueView } from '../../drizzle/queries/meterValues.ts';
import type { TransactionView } from '../../drizzle/queries/transactions.ts';
import { chargePointId, idTag, interval, jsonOption, limitOption, time } from './arguments.ts';
import { examples } from './examples.ts';
import { Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase } from './servers.ts';

/** `transactions`, `meter-values` */
export function addTransactions(program: Command): void {
  const transactions = program
    .command('transactions')
    .description('List transactions, by charge point, newest first.')
    .argument('[chargePointId]', 'of this one only', chargePointId)
    .option('--open', 'only those that have not ended')
    .option('--id-tag <idTag>', 'only of this id tag', idTag)
    .option('--from <time>', 'started at or after: 2026-01-31, 2026-01-31T12:00:00Z, or 2h, 7d ago', time)
    .option('--to <time>', 'started before', time)
    .addOption(limitOption(100))
    .addOption(jsonOption())
    .action((id: string | undefined, options: TransactionOptions) => listTransactions(id, options));
  examples(transactions, [
    ['transactions --open', 'who is charging now'],
    ['transactions CP1 --from 30d --limit 1000 --json', 'for another program'],
  ]);

  const meterValues = program
    .command('meter-values')
    .description('List the meter values of a charge point, newest first.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .option('--from <time>', 'read at or after: 2026-01-31, 2026-01-31T12:00:00Z, or 2h, 7d ago', time)
    .option('--to <time>', 'read before', time)
    .option('--measurand <measurand>', 'only this one, as OCPP names it')
    .option('--interval <length>', 'summarised per 15m, 1h, 1d, …; of the last day without --from', interval)
    .addOption(limitOption(100))
    .addOption(jsonOption())
    .action((id: string, options: MeterValueOptions) => listMeterValues(id, options));
  examples(meterValues, [
    ['meter-values CP1 --limit 20', 'the newest readings'],
    ['meter-values CP1 --measurand Power.Active.Import --interval 15m', 'the load of the last day'],
  ]);
}

interface TransactionOptions {
  open?: true;
  idTag?: string;
  from?: string;
  to?: string;
  limit: number;
  json?: true;
}

async function listTransactions(id: string | undefined, { limit, json, ...filter }: TransactionOptions): Promise<void> {
  const { listTransactions: read } = await import('../../drizzle/queries/transactions.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => read(database, { chargePointId: id, ...filter }, request), limit),
      transactionColumns,
      'no transactions',
    ),
  );
}

const transactionColumns: Column<TransactionView>[] = [
  { head: 'charge point', of: (row) => row.chargePointId },
  { head: 'id', of: (row) => row.transactionId },
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'id tag', of: (row) => row.idTag },
  { head: 'started', of: (row) => row.startedAt },
  { head: 'stopped', of: (row) => row.stoppedAt },
  {
    head: 'end',
    of: (row) => row.end ?? 'open',
    format: (row) => (row.end === null ? 'green' : row.end === 'estimated' ? 'yellow' : undefined),
  },
  { head: 'Wh', of: (row) => row.energyWh },
  { head: 'by', of: (row) => row.energySource },
  { head: 'reason', of: (row) => row.stopReason },
  { head: 'doubts', of: doubtsOf, format: () => 'yellow' },
];

function doubtsOf({ notes }: TransactionView): string | null {
  const doubts = notes.filter((note) => note.startsWith(ENERGY)).map((note) => note.slice(ENERGY.length));
  return doubts.length > 0 ? doubts.join('; ') : null;
}

const ENERGY = 'energy: ';

interface MeterValueOptions {
  from?: string;
  to?: string;
  measurand?: string;
  interval?: number;
  limit: number;
  json?: true;
}

const DAY_MS = 86_400_000;

async function listMeterValues(
  id: string,
  { limit, json, interval: seconds, ...filter }: MeterValueOptions,
): Promise<void> {
  const queries = await import('../../drizzle/queries/meterValues.ts');
  const output = new Output({ json });
  const none = `no meter values of ${printable(id)}`;
  await withDatabase(async (database) => {
    if (seconds === undefined) {
      const read = pages((request) => queries.listMeterValues(database, id, filter, request), limit);
      return output.rows(read, meterValueColumns, none);
    }
    // Stations' clocks run ahead.
    const to = filter.to ?? new Date(Date.now() + DAY_MS).toISOString();
    const from = filter.from ?? new Date(Date.now() - DAY_MS).toISOString();
    const read = pages(
      (request) => queries.summariseMeterValues(database, id, { ...filter, from, to }, seconds, request),
      limit,
    );
    return output.rows(read, summaryColumns, none);
  });
}

const meterValueColumns: Column<MeterValueView>[] = [
  { head: 'at', of: (row) => row.at },
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'transaction', of: (row) => row.transactionId },
  { head: 'measurand', of: (row) => row.measurand },
  { head: 'phase', of: (row) => row.phase },
  { head: 'value', of: (row) => row.normalised ?? row.value },
  { head: 'unit', of: (row) => (row.normalised === null ? row.unit : row.normalisedUnit) },
  { head: 'context', of: (row) => row.context },
];

const rounded = (number: number) => Math.round(number * 1_000) / 1_000;

const summaryColumns: Column<MeterValueSummary>[] = [
  { head: 'from', of: (row) => row.at },
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'measurand', of: (row) => row.measurand },
  { head: 'phase', of: (row) => row.phase },
  { head: 'average', of: (row) => rounded(row.average) },
  { head: 'minimum', of: (row) => rounded(row.minimum) },
  { head: 'maximum', of: (row) => rounded(row.maximum) },
  { head: 'last', of: (row) => rounded(row.last) },
  { head: 'unit', of: (row) => row.unit },
  { head: 'samples', of: (row) => row.samples },
];
