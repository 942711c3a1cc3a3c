import type { Command } from 'commander';
import type { CommandOptions } from '../../workflows/state/model.ts';
import type { CommandMessage } from '../ocpp/command.ts';
import { wrongUsage } from './arguments.ts';

/** What is asked of a charge point. */
export interface Asked {
  action: string;
  payload: Record<string, unknown>;
  options?: CommandOptions | undefined;
}

/**
 * What the words of a command line ask for; what would be refused without a look at the station is wrong usage.
 * @param given the payload as JSON, or as `key=value` pairs
 */
export async function askedFor(
  command: Command,
  action: string,
  given: string[],
  options: CommandOptions | undefined,
): Promise<Asked> {
  const { commands } = await import('../ocpp/commands.ts');
  const { exactCommand } = await import('../operators/commandChecks.ts');
  try {
    const found = commands.get(action);
    const payload = given[0]?.startsWith('{') ? (JSON.parse(given.join(' ')) as unknown) : fromPairs(found, given);
    return { action, payload: exactCommand({ action, payload, options }), options };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    wrongUsage(command, error instanceof SyntaxError ? `the payload is no JSON: ${reason}` : reason);
  }
}

/** `key=value` pairs: values are text where the command's schema takes text, else JSON. */
function fromPairs(command: CommandMessage | undefined, pairs: string[]): Record<string, unknown> {
  const texts = pairs.map((pair) => {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/su.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw new Error(`expected JSON or key=value, not "${pair}"`);
    return [key, value] as const;
  });
  const payload: Record<string, unknown> = Object.fromEntries(texts);
  for (const { code, path } of command?.request.safeParse(payload).error?.issues ?? []) {
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
