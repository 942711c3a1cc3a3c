import type { Command } from 'commander';

/** Arguments after `ocpp-actors`, and what that does. */
export type Example = [line: string, what: string];

const known = new WeakMap<Command, Example[]>();

/** Adds examples to the help of a command. */
export function examples(command: Command, list: Example[]): Command {
  known.set(command, list);
  const width = Math.max(...list.map(([line]) => line.length));
  const lines = list.map(([line, what]) => `  ocpp-actors ${line.padEnd(width)}  ${what}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

export function examplesOf(command: Command): Example[] {
  return known.get(command) ?? [];
}
