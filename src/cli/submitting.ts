import type { OperatorParts } from '../operators/chargePoints.ts';
import type { CommandInput } from '../operators/commands.ts';
import type { ShownCommand } from '../operators/shownCommands.ts';
import { whoAsks } from './asking.ts';
import type { Asked } from './commandPayload.ts';
import { commandInWords, standingInWords } from './commandWords.ts';
import { EXIT } from './exitCodes.ts';
import { Output, printable } from './output.ts';
import { withCommandParts } from './servers.ts';

const LOOK_AGAIN_MS = 250;
/** An actor that is busy may take a while to look at what it has accepted. */
const FIRST_LOOK_MS = 5_000;

export interface SubmitOptions {
  wait?: number | true;
  /** Seconds from now. */
  deadline?: number;
  requestedBy?: string;
  id?: string;
  json?: true;
}

/** Queues a command, tells how it goes for as long as it is waited for, and makes the exit code of the outcome. */
export async function submit(chargePointId: string, asked: Asked, options: SubmitOptions): Promise<void> {
  const { wait, deadline, requestedBy, json } = options;
  const output = new Output({ json });
  const waitSeconds = wait === true ? 120 : (wait ?? 0);
  await withCommandParts(async (parts) => {
    const ids = await queued(parts, chargePointId, {
      ...asked,
      commandId: options.id,
      deadlineSeconds: deadline,
      requestedBy: whoAsks(requestedBy),
      via: 'cli',
    });
    const tell = async (command: ShownCommand) => {
      const which = ids.length > 1 ? ` command ${command.commandId}` : '';
      const line = `${new Date().toISOString()}${which} ${command.state}${standingInWords(command)}`;
      if (!json && waitSeconds > 0) await output.line(printable(line));
    };
    const ends = await Promise.all(ids.map((id) => follow(parts, chargePointId, id, waitSeconds, tell)));
    await show(output, chargePointId, ids, ends);
    process.exitCode = worst(ends.map((command) => exitCode(command, waitSeconds > 0)));
  });
}

/** Ids of the command, and of those that ask for the rest where the charge point takes less in one. */
async function queued(parts: OperatorParts, chargePointId: string, input: CommandInput): Promise<string[]> {
  const { submitCommand } = await import('../operators/commands.ts');
  const { ActorsAway, UnknownChargePoint } = await import('../operators/errors.ts');
  try {
    const { commandId, further = [] } = await submitCommand(parts, chargePointId, input);
    return [commandId, ...further];
  } catch (error) {
    if (error instanceof UnknownChargePoint) {
      throw new Error(`${error.message}: ocpp-actors station add ${chargePointId}`, { cause: error });
    }
    if (!(error instanceof ActorsAway) || error.commandId === undefined) throw error;
    const away = error.cause instanceof Error ? error.cause : error;
    const reason = away.cause instanceof Error ? away.cause.message : away.message;
    const again = `it may be queued all the same: ask again with --id ${error.commandId}, and it is queued once`;
    throw new Error(`${reason}; ${again}`, { cause: error });
  }
}

/** Asks for the command until it has ended or the time is up; tells each new state, and where it stands while it is queued. */
async function follow(
  parts: OperatorParts,
  chargePointId: string,
  commandId: string,
  waitSeconds: number,
  tell: (command: ShownCommand) => Promise<void>,
): Promise<ShownCommand | undefined> {
  const { showCommand } = await import('../operators/shownCommands.ts');
  const until = Date.now() + waitSeconds * 1_000;
  let told = '';
  for (;;) {
    // It is accepted: servers that are away for a while do not change that.
    const command = await showCommand(parts, chargePointId, commandId).catch(() => undefined);
    const now = command && `${command.state}${standingInWords(command)}`;
    if (command && now !== told && command.endedAt === null) await tell(command);
    told = now ?? told;
    if (command && (command.endedAt !== null || Date.now() >= until)) return command;
    if (Date.now() >= until + FIRST_LOOK_MS) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

async function show(
  output: Output,
  chargePointId: string,
  ids: string[],
  ends: (ShownCommand | undefined)[],
): Promise<void> {
  const all = ids.map((commandId, i) => ends[i] ?? { commandId, state: 'queued' as const });
  if (output.json) {
    const [first, ...further] = all;
    return output.value(further.length > 0 ? { ...first, further } : first);
  }
  for (const command of all) {
    const words = 'action' in command ? commandInWords(command) : 'queued; its actor has not looked at it yet';
    await output.line(printable(`${chargePointId}: ${words} (command ${command.commandId})`));
  }
}

function exitCode(command: ShownCommand | undefined, waited: boolean): number {
  if (command?.state === 'completed') return EXIT.done;
  if (!command || command.endedAt === null) return waited ? EXIT.unfinished : EXIT.done;
  return EXIT.failed;
}

function worst(codes: number[]): number {
  return [EXIT.failed, EXIT.unfinished].find((code) => codes.includes(code)) ?? EXIT.done;
}
