/** What of a command can be judged without asking anybody: its name, its payload, and the options that go with it. */
import type { CommandOptions } from '../../workflows/state/model.ts';
import { exactRequest, InvalidCommand } from '../ocpp/command.ts';
import { commands } from '../ocpp/commands.ts';

/** There is no such command. */
export class UnknownAction extends Error {
  override name = 'UnknownAction';
  constructor(action: string) {
    super(`there is no command "${action}": expected one of ${[...commands.keys()].join(', ')}`);
  }
}

/** An option of another command. */
export class BadOptions extends InvalidCommand {
  override name = 'BadOptions';
}

/** Options that mean something of one command only: with another one somebody would count on what never happens. */
const ONLY_OF = [
  ['unlessRebooted', 'Reset'],
  ['grantIdTag', 'RemoteStartTransaction'],
] as const satisfies [keyof CommandOptions, string][];

/**
 * The payload as it may leave; what may be asked for instead or afterwards is held against the same rules.
 * @throws UnknownAction, InvalidCommand, BadOptions
 */
export function exactCommand({
  action,
  payload,
  options = {},
}: {
  action: string;
  payload: unknown;
  options?: CommandOptions | undefined;
}): Record<string, unknown> {
  const exact = exactPayload(action, payload);
  for (const [option, only] of ONLY_OF) {
    if (options[option] && action !== only) throw new BadOptions(action, `${option} is an option of ${only} only`);
  }
  for (const other of [...(options.otherwise ?? []), ...(options.next ?? [])]) {
    exactPayload(other.action, other.payload);
  }
  return exact;
}

function exactPayload(action: string, payload: unknown): Record<string, unknown> {
  const command = commands.get(action);
  if (!command) throw new UnknownAction(action);
  return exactRequest(command, payload);
}
