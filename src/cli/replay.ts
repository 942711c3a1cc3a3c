import type { Command } from 'commander';
import type { ReplayedStep } from '../replay/replay.ts';
import { chargePointId, jsonOption, time, wrongUsage } from './arguments.ts';
import { examples } from './examples.ts';
import { EXIT } from './exitCodes.ts';
import { jsonText, Output, printable } from './output.ts';
import { withDatabase } from './servers.ts';

/** `replay` */
export function addReplay(program: Command): void {
  const replay = program
    .command('replay')
    .description(
      'Show step by step what the actor of a charge point was given and what that changed: its stored steps are run ' +
        'through its reducer again and compared with the states that were kept. Changes nothing.',
    )
    .argument('<chargePointId>', 'its id', chargePointId)
    .option(
      '--from <time>',
      'steps at or after: 2026-01-31, 2026-01-31T12:00:00Z, or 2h, 7d ago (default: an hour before --to)',
      time,
    )
    .option('--to <time>', 'steps up to (default: the newest)', time)
    .option('--state', 'with the whole state after each step')
    .addOption(jsonOption('print JSON: the inputs and the whole state after each step'))
    .action((id: string, options: ReplayOptions) => {
      const { from = hourBefore(options.to), to } = options;
      if (to !== undefined && to < from) wrongUsage(replay, '--to is before --from.');
      return showReplay(id, { ...options, from });
    });
  examples(replay, [
    ['replay CP1', 'what happened in the last hour'],
    ['replay CP1 --from 2026-01-31T12:00:00Z --to 2026-01-31T12:10:00Z', 'those ten minutes'],
    ['replay CP1 --from 10m --state', 'with all that the actor knew after each step'],
    ['replay CP1 --from 7d --json > cp1.json', 'for another program; the exit code says whether it agrees'],
  ]);
}

interface ReplayOptions {
  from?: string;
  to?: string;
  state?: true;
  json?: true;
}

function hourBefore(to: string | undefined): string {
  return new Date((to === undefined ? Date.now() : Date.parse(to)) - 3_600_000).toISOString();
}

async function showReplay(id: string, options: ReplayOptions & { from: string }): Promise<void> {
  const [{ findChain }, { replay }] = await Promise.all([import('../replay/chain.ts'), import('../replay/replay.ts')]);
  const from = Date.parse(options.from);
  const to = options.to === undefined ? undefined : Date.parse(options.to);
  const output = new Output({ json: options.json });
  const told = { steps: 0, compared: 0, different: 0 };

  await withDatabase(async (database) => {
    const chain = await findChain(database, id, { from, to });
    if (chain.beginsLate) process.stderr.write(`begins later than asked for: ${printable(chain.beginsLate)}\n`);
    async function* counted() {
      for await (const step of replay(database, id, chain, from)) {
        told.steps += 1;
        if (step.differences) told.compared += 1;
        if (step.differences && step.differences.length > 0) told.different += 1;
        yield step;
      }
    }
    if (output.json) await output.rows(asJson(counted()), [], '');
    else for await (const step of counted()) await tell(step, options.state === true, output);
  });
  if (told.different > 0) process.exitCode = EXIT.failed;
  if (!output.json) await output.line(summary(told, id, options));
}

async function* asJson(steps: AsyncIterable<ReplayedStep>) {
  for await (const { step, born, inputs, before, after, differences } of steps) {
    const beginning = born ? { born: before } : {};
    const agreement = differences ? { agrees: differences.length === 0, differences } : {};
    yield [{ at: new Date(step).toISOString(), ...beginning, inputs, state: after, ...agreement }];
  }
}

async function tell(step: ReplayedStep, withState: boolean, output: Output): Promise<void> {
  const { changesInWords, inputsInWords } = await import('../replay/words.ts');
  await output.line(output.paint('bold', new Date(step.step).toISOString()));
  if (step.born) await output.line(output.paint('magenta', '  an actor began, with the state that the database had'));
  for (const words of inputsInWords(step)) await output.line(`  ${output.paint('cyan', '→')} ${printable(words)}`);
  for (const words of changesInWords(step.before, step.after)) await output.line(`      ${printable(words)}`);
  if (withState) await output.line(jsonText(step.after, 2));
  if (!step.differences) return;
  if (step.differences.length === 0) return output.line(output.paint('green', '  agrees with the state that was kept'));
  await output.line(output.paint('red', '  differs from the state that was kept:'));
  for (const difference of step.differences) await output.line(output.paint('red', `      ${printable(difference)}`));
}

function summary({ steps, compared, different }: Told, id: string, { from }: { from: string }): string {
  if (steps === 0) return `no steps of ${printable(id)} since ${from}: an earlier --from shows older ones`;
  const kept = compared === 0 ? 'no state was kept in this time to compare with' : `${compared} kept states compared`;
  const result = compared === 0 ? '' : different === 0 ? ', all agree' : `, ${different} differ`;
  return `${steps} steps, ${kept}${result}`;
}

interface Told {
  steps: number;
  compared: number;
  different: number;
}
