import { Command } from 'commander';
import { addChargingProfiles } from './chargingProfiles.ts';
import { addCommands } from './commands.ts';
import { addCompletion } from './completion.ts';
import { addFirmwareEvents } from './firmwareEvents.ts';
import { addIdTags } from './idTags.ts';
import { addLearnt } from './learnt.ts';
import { addMessages } from './messages.ts';
import { addMigrate } from './migrate.ts';
import { addReplay } from './replay.ts';
import { addStations } from './stations.ts';
import { addTokens } from './tokens.ts';
import { addTransactions } from './transactions.ts';
import { addWatch } from './watch.ts';
import { examples } from './examples.ts';
import { tree } from './tree.ts';

/** The whole command tree, built without any server or heavy module: each action imports what it needs. */
export function createProgram(): Command {
  const program = new Command('ocpp-actors')
    .description('Operate the charge points of an ocpp-actors central system.')
    // Settings are inherited by the commands that are added from here on.
    .exitOverride();
  examples(program, [
    ['station add CP1 --generate-password', 'register a charge point'],
    ['id-tag import tags.csv', 'register who may charge'],
    ['reset CP1 --type Hard --wait', 'reset it and wait for the boot that completes that'],
    ['watch CP1', 'see what happens, live'],
  ]);
  program.addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not finished yet (the command stays queued).
The servers are found by TEMPORAL_ADDRESS and DATABASE_URL (environment or .env), else the embedded ones are used.`,
  );
  for (const add of [
    addStations,
    addIdTags,
    addCommands,
    addLearnt,
    addChargingProfiles,
    addTransactions,
    addMessages,
    addFirmwareEvents,
    addReplay,
    addWatch,
    addTokens,
    addMigrate,
    addCompletion,
  ]) {
    add(program);
  }
  for (const { command, path } of tree(program)) {
    const usage = `${path.join(' ')} ${command.usage()}`;
    command.showHelpAfterError(`\nUsage: ${usage}\nMore:  ${path.join(' ')} --help`);
  }
  return program;
}
