import { Option, type Command } from 'commander';
import type { ChargePointFilter, ChargePointView } from '../../drizzle/queries/chargePoints.ts';
import { chargePointId, jsonOption, label, limitOption } from './arguments.ts';
import { examples } from './examples.ts';
import { Output, type Column, type Format } from './output.ts';
import { pages } from './pages.ts';
import { addRegistration } from './registration.ts';
import { withDatabase } from './servers.ts';
import { showStation } from './showStation.ts';

const REGISTRATIONS: ChargePointView['registration'][] = ['accepted', 'pending', 'rejected', 'retired'];

/** `station …`, and `show` as a short form of `station show` */
export function addStations(program: Command): void {
  const station = program.command('station').description('Register charge points and look at them.');
  const list = station
    .command('list')
    .description('List charge points, by id; without --registration all but the retired ones.')
    .option('--online', 'only those that are connected')
    .addOption(new Option('--offline', 'only those that are not').conflicts('online'))
    .option('--vendor <vendor>', 'only of this vendor')
    .option('--model <model>', 'only of this model')
    .addOption(new Option('--registration <registration>', 'only with this one').choices(REGISTRATIONS))
    .option('--label <key=value>', 'only with this label; may be given again', label)
    .addOption(limitOption())
    .addOption(jsonOption())
    .action((options: ListOptions) => listStations(options));
  examples(list, [
    ['station list --registration pending', 'who waits for approval'],
    ['station list --offline --label site=Berlin', 'what is away at one site'],
  ]);
  examples(addShow(station), [['station show CP1', 'its connectors, transactions and commands']]);
  addRegistration(station);
  examples(addShow(program), [['show CP1 --json', 'all its actor knows']]);
}

function addShow(above: Command): Command {
  return above
    .command('show')
    .description('Show a charge point: presence, connectors, open transactions, commands.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .addOption(jsonOption('print everything its actor knows as JSON'))
    .action((id: string, options: { json?: true }) => showStation(id, options));
}

interface ListOptions {
  online?: true;
  offline?: true;
  vendor?: string;
  model?: string;
  registration?: ChargePointView['registration'];
  label?: Record<string, string>;
  limit?: number;
  json?: true;
}

async function listStations({ online, offline, label: labels, limit, json, ...rest }: ListOptions): Promise<void> {
  const { listChargePoints } = await import('../../drizzle/queries/chargePoints.ts');
  const filter: ChargePointFilter = { ...rest, labels, online: online ?? (offline ? false : undefined) };
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => listChargePoints(database, filter, request), limit),
      columns,
      'no charge points',
    ),
  );
}

const FORMATS: Record<ChargePointView['registration'], Format | undefined> = {
  accepted: undefined,
  pending: 'yellow',
  rejected: 'red',
  retired: 'gray',
};

const columns: Column<ChargePointView>[] = [
  { head: 'id', of: (row) => row.chargePointId },
  { head: 'presence', of: presence, format: (row) => (row.online ? 'green' : 'red') },
  { head: 'registration', of: (row) => row.registration, format: (row) => FORMATS[row.registration] },
  { head: 'vendor', of: (row) => row.vendor },
  { head: 'model', of: (row) => row.model },
  { head: 'firmware', of: (row) => row.firmwareVersion },
  { head: 'last seen', of: (row) => row.lastSeenAt },
  { head: 'labels', of: (row) => labelsInWords(row.labels) },
];

function presence({ online, lastSeenAt }: ChargePointView): string {
  return online ? 'online' : lastSeenAt === null ? 'never seen' : 'offline';
}

function labelsInWords(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
