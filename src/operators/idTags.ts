/** Id tags by the file: CSV in and out. One by one they are in drizzle/queries/idTagRegister.ts. */
import { Readable } from 'node:stream';
import { parse, CsvError } from 'csv-parse';
import { z } from 'zod';
import type { Database } from '../../drizzle/client.ts';
import {
  listIdTags,
  putIdTags,
  type IdTagFields,
  type IdTagView,
  type PutIdTags,
} from '../../drizzle/queries/idTagRegister.ts';
import { idTagKey } from '../../drizzle/queries/idTags.ts';
import { isStorable } from '../ocpp/text.ts';

export const ID_TAG_STATUSES = ['Accepted', 'Blocked', 'Expired', 'Invalid'] as const;
/** OCPP 1.6 §7.28 */
export const idTagText = z
  .string()
  .min(1, 'expected 1 to 20 characters')
  .max(20, 'expected 1 to 20 characters')
  .refine((text) => isStorable(text) && !/\p{Cc}/u.test(text), 'expected no control characters');

/** Of one file; more would be a mistake. */
const MOST_LINES = 1_000_000;
const MOST_BYTES = 128 * 1024 * 1024;
const MOST_BAD_LINES = 1_000;
const PAGE = 1_000;

export interface BadLine {
  /** As an editor counts; 1 is the header. */
  line: number;
  reason: string;
}

export interface ImportResult extends PutIdTags {
  /** Whether anything was written: a file with bad lines is not, unless told to skip them. */
  imported: boolean;
  /** Id tags read. */
  lines: number;
  /** The first 1,000 of them. */
  bad: BadLine[];
  badLines: number;
}

/** The file as a whole is no list of id tags. */
export class BadIdTagFile extends Error {
  override name = 'BadIdTagFile';
}

/**
 * Creates and changes the id tags of a CSV file: a header with `idTag` and, in any order, `status` (Accepted), `expiryDate`,
 * `parentIdTag`, `singleTransaction` (false), `note`; delimited by , or ;. Columns that the header does not have stay as
 * they are for id tags that exist. Id tags that are not in the file stay as they are.
 *
 * All lines are checked before the first is written. It is written in steps: where it ends in between (`onProgress` tells
 * how far it is), import the file again.
 *
 * @throws BadIdTagFile
 */
export async function importIdTags(
  database: Database,
  csv: string | Readable,
  {
    skipBad = false,
    onProgress,
  }: { skipBad?: boolean | undefined; onProgress?: (done: number, all: number) => void } = {},
): Promise<ImportResult> {
  const { tags, fields, bad, badLines } = await readCsv(typeof csv === 'string' ? Readable.from([csv]) : csv);
  const lines = tags.length + badLines;
  if (badLines > 0 && !skipBad) {
    return { imported: false, lines, bad, badLines, created: 0, changed: 0, unchanged: 0 };
  }
  const put = await putIdTags(database, tags, fields, (done) => onProgress?.(done, tags.length));
  return { imported: true, lines, bad, badLines, ...put };
}

