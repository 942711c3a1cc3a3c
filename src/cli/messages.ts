import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import type { Database } from '../../drizzle/client.ts';
import type { DeviationView, VendorDeviationView } from '../../drizzle/queries/deviations.ts';
import type { DeadEventView, MessageFilter, MessageView } from '../../drizzle/queries/messages.ts';
import { chargePointId, jsonOption, limitOption, time } from './arguments.ts';
import { examples } from './examples.ts';
import { untilInterrupted } from './following.ts';
import { jsonText, Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase } from './servers.ts';

/** `messages`, `deviations`, `dead-events` */
export function addMessages(program: Command): void {
  const messages = program
    .command('messages')
    .description('List what a charge point and the central system have said to each other, newest first.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .option('--action <action>', 'only this one, as OCPP names it')
    .option('--from <time>', 'received at or after: 2026-01-31, 2026-01-31T12:00:00Z, or 2h, 7d ago', time)
    .option('--to <time>', 'received before', time)
    .option('--follow', 'oldest first, then every new one until Ctrl-C; with --json one JSON per line')
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action((id: string, { limit, json, follow, ...filter }: MessageOptions) =>
      follow
        ? followMessages(id, filter, limit, new Output({ json }))
        : listMessages(id, filter, limit, new Output({ json })),
    );
  examples(messages, [
    ['messages CP1 --action StartTransaction --from 7d', 'the starts of a week'],
    ['messages CP1 --follow', 'see what it says, live'],
    ['messages CP1 --json --limit 1', 'a message with its payload, its answer and what was odd about it'],
  ]);

  const deviations = program
    .command('deviations')
    .description('List how messages departed from the specification, by charge point, the most frequent way first.')
    .argument('[chargePointId]', 'of this one only', chargePointId)
    .option('--from <time>', 'received at or after (default: 7d ago)', time)
    .addOption(new Option('--by <what>', "summed over each vendor's charge points").choices(['vendor']))
    .addOption(jsonOption())
    .action((id: string | undefined, options: DeviationOptions) => listDeviations(id, options));
  examples(deviations, [
    ['deviations --from 30d', 'which stations misbehave, and how'],
    ['deviations --by vendor', 'what to talk about with whom'],
  ]);

  const deadEvents = program
    .command('dead-events')
    .description('List what could not be understood or stored, newest first.')
    .argument('[chargePointId]', 'of this one only', chargePointId)
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action((id: string | undefined, options: { limit: number; json?: true }) => listDeadEvents(id, options));
  examples(deadEvents, [['dead-events --json', 'with all that was kept of them']]);
}

interface DeviationOptions {
  from?: string;
  by?: 'vendor';
  json?: true;
}

interface MessageOptions extends MessageFilter {
  follow?: true;
  limit: number;
  json?: true;
}

async function listMessages(id: string, filter: MessageFilter, limit: number, output: Output): Promise<void> {
  const { listMessages: read } = await import('../../drizzle/queries/messages.ts');
  await withDatabase((database) =>
    output.rows(
      pages((request) => read(database, id, filter, request), limit),
      messageColumns,
      `no messages of ${printable(id)}`,
    ),
  );
}

const messageColumns: Column<MessageView>[] = [
  { head: 'received', of: (row) => row.receivedAt },
  { head: 'direction', of: (row) => row.direction },
  {
    head: 'kind',
    of: (row) => row.kind,
    format: (row) => (row.errorCode || row.kind === 'malformed' ? 'red' : undefined),
  },
  { head: 'action', of: (row) => row.action },
  { head: 'payload', of: (row) => (row.kind === 'malformed' ? row.raw : JSON.stringify(row.payload)) },
  { head: 'answer', of: answerOf },
];

function answerOf({ answer, errorCode, errorDescription }: MessageView): string {
  if (errorCode) return [errorCode, errorDescription].filter(Boolean).join(': ');
  return answer === null ? '' : JSON.stringify(answer);
}

const POLL_MS = 500;
/** Messages come to be stored in the order of each edge's journal: another edge may be so much behind. */
const LATENESS_MS = 60_000;

async function followMessages(id: string, filter: MessageFilter, limit: number, output: Output): Promise<void> {
  const told = new Map<string, string>();
  let newest = Date.now();
  let notBefore = newest;
  await withDatabase((database) =>
    untilInterrupted(async (stopped) => {
      const first = await readMessages(database, id, filter, limit);
      // Those before were left out on purpose.
      if (first[0]) newest = Date.parse(first[0].receivedAt);
      notBefore = Date.parse(first.at(-1)?.receivedAt ?? filter.from ?? new Date(newest - LATENESS_MS).toISOString());
      for (let found = first; ;) {
        await tell(found);
        await sleep(POLL_MS, undefined, { signal: stopped });
        const from = new Date(Math.max(newest - LATENESS_MS, notBefore)).toISOString();
        for (const [key, receivedAt] of told) if (receivedAt < from) told.delete(key);
        found = await readMessages(database, id, { ...filter, from }, Infinity);
        if (found[0]) newest = Date.parse(found[0].receivedAt);
      }
    }),
  );

  async function tell(rows: MessageView[]): Promise<void> {
    for (const row of rows.toReversed()) {
      const key = `${row.journal}:${row.seq}`;
      if (!told.has(key)) await output.line(output.json ? jsonText(row) : messageLine(row, output));
      told.set(key, row.receivedAt);
    }
  }
}

async function readMessages(database: Database, id: string, filter: MessageFilter, limit: number) {
  const { listMessages: read } = await import('../../drizzle/queries/messages.ts');
  const all: MessageView[] = [];
  for await (const page of pages((request) => read(database, id, filter, request), limit)) all.push(...page);
  return all;
}

function messageLine(row: MessageView, output: Output): string {
  const { receivedAt, direction, kind, action, payload, raw } = row;
  const arrow = direction === 'in' ? output.paint('cyan', '→') : output.paint('yellow', '←');
  const what =
    kind === 'malformed'
      ? `malformed ${raw}`
      : `${kind === 'call' ? '' : `${kind} `}${action} ${JSON.stringify(payload)}`;
  const answer = answerOf(row);
  return `${receivedAt} ${arrow} ${printable(what)}${answer ? `  ${output.paint(row.errorCode ? 'red' : 'gray', printable(answer))}` : ''}`;
}

async function listDeviations(id: string | undefined, { from, by, json }: DeviationOptions): Promise<void> {
  const { listDeviations: read, listVendorDeviations } = await import('../../drizzle/queries/deviations.ts');
  const filter = { chargePointId: id, from: from ?? new Date(Date.now() - 7 * 86_400_000).toISOString() };
  const output = new Output({ json });
  await withDatabase(async (database) =>
    by === 'vendor'
      ? output.rows(only(await listVendorDeviations(database, filter)), vendorDeviationColumns, 'no deviations')
      : output.rows(only(await read(database, filter)), deviationColumns, 'no deviations'),
  );
}

async function* only<Row>(rows: Row[]) {
  yield rows;
}

const vendorDeviationColumns: Column<VendorDeviationView>[] = [
  { head: 'vendor', of: (row) => row.vendor },
  { head: 'deviation', of: (row) => row.name },
  { head: 'charge points', of: (row) => row.chargePoints },
  { head: 'count', of: (row) => row.count },
  { head: 'last', of: (row) => row.lastAt },
  { head: 'example', of: (row) => row.example },
];

const deviationColumns: Column<DeviationView>[] = [
  { head: 'charge point', of: (row) => row.chargePointId },
  { head: 'vendor', of: (row) => row.vendor },
  { head: 'model', of: (row) => row.model },
  { head: 'deviation', of: (row) => row.name },
  { head: 'count', of: (row) => row.count },
  { head: 'last', of: (row) => row.lastAt },
  { head: 'example', of: (row) => row.example },
];

async function listDeadEvents(id: string | undefined, { limit, json }: { limit: number; json?: true }): Promise<void> {
  const { listDeadEvents: read } = await import('../../drizzle/queries/messages.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => read(database, { chargePointId: id }, request), limit),
      deadEventColumns,
      'no dead events',
    ),
  );
}

const deadEventColumns: Column<DeadEventView>[] = [
  { head: 'at', of: (row) => row.createdAt },
  { head: 'charge point', of: (row) => row.chargePointId },
  { head: 'table', of: (row) => row.tableName },
  { head: 'journal', of: (row) => row.journal },
  { head: 'seq', of: (row) => row.seq },
  { head: 'reason', of: (row) => row.reason, format: () => 'red' },
  { head: 'raw', of: (row) => row.raw },
];
