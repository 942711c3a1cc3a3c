import type { Command } from 'commander';

export interface Node {
  command: Command;
  /** Its name and those of the commands above it. */
  path: string[];
}

/** The command and all below it, in the order of their help. */
export function tree(command: Command, above: string[] = []): Node[] {
  const path = [...above, command.name()];
  return [{ command, path }, ...command.commands.flatMap((child) => tree(child, path))];
}
