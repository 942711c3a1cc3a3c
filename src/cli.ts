#!/usr/bin/env node
import {
  isGrpcDeadlineError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openDatabase } from '../drizzle/client.ts';
import type { ActorState } from '../workflows/state/actor.ts';
import type { Command as StationCommand } from '../workflows/state/model.ts';
import { readSettings, type Settings } from './config.ts';
import { embeddedDatabaseUrl } from './embedded/servers.ts';
import { createLog } from './log.ts';
import { chargePointIdFrom } from './ocpp/identity.ts';
import { prepareDatabase } from './prepareDatabase.ts';
import { createActors, type Actors } from './temporal/actors.ts';
import { connectTemporal } from './temporal/connection.ts';
import { installRuntime } from './temporal/runtime.ts';

/** What exit codes mean, to scripts. */
const EXIT = { done: 0, failed: 1, unfinished: 3 } as const;

const program = new Command('ocpp-actors')
  .description('Operate the charge points of an ocpp-actors central system.')
  .showHelpAfterError()
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed or refused, 3 not finished yet (the command stays queued).
The servers are found by TEMPORAL_ADDRESS and DATABASE_URL (environment or .env), else the embedded ones are used.

Examples:
  ocpp-actors reset CP1                    queue a Soft reset; sent when the station is there
  ocpp-actors reset CP1 --type Hard --wait wait for the boot that completes it
  ocpp-actors show CP1 --json              all its actor knows`,
  );

program
  .command('reset')
  .argument('<chargePointId>', 'its id, as in the URL it connects to', identity)
  .description('Reset a charge point, now or when it is back (up to the deadline).')
  .addOption(new Option('--type <type>', 'kind of reset').choices(['Soft', 'Hard']).default('Soft'))
  .option('--wait [seconds]', 'wait for the outcome, at most this long (default 120)', seconds)
  .option('--deadline <seconds>', 'give up when it was not sent by then (default 3600)', seconds)
  .option('--requested-by <name>', 'who asks', process.env.USER)
  .option('--json', 'print the command as JSON')
  .action(async (chargePointId: string, options: ResetOptions) => {
    await withActors(async (actors) => {
      const { commandId } = await actors.submit(chargePointId, {
        action: 'Reset',
        payload: { type: options.type },
        ...(options.requestedBy ? { requestedBy: options.requestedBy } : {}),
        ...(options.deadline ? { deadlineMs: options.deadline * 1_000 } : {}),
      });
      const waitSeconds = options.wait === true ? 120 : (options.wait ?? 0);
      const command = await follow(actors, chargePointId, commandId, waitSeconds, options.json !== true);
      if (options.json) print(command ?? { commandId, state: 'queued' });
      else console.log(sentence(chargePointId, commandId, command));
      process.exitCode = exitCode(command, waitSeconds > 0);
    });
  });

program
  .command('show')
  .argument('<chargePointId>', 'its id', identity)
  .description('Show a charge point: presence, connectors, open transactions, commands.')
  .option('--json', 'print everything its actor knows as JSON')
  .action(async (chargePointId: string, options: { json?: true }) => {
    await withActors(async (actors) => {
      const state = await actors.state(chargePointId).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      });
      if (!state) throw new Error(`no charge point "${chargePointId}" is known`);
      if (options.json) print(state);
      else console.log(describe(state));
    });
  });

program
  .command('migrate')
  .description('Bring the schema of the database at DATABASE_URL (or the running embedded one) up to date.')
  .action(async () => {
    const settings = readSettings();
    const log = createLog({ ...settings, LOG_LEVEL: 'warn' });
    const url = settings.DATABASE_URL ?? embeddedDatabaseUrl(settings.DATABASE_PORT);
    const database = openDatabase({ url, log });
    try {
      await prepareDatabase(database, settings);
      console.log('the schema is up to date');
    } finally {
      await database.close();
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`ocpp-actors: ${reasonOf(error)}`);
  process.exitCode = EXIT.failed;
}

interface ResetOptions {
  type: 'Soft' | 'Hard';
  wait?: number | true;
  deadline?: number;
  requestedBy?: string;
  json?: true;
}

async function withActors(use: (actors: Actors, settings: Settings) => Promise<void>): Promise<void> {
  const settings = readSettings();
  installRuntime(createLog({ LOG_LEVEL: 'error' }));
  const address = settings.TEMPORAL_ADDRESS ?? `127.0.0.1:${settings.TEMPORAL_PORT}`;
  const temporal = await connectTemporal({ address, namespace: settings.TEMPORAL_NAMESPACE });
  try {
    await use(createActors(temporal), settings);
  } finally {
    await temporal.connection.close();
  }
}

/** Asks for the command until it has ended or the time is up; tells each new state. */
async function follow(actors: Actors, chargePointId: string, commandId: string, waitSeconds: number, tell: boolean) {
  const until = Date.now() + waitSeconds * 1_000;
  let told: string | undefined;
  for (;;) {
    // It is accepted: workers that are away for a while do not change that.
    const command = await actors.command(chargePointId, commandId).catch(() => undefined);
    if (waitSeconds > 0 && tell && command && command.state !== told && command.endedAt === null) {
      console.log(`${new Date().toISOString()} ${command.state}`);
    }
    told = command?.state;
    if ((command && (command.endedAt !== null || waitSeconds === 0)) || (command && Date.now() >= until))
      return command;
    if (Date.now() >= until + 5_000) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function sentence(chargePointId: string, commandId: string, command: StationCommand | undefined): string {
  if (!command) return `${chargePointId}: command ${commandId} is queued; its actor has not looked at it yet`;
  return `${chargePointId}: ${inWords(command)} (command ${commandId})`;
}

function inWords({ action, payload, state, outcome, reason }: StationCommand): string {
  const type = typeof payload.type === 'string' ? ` ${payload.type}` : '';
  const why = outcome ?? reason;
  return `${action}${type} ${state}${why ? `: ${why}` : ''}`;
}

function exitCode(command: StationCommand | undefined, waited: boolean): number {
  if (command?.state === 'completed') return EXIT.done;
  if (!command || command.endedAt === null) return waited ? EXIT.unfinished : EXIT.done;
  return EXIT.failed;
}

function describe({ chargePoint, connectors, transactions, commands }: ActorState): string {
  const { chargePointId, online, onlineSince, offlineSince, vendor, model, firmwareVersion } = chargePoint;
  const since = online ? onlineSince : offlineSince;
  const what = [vendor, model, firmwareVersion && `firmware ${firmwareVersion}`].filter(Boolean).join(' ');
  return [
    `${chargePointId}: ${online ? 'online' : 'offline'}${since ? ` since ${since}` : ''}, ${what || 'not booted yet'}`,
    ...Object.values(connectors).map((c) => `  connector ${c.connectorId}: ${c.status}, ${c.errorCode}, at ${c.at}`),
    ...Object.values(transactions)
      .filter((t) => t.end === null)
      .map((t) => `  transaction ${t.transactionId} on connector ${t.connectorId}: ${t.idTag}, since ${t.startedAt}`),
    ...commands.map((c) => `  ${c.requestedAt} ${inWords(c)}`),
  ].join('\n');
}

/** As the user wrote it, checked like the path of a station's WebSocket: a typo must not make an actor for ever. */
function identity(text: string): string {
  const found = chargePointIdFrom(`/${encodeURIComponent(text)}`);
  if ('problem' in found) throw new InvalidArgumentError(`${found.problem}.`);
  return found.id;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number of seconds is expected.');
  return value;
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause : undefined;
  const noWorker =
    isGrpcDeadlineError(error) ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    cause?.message === 'Timeout expired';
  if (noWorker) return 'Temporal is there, but no worker took the request within 10 s: is ocpp-actors running?';
  const text = error instanceof Error ? error.message : String(error);
  return cause ? `${text}: ${cause.message}` : text;
}