/** All id tags as a CSV file that `importIdTags` reads, in pieces. */
export async function* exportIdTags(database: Database): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\n`;
  for (let after: string | undefined; ;) {
    const page = await listIdTags(database, {}, { after, limit: PAGE });
    yield page.items.map((tag) => `${COLUMNS.map((column) => cell(tag[column])).join(',')}\n`).join('');
    if (page.next === null) return;
    after = page.next;
  }
}

const COLUMNS = ['idTag', 'status', 'expiryDate', 'parentIdTag', 'singleTransaction', 'note'] as const;
type Column = (typeof COLUMNS)[number];

/** Cells that a spreadsheet would run as a formula get a ' in front; `plain` takes it away again. */
function cell(value: string | boolean | null): string {
  const text = String(value ?? '');
  const safe = /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function plain(text: string): string {
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}

const empty = (text: string) => (text === '' ? undefined : text);
const line = z.object({
  idTag: idTagText,
  status: z.preprocess(
    (text: string) => ID_TAG_STATUSES.find((status) => status.toLowerCase() === text.toLowerCase()) ?? empty(text),
    z.enum(ID_TAG_STATUSES, `expected one of ${ID_TAG_STATUSES.join(', ')}`).default('Accepted'),
  ),
  expiryDate: z.preprocess(
    empty,
    z.iso
      .datetime({ offset: true, error: 'expected a time like 2027-01-31T23:59:59Z' })
      .transform((text) => new Date(text).toISOString())
      .nullable()
      .default(null),
  ),
  parentIdTag: z.preprocess(empty, idTagText.nullable().default(null)),
  singleTransaction: z.preprocess(
    (text: string) =>
      ({ true: true, '1': true, yes: true, false: false, '0': false, no: false })[text.toLowerCase()] ?? empty(text),
    z.boolean('expected true or false').default(false),
  ),
  note: z.preprocess(
    empty,
    z
      .string()
      .max(1_000, 'expected at most 1,000 characters')
      .refine(isStorable, 'expected no NUL')
      .nullable()
      .default(null),
  ),
});

interface CsvFile {
  tags: IdTagView[];
  fields: (keyof IdTagFields)[];
  bad: BadLine[];
  badLines: number;
}

/** All lines of a CSV file; those that are bad with what is wrong about them. */
export async function readCsv(input: Readable): Promise<CsvFile> {
  const file: CsvFile = { tags: [], fields: [], bad: [], badLines: 0 };
  const lineOf = new Map<string, number>();
  const isBad = (number: number, reason: string) => {
    file.badLines += 1;
    if (file.bad.length < MOST_BAD_LINES) file.bad.push({ line: number, reason });
  };
  let header: (Column | undefined)[] | undefined;
  try {
    for await (const { record, info } of recordsOf(input)) {
      if (!header) {
        header = readHeader(record);
        file.fields = header.filter((name) => name !== undefined && name !== 'idTag');
        continue;
      }
      // A cell may hold line breaks: where it begins is what people look for.
      const number = info.lines - record.reduce((breaks, text) => breaks + (text.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
      if (lineOf.size + file.badLines >= MOST_LINES)
        throw new BadIdTagFile(`more than ${MOST_LINES} lines: split the file`);
      if (record.length !== header.length) {
        isBad(number, `expected ${header.length} cells as in the header, not ${record.length}`);
        continue;
      }
      const cells: Record<Column, string> = {
        idTag: '',
        status: '',
        expiryDate: '',
        parentIdTag: '',
        singleTransaction: '',
        note: '',
      };
      header.forEach((name, i) => {
        if (name) cells[name] = plain(record[i] ?? '');
      });
      const checked = line.safeParse(cells);
      if (!checked.success) {
        isBad(number, checked.error.issues.map(({ path, message }) => inWords(path, message, cells)).join('; '));
        continue;
      }
      const key = idTagKey(checked.data.idTag);
      const first = lineOf.get(key);
      if (first !== undefined) isBad(number, `idTag "${checked.data.idTag}" is in line ${first} already`);
      else {
        lineOf.set(key, number);
        file.tags.push(checked.data);
      }
    }
  } catch (error) {
    if (error instanceof CsvError) throw new BadIdTagFile(`no CSV: ${error.message}`, { cause: error });
    throw error;
  }
  if (!header) throw new BadIdTagFile(HEADER_EXPECTED);
  return file;
}

const HEADER_EXPECTED = `expected a first line with the names of the columns: idTag and any of ${COLUMNS.slice(1).join(', ')}`;

function recordsOf(input: Readable): AsyncIterable<{ record: string[]; info: { lines: number } }> {
  return Readable.from(within(input, MOST_BYTES)).compose(
    parse({
      bom: true,
      delimiter: [',', ';'],
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: 10_000,
    }),
  ) as AsyncIterable<{ record: string[]; info: { lines: number } }>;
}

async function* within(input: Readable, most: number): AsyncGenerator<Buffer | string> {
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    bytes += chunk.length;
    if (bytes > most) throw new BadIdTagFile(`more than ${most / 1_048_576} MB: split the file`);
    yield chunk;
  }
}

function readHeader(names: string[]): Column[] {
  const header = names.map((name) => COLUMNS.find((column) => column.toLowerCase() === name.toLowerCase()));
  const unknown = names.filter((_, i) => header[i] === undefined);
  if (!header.includes('idTag')) throw new BadIdTagFile(`${HEADER_EXPECTED}, not "${names.join(',').slice(0, 100)}"`);
  if (unknown.length > 0)
    throw new BadIdTagFile(`${HEADER_EXPECTED}. There is no column "${unknown.join('", "').slice(0, 100)}"`);
  if (new Set(header).size < header.length) throw new BadIdTagFile(`${HEADER_EXPECTED}, each once`);
  return header as Column[];
}

function inWords(path: PropertyKey[], message: string, cells: Record<Column, string>): string {
  const column = String(path[0]) as Column;
  return `${column}: ${message}, not "${cells[column].slice(0, 40)}"`;
}
