import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { InstalledCertificate } from '../operators/learnt/certificates.ts';
import type { ConfigurationKey } from '../operators/learnt/configuration.ts';
import type { Doubt } from '../operators/learnt/doubts.ts';
import type { LearntLocalList, LocalListEntry } from '../operators/learnt/localList.ts';
import type { LearntReservation } from '../operators/learnt/reservations.ts';
import type { JobCommand } from '../operators/localList.ts';
import { chargePointId, jsonOption } from './arguments.ts';
import { requestedByOption, whoAsks } from './asking.ts';
import { examples, type Example } from './examples.ts';
import { Output, printable, type Column } from './output.ts';
import { withDatabase, withOperatorParts } from './servers.ts';

/** `configuration`, `certificates`, `local-list`, `send-local-list`, `reservations`: what a station's answers have told. */
export function addLearnt(program: Command): void {
  add('configuration', 'Show the configuration keys of a charge point, as it told them last.', showConfiguration, [
    ['configuration CP1', 'what is known'],
    ['command CP1 GetConfiguration --wait', 'ask it for all keys first'],
  ]);
  add('certificates', 'Show the certificates installed on a charge point.', showCertificates, [
    ['certificates CP1 --json', 'with the hashes that DeleteCertificate takes'],
    ['command CP1 GetInstalledCertificateIds certificateType=CentralSystemRootCertificate --wait', 'ask it first'],
  ]);
  add('local-list', 'Show the local authorization list of a charge point.', showLocalList, [
    ['local-list CP1', 'its version, and what is in it'],
    ['command CP1 GetLocalListVersion --wait', 'ask whether it is still that version'],
  ]);
  const send = program
    .command('send-local-list')
    .description('Give a charge point the local authorization list that it is to have: what has changed, or all of it.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<file>', 'id tags as CSV, as `id-tag import` reads them; a - stands for standard input')
    .addOption(requestedByOption())
    .addOption(jsonOption())
    .action(sendList);
  examples(send, [
    ['send-local-list CP1 tags.csv', 'queue what it takes; local-list CP1 shows what the station has'],
    ['id-tag export | ocpp-actors send-local-list CP1 -', 'everybody who is registered'],
  ]);
  add(
    'reservations',
    'List active reservations of a charge point, then those that ended in the last 7 days.',
    showReservations,
    [['reservations CP1', 'what is reserved, and how the last ones ended']],
  );

  function add(
    name: string,
    description: string,
    show: (id: string, output: Output) => Promise<void>,
    list: Example[],
  ) {
    const command = program
      .command(name)
      .description(description)
      .argument('<chargePointId>', 'its id', chargePointId)
      .addOption(jsonOption())
      .action((id: string, options: { json?: true }) => show(id, new Output(options)));
    examples(command, list);
  }
}

async function sendList(
  id: string,
  file: string,
  { requestedBy, json }: { requestedBy?: string; json?: true },
): Promise<void> {
  const { readCsv } = await import('../operators/idTags.ts');
  const { sendLocalList } = await import('../operators/localList.ts');
  const { tags, bad } = await readCsv(file === '-' ? process.stdin : (await open(file)).createReadStream());
  if (bad.length > 0) throw new Error(bad.map(({ line, reason }) => `line ${line}: ${reason}`).join('\n'));
  const wanted = tags.map(({ idTag, status, expiryDate, parentIdTag }) => ({
    idTag,
    status,
    expiryDate: expiryDate ?? undefined,
    parentIdTag: parentIdTag ?? undefined,
  }));
  const output = new Output({ json });
  const queued = await withOperatorParts((parts) =>
    sendLocalList(parts, id, wanted, { requestedBy: whoAsks(requestedBy), via: 'cli' }),
  );
  if (json) return output.value(queued);
  const { commands, otherwise, listVersion } = queued;
  await (commands.length === 0
    ? output.line(`${printable(id)} has that list: version ${listVersion}`)
    : table(output, commands, queuedColumns, ''));
  if (commands.length > 1) note('each is queued once the one before it is completed');
  if (otherwise.length > 0) note(`the whole list, in ${otherwise.length - 1} CALLs, where it refuses one of them`);
}

const queuedColumns: Column<JobCommand>[] = [
  { head: 'action', of: (row) => row.action },
  { head: 'entries', of: (row) => row.entries },
  { head: 'queued', of: (row) => row.queued },
  { head: 'command id', of: (row) => row.commandId },
];

async function showConfiguration(id: string, output: Output): Promise<void> {
  const { readConfiguration } = await import('../operators/learnt/read.ts');
  const found = await withDatabase((database) => readConfiguration(database, id));
  if (output.json) return output.value(found);
  await table(output, found.items, configurationColumns, nothing('configuration', id, 'GetConfiguration'));
  const { completeAt, items } = found;
  if (items.length > 0)
    note(completeAt === null ? 'there may be more keys: all were never read' : `all keys were read at ${completeAt}`);
  noteDoubts(found.doubts);
}

