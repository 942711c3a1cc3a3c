import { Option, type Command } from 'commander';
import type { FirmwareEventFilter, FirmwareEventView } from '../../drizzle/queries/firmwareEvents.ts';
import { FIRMWARE_ACTIONS } from '../ocpp/firmwareActions.ts';
import { chargePointId, jsonOption, limitOption, time } from './arguments.ts';
import { examples } from './examples.ts';
import { Output, printable, type Column, type Format } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase } from './servers.ts';

/** `firmware-events` */
export function addFirmwareEvents(program: Command): void {
  const list = program
    .command('firmware-events')
    .description('List how installations of firmware and uploads of diagnostics and logs go, newest first.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .addOption(new Option('--action <action>', 'only what this message told').choices(FIRMWARE_ACTIONS))
    .option('--from <time>', 'told at or after: 2026-01-31, 2026-01-31T12:00:00Z, or 2h, 7d ago', time)
    .option('--to <time>', 'told before', time)
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action((id: string, options: ListOptions) => listEvents(id, options));
  examples(list, [
    ['firmware-events CP1 --from 1d', 'how far the installation of today is'],
    ['firmware-events CP1 --action DiagnosticsStatusNotification', 'how its uploads of diagnostics went'],
  ]);
}

interface ListOptions extends FirmwareEventFilter {
  limit: number;
  json?: true;
}

async function listEvents(id: string, { limit, json, ...filter }: ListOptions): Promise<void> {
  const { listFirmwareEvents } = await import('../../drizzle/queries/firmwareEvents.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => listFirmwareEvents(database, id, filter, request), limit),
      columns,
      `no firmware events of ${printable(id)}`,
    ),
  );
}

const columns: Column<FirmwareEventView>[] = [
  { head: 'at', of: (row) => row.at },
  { head: 'action', of: (row) => row.action },
  { head: 'status', of: (row) => row.status, format: formatOf },
  { head: 'request id', of: (row) => row.requestId },
];

function formatOf({ status }: FirmwareEventView): Format | undefined {
  if (/Fail|Invalid|Denied|BadMessage|NotSupported/.test(status)) return 'red';
  return status === 'Installed' || status === 'Uploaded' ? 'green' : undefined;
}
