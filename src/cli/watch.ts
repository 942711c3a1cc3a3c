import { Option, type Command } from 'commander';
import type { FeedEvent } from '../../drizzle/queries/events.ts';
import { chargePointId, jsonOption } from './arguments.ts';
import { changeInWords, KIND_FORMATS, KINDS } from './eventWords.ts';
import { examples } from './examples.ts';
import { untilInterrupted } from './following.ts';
import { jsonText, Output, printable } from './output.ts';
import { withDatabase } from './servers.ts';

/** `watch` */
export function addWatch(program: Command): void {
  const watch = program
    .command('watch')
    .description('See what changes, live: one line each until Ctrl-C.')
    .argument('[chargePointId]', 'of this one only', chargePointId)
    .addOption(new Option('--kind <kind>', 'only these').choices(KINDS))
    .addOption(jsonOption('one JSON per line'))
    .action((id: string | undefined, options: WatchOptions) => watchEvents(id, options));
  examples(watch, [
    ['watch', 'all charge points'],
    ['watch CP1 --kind status', 'the connectors of one'],
    ['watch --json | jq .data', 'for another program'],
  ]);
}

interface WatchOptions {
  kind?: FeedEvent['kind'];
  json?: true;
}

async function watchEvents(id: string | undefined, { kind, json }: WatchOptions): Promise<void> {
  const output = new Output({ json });
  const { EventFeed } = await import('../operators/eventFeed.ts');
  const { presentEventPosition } = await import('../../drizzle/queries/events.ts');
  const { pino } = await import('pino');
  await withDatabase((database) =>
    untilInterrupted(async (stopped) => {
      const write = (text: string) => {
        if (!stopped.aborted) process.stderr.write(`ocpp-actors: ${wordsOf(text)}\n`);
      };
      const log = pino({ level: 'warn' }, { write });
      // Said at once where the database is away; later on that is waited for.
      const after = await presentEventPosition(database);
      const subscription = new EventFeed({ database, log }).subscribe({
        filter: { chargePointId: id, kind },
        after,
        onStart: () => {
          if (process.stderr.isTTY) process.stderr.write('watching, Ctrl-C ends\n');
        },
        async onEvents(events) {
          for (const event of events) await output.line(json ? jsonText(event) : line(event, output));
        },
      });
      await new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve(), { once: true }));
      subscription.end();
    }),
  );
}

function line(event: FeedEvent, output: Output): string {
  const kind = output.paint(KIND_FORMATS[event.kind], event.kind.padEnd('meterValues'.length));
  return `${event.at} ${printable(event.chargePointId)} ${kind} ${changeInWords(event)}`;
}

/** Of a line of the log what people read. */
function wordsOf(logged: string): string {
  const { msg, reason } = JSON.parse(logged) as { msg?: string; reason?: string };
  return printable([msg, reason].filter(Boolean).join(': '));
}
