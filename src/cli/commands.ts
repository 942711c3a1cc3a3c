import { Option, type Command } from 'commander';
import type { CommandOptions } from '../../workflows/state/model.ts';
import type { ShownCommand } from '../operators/shownCommands.ts';
import { chargePointId, jsonOption, limitOption, ownId, seconds, secondsUntil } from './arguments.ts';
import { requestedByOption, whoAsks } from './asking.ts';
import { askedFor } from './commandPayload.ts';
import { commandFormat, commandInWords } from './commandWords.ts';
import { examples } from './examples.ts';
import { EXIT } from './exitCodes.ts';
import { Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase, withOperatorParts } from './servers.ts';
import { submit, type SubmitOptions } from './submitting.ts';

/** `reset`, `command`, `cancel`, `commands` */
export function addCommands(program: Command): void {
  const reset = program
    .command('reset')
    .description('Reset a charge point, now or when it is back (up to the deadline).')
    .argument('<chargePointId>', 'its id, as in the URL it connects to', chargePointId)
    .addOption(new Option('--type <type>', 'kind of reset').choices(['Soft', 'Hard']).default('Soft'));
  submitOptions(reset)
    .option('--unless-rebooted', 'drop it when the station boots by itself before it was sent')
    .action((id: string, { type, unlessRebooted, ...options }: SubmitOptions & Flags & { type: string }) =>
      submit(id, { action: 'Reset', payload: { type }, options: given({ unlessRebooted }) }, options),
    );
  examples(reset, [
    ['reset CP1', 'queue a Soft reset; sent when the station is there'],
    ['reset CP1 --type Hard --wait', 'wait for the boot that completes it'],
  ]);

  const command = program
    .command('command')
    .description('Send any command of OCPP to a charge point, now or when it is back (up to the deadline).')
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<action>', 'as OCPP names it, case-sensitive')
    .argument('[payload...]', 'as JSON, or as key=value …');
  submitOptions(command)
    .option(
      '--grant-id-tag',
      'RemoteStartTransaction: let its id tag charge this once, whatever the register says of it',
    )
    .option('--unless-rebooted', 'Reset: drop it when the station boots by itself before it was sent')
    .action(
      async (
        id: string,
        action: string,
        words: string[],
        { grantIdTag, unlessRebooted, ...options }: SubmitOptions & Flags,
      ) => submit(id, await askedFor(command, action, words, given({ grantIdTag, unlessRebooted })), options),
    );
  examples(command, [
    ['command CP1 ChangeConfiguration key=HeartbeatInterval value=60 --wait', 'exit code 0: the station has done it'],
    [`command CP1 Reset '{"type":"Soft"}' --wait`, 'the same as reset CP1 --wait'],
    ['command CP1 RemoteStartTransaction idTag=GUEST connectorId=1 --grant-id-tag', 'let somebody charge this once'],
    [
      'command CP1 UnlockConnector connectorId=1 --id ticket-4711',
      'asked for again with the same id it is queued once',
    ],
  ]);

  const cancel = program
    .command('cancel')
    .description('Cancel a command that was not sent yet.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<commandId>', 'as `commands` lists it')
    .addOption(requestedByOption())
    .addOption(jsonOption('print the command as JSON'))
    .action(cancelCommand);
  examples(cancel, [['cancel CP1 8f14e45f-ceea-467f-a8d2-91b5a8c7c001', 'exit code 1: it was too late']]);

  const list = program
    .command('commands')
    .description('List the commands of a charge point, newest first.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action((id: string, options: { limit: number; json?: true }) => listCommands(id, options));
  examples(list, [['commands CP1 --limit 5', 'how the last five went']]);
}

interface Flags {
  unlessRebooted?: true | undefined;
  grantIdTag?: true | undefined;
}

function submitOptions(command: Command): Command {
  return command
    .option('--wait [seconds]', 'wait for the outcome, at most this long (default 120)', seconds)
    .option(
      '--deadline <seconds>',
      'give up when it was not sent by then; or a time like 2026-01-31T12:00:00Z (default: what suits the command)',
      secondsUntil,
    )
    .addOption(requestedByOption())
    .option('--id <commandId>', 'your own: asked for again with it, it is queued once', ownId)
    .addOption(jsonOption('print the command as JSON, with the further ones where it became several'));
}

/** Those that were given, if any. */
function given({ unlessRebooted, grantIdTag }: Flags): CommandOptions | undefined {
  if (!unlessRebooted && !grantIdTag) return undefined;
  return { ...(unlessRebooted ? { unlessRebooted } : {}), ...(grantIdTag ? { grantIdTag } : {}) };
}

async function cancelCommand(
  id: string,
  commandId: string,
  { requestedBy, json }: { requestedBy?: string; json?: true },
): Promise<void> {
  const { cancelCommand: cancel, TooLateToCancel } = await import('../operators/commands.ts');
  const output = new Output({ json });
  await withOperatorParts(async (parts) => {
    try {
      const found = await cancel(parts, id, { commandId, requestedBy: whoAsks(requestedBy) });
      if (!found) throw new Error(`charge point "${id}" has no command "${commandId}"`);
      await (json
        ? output.value(found)
        : output.line(`${printable(id)}: ${commandInWords(found)} (command ${commandId})`));
    } catch (error) {
      if (!(error instanceof TooLateToCancel)) throw error;
      process.stderr.write(`${printable(error.message)}\n`);
      process.exitCode = EXIT.failed;
    }
  });
}

async function listCommands(id: string, { limit, json }: { limit: number; json?: true }): Promise<void> {
  const { listShownCommands } = await import('../operators/shownCommands.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => listShownCommands(database, id, {}, request), limit),
      columns,
      `no commands of ${printable(id)}`,
    ),
  );
}

const columns: Column<ShownCommand>[] = [
  { head: 'requested', of: (row) => row.requestedAt },
  { head: 'action', of: (row) => row.action },
  { head: 'payload', of: (row) => JSON.stringify(row.payload) },
  { head: 'state', of: (row) => row.state, format: commandFormat },
  { head: 'position', of: (row) => row.position },
  { head: 'outcome', of: (row) => row.outcome ?? (row.waitsFor ? `waits for ${row.waitsFor}` : row.reason) },
  { head: 'by', of: (row) => row.requestedBy },
  { head: 'command id', of: (row) => row.commandId },
];
