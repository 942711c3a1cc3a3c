import type { Argument, Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { examplesOf } from '../../src/cli/examples.ts';
import { createProgram } from '../../src/cli/program.ts';
import { tree } from '../../src/cli/tree.ts';

/** `npx vitest run test/docs -u` writes the page anew. */
it('docs/cli.md lists every command with its arguments, options and examples, as the command tree has them', async () => {
  const commands = tree(createProgram()).filter(
    ({ command, path }) => command.commands.length === 0 && path.length > 1,
  );
  const page = [
    '# Command line',
    '',
    '`ocpp-actors` operates the charge points of a central system. It works on its servers directly, so it is for those who',
    'have access to them: they are found by `TEMPORAL_ADDRESS` and `DATABASE_URL` (environment or `.env`), else the embedded',
    'ones of a running `npm start` are used. In a checkout: `npm run ocpp-actors -- <command>`.',
    '',
    'Lists are tables on a terminal, plain aligned columns elsewhere, and JSON with `--json`. Exit codes: 0 done, 1 failed or',
    'refused, 2 wrong usage, 3 not finished yet (the command stays queued).',
    '',
    ...commands.flatMap(({ command, path }) => section(command, path.join(' '))),
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/cli.md');
});

function section(command: Command, name: string): string[] {
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)];
  const examples = examplesOf(command).map(([line, what]) => `ocpp-actors ${line}  # ${what}`);
  return [
    `## ${name.replace('ocpp-actors ', '')}`,
    '',
    command.description(),
    '',
    '```',
    `${name} ${command.usage()}`,
    '```',
    '',
    ...(rows.length > 0 ? ['| | |', '| - | - |', ...rows, ''] : []),
    ...(examples.length > 0 ? ['```sh', ...examples, '```', ''] : []),
  ];
}

function argumentRow(argument: Argument): string {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return row(name, argument.description, argument.argChoices, argument.defaultValue);
}

function optionRow(option: Option): string {
  return row(option.flags, option.description, option.argChoices, option.defaultValue);
}

function row(name: string, description: string, choices: readonly string[] | undefined, fallback: unknown): string {
  const more = [choices?.join(', '), fallback === undefined ? undefined : `default: ${String(fallback)}`];
  const text = [description, ...more.filter((each) => each !== undefined)].join('; ');
  return `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`;
}