const configurationColumns: Column<ConfigurationKey>[] = [
  { head: 'key', of: (row) => row.key },
  {
    head: 'value',
    of: (row) => (row.supported ? row.value : 'not supported'),
    format: (row) => (row.supported ? undefined : 'yellow'),
  },
  { head: 'read-only', of: (row) => row.readonly },
  { head: 'after a reboot', of: (row) => row.pending?.value, format: () => 'yellow' },
  { head: 'learnt', of: (row) => row.learntAt },
];

async function showCertificates(id: string, output: Output): Promise<void> {
  const { readCertificates } = await import('../operators/learnt/read.ts');
  const found = await withDatabase((database) => readCertificates(database, id));
  if (output.json) return output.value(found);
  const none =
    found.listed.length > 0
      ? `no certificates on ${printable(id)}`
      : nothing('certificates', id, 'GetInstalledCertificateIds');
  await table(output, found.items, certificateColumns, none);
  for (const { certificateType, count, learntAt } of found.listed) {
    note(`${certificateType}: ${count} listed at ${learntAt}`);
  }
  noteDoubts(found.doubts);
}

const certificateColumns: Column<InstalledCertificate>[] = [
  { head: 'type', of: (row) => row.certificateType },
  { head: 'serial number', of: (row) => row.serialNumber },
  { head: 'subject', of: (row) => row.subject },
  { head: 'valid to', of: (row) => row.validTo },
  { head: 'told by', of: (row) => (row.hashData ? 'list' : 'installation') },
  { head: 'learnt', of: (row) => row.learntAt },
];

async function showLocalList(id: string, output: Output): Promise<void> {
  const { readLocalList } = await import('../operators/learnt/read.ts');
  const found = await withDatabase((database) => readLocalList(database, id));
  if (output.json) return output.value(found);
  await output.line(`${printable(id)}: ${localListInWords(found)}`);
  if (found.items) await table(output, found.items, localListColumns, 'no entries');
  noteDoubts(found.doubts);
}

function localListInWords({ supported, version, items, knownSince }: LearntLocalList): string {
  if (supported === null) return 'nothing is known of its local list; ask it with GetLocalListVersion';
  if (!supported) return 'has no local list';
  const told = version === null ? 'version not known' : `version ${version.value}, learnt ${version.learntAt}`;
  return items === null
    ? `${told}; what is in it is not known until the next Full list`
    : `${told}; ${items.length} id tags, as of ${knownSince}`;
}

const localListColumns: Column<LocalListEntry>[] = [
  { head: 'id tag', of: (row) => row.idTag },
  { head: 'status', of: (row) => row.status, format: (row) => (row.status === 'Accepted' ? undefined : 'yellow') },
  { head: 'expires', of: (row) => row.expiryDate },
  { head: 'parent', of: (row) => row.parentIdTag },
  { head: 'learnt', of: (row) => row.learntAt },
];

async function showReservations(id: string, output: Output): Promise<void> {
  const { readReservations } = await import('../operators/learnt/read.ts');
  const found = await withDatabase((database) => readReservations(database, id));
  if (output.json) return output.value(found);
  await table(output, found.items, reservationColumns, `no reservations of ${printable(id)}`);
  noteDoubts(found.doubts);
}

const reservationColumns: Column<LearntReservation>[] = [
  { head: 'id', of: (row) => row.reservationId },
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'id tag', of: (row) => row.idTag },
  { head: 'parent', of: (row) => row.parentIdTag },
  { head: 'expires', of: (row) => row.expiryDate },
  { head: 'state', of: (row) => row.state, format: (row) => (row.state === 'active' ? 'green' : undefined) },
  { head: 'ended', of: (row) => row.endedAt },
  { head: 'transaction', of: (row) => row.transactionId },
  { head: 'learnt', of: (row) => row.learntAt },
];

/** All at once. */
export function table<Row>(output: Output, items: Row[], columns: Column<Row>[], none: string): Promise<void> {
  async function* whole(): AsyncGenerator<Row[]> {
    yield items;
  }
  return output.rows(whole(), columns, none);
}

function nothing(what: string, id: string, action: string): string {
  return `nothing is known of the ${what} of ${printable(id)}; ask it with ${action}`;
}

export function noteDoubts(doubts: readonly Doubt[]): void {
  for (const { action, commandId, since, about } of doubts) {
    note(`not certain: ${printable(about)}, as ${action} of ${since} was not answered (${printable(commandId)})`);
  }
}

/** Beside the table, not in it. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
