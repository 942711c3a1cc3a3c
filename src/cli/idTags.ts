import { Option, type Command } from 'commander';
import type { IdTagFields, IdTagView } from '../../drizzle/queries/idTagRegister.ts';
import { idTag, jsonOption, limitOption, time } from './arguments.ts';
import { examples } from './examples.ts';
import { addIdTagFiles } from './idTagFiles.ts';
import { Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase } from './servers.ts';

const STATUSES: IdTagView['status'][] = ['Accepted', 'Blocked', 'Expired', 'Invalid'];

/** `id-tag …` */
export function addIdTags(program: Command): void {
  const group = program.command('id-tag').description('Keep the id tags that may charge.');
  const add = group
    .command('add')
    .description('Register an id tag, or change what is given of one that exists.')
    .argument('<idTag>', 'up to 20 characters; upper and lower case are the same', idTag)
    .addOption(new Option('--status <status>', 'what its authorisation is answered with').choices(STATUSES))
    .option('--expiry-date <time>', 'when it expires: 2027-01-31 or 2027-01-31T12:00:00Z', time)
    .option('--parent <idTag>', 'its group: tags with the same parent may stop each other', idTag)
    .option('--single-transaction', 'may not charge at two places at once')
    .option('--no-single-transaction', 'may charge at several places at once')
    .option('--note <text>', 'for yourself')
    .addOption(jsonOption())
    .action((text: string, options: AddOptions) => save(text, options));
  examples(add, [
    ['id-tag add 04A1B2C3D4 --parent FLEET7 --note "card of the van"', 'accepted from now on'],
    ['id-tag add 04A1B2C3D4 --expiry-date 2027-01-31', 'now it expires; the rest stays'],
  ]);

  const list = group
    .command('list')
    .description('List id tags.')
    .addOption(new Option('--status <status>', 'only with this one').choices(STATUSES))
    .option('--parent <idTag>', 'only with this parent', idTag)
    .addOption(limitOption())
    .addOption(jsonOption())
    .action((options: ListOptions) => listIdTags(options));
  examples(list, [['id-tag list --status Blocked', 'those that are blocked']]);

  const show = group
    .command('show')
    .description('Show an id tag.')
    .argument('<idTag>', 'without regard to case', idTag)
    .addOption(jsonOption())
    .action((text: string, options: { json?: true }) => showIdTag(text, options));
  examples(show, [['id-tag show 04A1B2C3D4', 'its status, expiry and note']]);

  for (const [name, status, what] of [
    ['block', 'Blocked', 'Block an id tag: it starts no transaction any more.'],
    ['unblock', 'Accepted', 'Accept an id tag again.'],
  ] as const) {
    const command = group
      .command(name)
      .description(what)
      .argument('<idTag>', 'without regard to case', idTag)
      .action((text: string) => setStatus(text, status));
    examples(command, [[`id-tag ${name} 04A1B2C3D4`, 'charge points hear of it at the next card']]);
  }

  const remove = group
    .command('delete')
    .description('Delete an id tag: it is unknown then.')
    .argument('<idTag>', 'without regard to case', idTag)
    .action((text: string) => deleteIdTag(text));
  examples(remove, [['id-tag delete 04A1B2C3D4', 'as if it had never been registered']]);
  addIdTagFiles(group);
}

interface AddOptions {
  status?: IdTagView['status'];
  expiryDate?: string;
  parent?: string;
  singleTransaction?: boolean;
  note?: string;
  json?: true;
}

async function save(text: string, { json, parent: parentIdTag, ...options }: AddOptions): Promise<void> {
  const given: Partial<IdTagFields> = Object.fromEntries(
    Object.entries({ ...options, parentIdTag }).filter(([, value]) => value !== undefined),
  );
  const defaults: IdTagFields = {
    status: 'Accepted',
    expiryDate: null,
    parentIdTag: null,
    singleTransaction: false,
    note: null,
  };
  await withDatabase(async (database) => {
    const { findIdTag, putIdTags } = await import('../../drizzle/queries/idTagRegister.ts');
    const tag = { ...defaults, ...given, idTag: text };
    const { created, changed } = await putIdTags(database, [tag], Object.keys(given) as (keyof IdTagFields)[]);
    const output = new Output({ json });
    if (json) return output.value(await findIdTag(database, text));
    await output.line(printable(`${text}: ${created ? 'registered' : changed ? 'changed' : 'is so already'}`));
  });
}

interface ListOptions {
  status?: IdTagView['status'];
  parent?: string;
  limit?: number;
  json?: true;
}

async function listIdTags({ status, parent, limit, json }: ListOptions): Promise<void> {
  const { listIdTags: read } = await import('../../drizzle/queries/idTagRegister.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => read(database, { status, parentIdTag: parent }, request), limit),
      columns,
      'no id tags',
    ),
  );
}

const columns: Column<IdTagView>[] = [
  { head: 'id tag', of: (row) => row.idTag },
  { head: 'status', of: (row) => row.status, format: (row) => (row.status === 'Accepted' ? 'green' : 'red') },
  { head: 'expires', of: (row) => row.expiryDate },
  { head: 'parent', of: (row) => row.parentIdTag },
  { head: 'single transaction', of: (row) => row.singleTransaction },
  { head: 'note', of: (row) => row.note },
];

async function showIdTag(text: string, { json }: { json?: true }): Promise<void> {
  const { findIdTag } = await import('../../drizzle/queries/idTagRegister.ts');
  const found = await withDatabase((database) => findIdTag(database, text));
  if (!found) throw unknown(text);
  const output = new Output({ json });
  if (json) return output.value(found);
  await output.rows(only(found), columns, '');
}

async function* only<Row>(row: Row): AsyncGenerator<Row[]> {
  yield [row];
}

async function setStatus(text: string, status: IdTagView['status']): Promise<void> {
  await withDatabase(async (database) => {
    const { findIdTag, putIdTags } = await import('../../drizzle/queries/idTagRegister.ts');
    const found = await findIdTag(database, text);
    if (!found) throw unknown(text);
    await putIdTags(database, [{ ...found, status }], ['status']);
    await new Output({}).line(printable(`${found.idTag}: ${status}`));
  });
}

async function deleteIdTag(text: string): Promise<void> {
  const { removeIdTag } = await import('../../drizzle/queries/idTagRegister.ts');
  if (!(await withDatabase((database) => removeIdTag(database, text)))) throw unknown(text);
  await new Output({}).line(printable(`${text}: deleted`));
}

function unknown(text: string): Error {
  return new Error(`there is no id tag "${text}": ocpp-actors id-tag add ${text}`);
}
