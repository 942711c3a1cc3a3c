/** The one table of what goes to stations. A further command is a file in `commands/` and a row here. */
import type { CommandMessage } from './command.ts';
import { reset } from './commands/reset.ts';
import { triggerMessage } from './commands/triggerMessage.ts';

/** By action, case-sensitive (OCPP-J 1.6 §4.2.1). */
export const commands: ReadonlyMap<string, CommandMessage> = new Map(
  [reset, triggerMessage].map((command) => [command.action, command]),
);
