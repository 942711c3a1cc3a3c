import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { BadLine, ImportResult } from '../operators/idTags.ts';
import { jsonOption } from './arguments.ts';
import { examples } from './examples.ts';
import { EXIT } from './exitCodes.ts';
import { Output, type Column } from './output.ts';
import { withDatabase } from './servers.ts';

/** `id-tag import`, `id-tag export` */
export function addIdTagFiles(group: Command): void {
  const read = group
    .command('import')
    .description(
      'Register the id tags of a CSV file: a header with idTag and any of status, expiryDate, parentIdTag, ' +
        'singleTransaction, note. Nothing is imported where a line is bad.',
    )
    .argument('<file>', 'CSV with , or ; between the cells; a - stands for standard input')
    .option('--skip-bad', 'import the good lines all the same')
    .addOption(jsonOption())
    .action((file: string, options: ImportOptions) => importFile(file, options));
  examples(read, [
    ['id-tag import tags.csv', 'all of them, or none and the bad lines with what is wrong'],
    ['id-tag import tags.csv --skip-bad', 'the good ones'],
  ]);

  const write = group
    .command('export')
    .description('Write all id tags as a CSV file that import reads.')
    .argument('[file]', 'standard output without it')
    .action((file: string | undefined) => exportFile(file));
  examples(write, [['id-tag export tags.csv', 'for a spreadsheet, or another system']]);
}

interface ImportOptions {
  skipBad?: true;
  json?: true;
}

async function importFile(file: string, { skipBad, json }: ImportOptions): Promise<void> {
  const { importIdTags } = await import('../operators/idTags.ts');
  const input = file === '-' ? process.stdin : (await open(file)).createReadStream();
  const progress = await progressBar();
  const result = await withDatabase((database) =>
    importIdTags(database, input, { skipBad, onProgress: progress.update }).finally(progress.stop),
  );
  const output = new Output({ json });
  if (json) await output.value(result);
  else await tell(result, output);
  process.exitCode = result.imported ? EXIT.done : EXIT.failed;
}

/** On standard error, where that is a terminal. */
async function progressBar(): Promise<{ update: (done: number, all: number) => void; stop: () => void }> {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({ format: 'importing {bar} {value}/{total}', clearOnComplete: true });
  bar.start(0, 0);
  return {
    update(done, all) {
      bar.setTotal(all);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

async function tell(
  { imported, created, changed, unchanged, bad, badLines }: ImportResult,
  output: Output,
): Promise<void> {
  if (badLines > 0) await output.rows(Readable.from([bad]) as AsyncIterable<BadLine[]>, badColumns, '');
  if (badLines > bad.length) await output.line(`… and ${badLines - bad.length} more`);
  if (badLines > 0) await output.line('');
  if (!imported) {
    const hint = 'correct the file, or import the good lines with --skip-bad';
    process.stderr.write(
      `ocpp-actors: nothing was imported, ${badLines} bad ${badLines === 1 ? 'line' : 'lines'}: ${hint}\n`,
    );
    return;
  }
  const skipped = badLines > 0 ? `, ${badLines} bad lines skipped` : '';
  await output.line(`${created} created, ${changed} changed, ${unchanged} unchanged${skipped}`);
}

const badColumns: Column<BadLine>[] = [
  { head: 'line', of: (row) => row.line },
  { head: 'reason', of: (row) => row.reason, format: () => 'red' },
];

async function exportFile(file: string | undefined): Promise<void> {
  const { exportIdTags } = await import('../operators/idTags.ts');
  await withDatabase(async (database) => {
    const target: Writable = file === undefined ? process.stdout : createWriteStream(file);
    await pipeline(exportIdTags(database), target, { end: file !== undefined });
  });
}
