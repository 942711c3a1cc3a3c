import type { ChargePointView } from '../../drizzle/queries/chargePoints.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import type { Command } from '../../workflows/state/model.ts';
import { commandFormat, commandInWords, type Standing } from './commandWords.ts';
import { Output, printable } from './output.ts';
import { withActors, withDatabase } from './servers.ts';

/**
 * What its actor knows and what operators have said of it. The actor alone is shown where the database is away: then most
 * of all somebody wants to know.
 */
export async function showStation(id: string, options: { json?: true }): Promise<void> {
  const output = new Output(options);
  const [state, registered] = await Promise.all([readState(id), readRegistered(id)]);
  if (!state && !registered) throw new Error(`no charge point "${id}" is known`);
  if (output.json) return output.value({ ...state, registered: registered ?? null });
  const lines = [
    ...(state ? stateLines(state, output) : [`${printable(id)}: has no actor yet`]),
    ...(registered ? [...clockLines(registered, output), ...registeredLines(registered)] : []),
  ];
  await output.line(lines.join('\n'));
}

type State = Omit<ActorState, 'commands'> & { commands: (Command & Standing)[] };

async function readState(id: string): Promise<State | undefined> {
  const { shownOf } = await import('../operators/shownCommands.ts');
  const state = await withActors((actors) =>
    actors.state(id).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
      throw error;
    }),
  );
  if (!state) return undefined;
  const shown = shownOf(state);
  return { ...state, commands: state.commands.map((command, i) => ({ ...command, ...shown[i] })) };
}

/** Clocks are off by less than this where nothing is wrong: messages take a while, too. */
const CLOCK_RIGHT_S = 60;

type Registered = ChargePointView & { clockOffset: number | null };

async function readRegistered(id: string): Promise<Registered | undefined> {
  try {
    const { findChargePoint } = await import('../../drizzle/queries/chargePoints.ts');
    const { findClockOffset } = await import('../../drizzle/queries/clockOffset.ts');
    return await withDatabase(async (database) => {
      const found = await findChargePoint(database, id);
      return found && { ...found, clockOffset: await findClockOffset(database, id) };
    });
  } catch (error) {
    process.stderr.write(`ocpp-actors: ${printable(error instanceof Error ? error.message : String(error))}\n`);
    return undefined;
  }
}

function stateLines({ chargePoint: station, connectors, transactions, commands }: State, output: Output): string[] {
  const { chargePointId, online, onlineSince, offlineSince, vendor, model, firmwareVersion } = station;
  const since = online ? onlineSince : offlineSince;
  const what = [vendor, model, firmwareVersion && `firmware ${firmwareVersion}`].filter(Boolean).join(' ');
  const presence = output.paint(online ? 'green' : 'red', online ? 'online' : 'offline');
  const open = Object.values(transactions).filter((transaction) => transaction.end === null);
  return [
    `${printable(chargePointId)}: ${presence}${since ? ` since ${since}` : ''}, ${printable(what) || 'not booted yet'}`,
    ...Object.values(connectors).map(({ connectorId, status, errorCode, at }) =>
      printable(`  connector ${connectorId}: ${status}, ${errorCode}, at ${at}`),
    ),
    ...open.map(({ transactionId, connectorId, idTag, startedAt }) =>
      printable(`  transaction ${transactionId} on connector ${connectorId}: ${idTag}, since ${startedAt}`),
    ),
    ...commands.map(
      (command) => `  ${command.requestedAt} ${output.paint(commandFormat(command), commandInWords(command))}`,
    ),
  ];
}

function clockLines({ clockOffset }: Registered, output: Output): string[] {
  if (clockOffset === null || Math.abs(clockOffset) < CLOCK_RIGHT_S) return [];
  const off = `clock ${Math.abs(clockOffset)} s ${clockOffset > 0 ? 'ahead' : 'behind'}`;
  return [`  ${output.paint('yellow', off)}`];
}

/** Nothing where nobody has said anything. */
function registeredLines({ registration, heartbeatInterval, labels, hasPassword }: ChargePointView): string[] {
  const said = [
    registration === 'accepted' ? '' : registration,
    heartbeatInterval === null ? '' : `heartbeat interval ${heartbeatInterval} s`,
    hasPassword ? 'has a password' : '',
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
  ].filter((word) => word !== '');
  return said.length > 0 ? [`  registered: ${printable(said.join(', '))}`] : [];
}
