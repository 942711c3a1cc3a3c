import { Option, type Command } from 'commander';
import type { CommandView } from '../../drizzle/queries/commands.ts';
import type { Command as StationCommand, CommandOptions } from '../../workflows/state/model.ts';
import type { CommandMessage } from '../ocpp/command.ts';
import type { Actors } from '../temporal/actors.ts';
import { chargePointId, jsonOption, limitOption, seconds, secondsUntil, wrongUsage } from './arguments.ts';
import { commandFormat, commandInWords } from './commandWords.ts';
import { examples } from './examples.ts';
import { EXIT } from './exitCodes.ts';
import { Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withActors, withDatabase, withOperatorParts } from './servers.ts';

/** `reset`, `command`, `cancel`, `commands` */
export function addCommands(program: Command): void {
  const reset = program
    .command('reset')
    .description('Reset a charge point, now or when it is back (up to the deadline).')
    .argument('<chargePointId>', 'its id, as in the URL it connects to', chargePointId)
    .addOption(new Option('--type <type>', 'kind of reset').choices(['Soft', 'Hard']).default('Soft'));
  submitOptions(reset)
    .option('--unless-rebooted', 'drop it when the station boots by itself before it was sent')
    .action(
      (id: string, { type, unlessRebooted, ...options }: SubmitOptions & { type: string; unlessRebooted?: true }) =>
        submit(
          id,
          { action: 'Reset', payload: { type }, ...(unlessRebooted ? { options: { unlessRebooted } } : {}) },
          options,
        ),
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
    .action(
      async (
        id: string,
        action: string,
        given: string[],
        { grantIdTag, ...options }: SubmitOptions & { grantIdTag?: true },
      ) => {
        const payload = await validPayload(command, action, given);
        await submit(id, { action, payload, ...(grantIdTag ? { options: { grantIdTag } } : {}) }, options);
      },
    );
  examples(command, [
    ['command CP1 ChangeConfiguration key=HeartbeatInterval value=60 --wait', 'exit code 0: the station has done it'],
    [`command CP1 Reset '{"type":"Soft"}' --wait`, 'the same as reset CP1 --wait'],
    ['command CP1 RemoteStartTransaction idTag=GUEST connectorId=1 --grant-id-tag', 'let somebody charge this once'],
  ]);

  const cancel = program
    .command('cancel')
    .description('Cancel a command that was not sent yet.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<commandId>', 'as `commands` lists it')
    .option('--requested-by <name>', 'who asks (default: your user name)')
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

interface SubmitOptions {
  wait?: number | true;
  deadline?: number;
  requestedBy?: string;
  json?: true;
}

function submitOptions(command: Command): Command {
  return command
    .option('--wait [seconds]', 'wait for the outcome, at most this long (default 120)', seconds)
    .option(
      '--deadline <seconds>',
      'give up when it was not sent by then; or a time like 2026-01-31T12:00:00Z (default: what suits the command)',
      secondsUntil,
    )
    .option('--requested-by <name>', 'who asks (default: your user name)')
    .addOption(jsonOption('print the command as JSON'));
}

async function submit(
  id: string,
  what: { action: string; payload: Record<string, unknown>; options?: CommandOptions },
  { wait, deadline, requestedBy = process.env.USER, json }: SubmitOptions,
): Promise<void> {
  const output = new Output({ json });
  const waitSeconds = wait === true ? 120 : (wait ?? 0);
  await withActors(async (actors) => {
    const { commandId } = await actors.submit(id, {
      ...what,
      ...(requestedBy ? { requestedBy } : {}),
      ...(deadline ? { deadlineMs: deadline * 1_000 } : {}),
    });
    const tell = async ({ state }: StationCommand) => {
      if (!json) await output.line(`${new Date().toISOString()} ${state}`);
    };
    const command = await follow(actors, id, commandId, waitSeconds, tell);
    if (json) await output.value(command ?? { commandId, state: 'queued' });
    else await output.line(sentence(id, commandId, command));
    process.exitCode = exitCode(command, waitSeconds > 0);
  });
}

async function cancelCommand(
  id: string,
  commandId: string,
  { requestedBy = process.env.USER, json }: { requestedBy?: string; json?: true },
): Promise<void> {
  const { cancelCommand: cancel, TooLateToCancel } = await import('../operators/commands.ts');
  const output = new Output({ json });
  await withOperatorParts(async (parts) => {
    try {
      const found = await cancel(parts, id, { commandId, ...(requestedBy ? { requestedBy } : {}) });
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
  const { listCommands: read } = await import('../../drizzle/queries/commands.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => read(database, id, {}, request), limit),
      columns,
      `no commands of ${printable(id)}`,
    ),
  );
}

const columns: Column<CommandView>[] = [
  { head: 'requested', of: (row) => row.requestedAt },
  { head: 'action', of: (row) => row.action },
  { head: 'payload', of: (row) => JSON.stringify(row.payload) },
  { head: 'state', of: (row) => row.state, format: commandFormat },
  { head: 'outcome', of: (row) => row.outcome ?? row.reason },
  { head: 'by', of: (row) => row.requestedBy },
  { head: 'command id', of: (row) => row.commandId },
];

/** What the actor would refuse is wrong usage, told before it is queued. */
async function validPayload(command: Command, action: string, given: string[]): Promise<Record<string, unknown>> {
  const { commands } = await import('../ocpp/commands.ts');
  const { exactRequest } = await import('../ocpp/command.ts');
  const found = commands.get(action);
  if (!found)
    wrongUsage(command, `there is no command "${action}": expected one of ${[...commands.keys()].join(', ')}`);
  try {
    return exactRequest(found, given[0]?.startsWith('{') ? JSON.parse(given.join(' ')) : fromPairs(found, given));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    wrongUsage(command, error instanceof SyntaxError ? `the payload is no JSON: ${reason}` : reason);
  }
}

/** `key=value` pairs: values are text where the command's schema takes text, else JSON. */
function fromPairs({ request }: CommandMessage, pairs: string[]): Record<string, unknown> {
  const texts = pairs.map((pair) => {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/su.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw new Error(`expected JSON or key=value, not "${pair}"`);
    return [key, value] as const;
  });
  const payload: Record<string, unknown> = Object.fromEntries(texts);
  for (const { code, path } of request.safeParse(payload).error?.issues ?? []) {
    const [key] = path;
    if (code === 'invalid_type' && typeof key === 'string' && path.length === 1) payload[key] = asJson(payload[key]);
  }
  return payload;
}

function asJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}

/** Asks for the command until it has ended or the time is up; tells each new state. */
async function follow(
  actors: Actors,
  id: string,
  commandId: string,
  waitSeconds: number,
  tell: (command: StationCommand) => Promise<void>,
): Promise<StationCommand | undefined> {
  const until = Date.now() + waitSeconds * 1_000;
  let told: string | undefined;
  for (;;) {
    // It is accepted: workers that are away for a while do not change that.
    const command = await actors.command(id, commandId).catch(() => undefined);
    if (waitSeconds > 0 && command && command.state !== told && command.endedAt === null) await tell(command);
    told = command?.state;
    if (command && (command.endedAt !== null || Date.now() >= until)) return command;
    if (Date.now() >= until + 5_000) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function sentence(id: string, commandId: string, command: StationCommand | undefined): string {
  if (!command) return `${printable(id)}: command ${commandId} is queued; its actor has not looked at it yet`;
  return `${printable(id)}: ${commandInWords(command)} (command ${commandId})`;
}

function exitCode(command: StationCommand | undefined, waited: boolean): number {
  if (command?.state === 'completed') return EXIT.done;
  if (!command || command.endedAt === null) return waited ? EXIT.unfinished : EXIT.done;
  return EXIT.failed;
}
