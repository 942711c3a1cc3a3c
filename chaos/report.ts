import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { ALLOWED, larger, NONE, type Limits } from './limits.ts';
import type { Result } from './run.ts';
import type { Expected } from './scenario.ts';
import { scenarios } from './scenarios/table.ts';
import type { Mode } from './system.ts';

/** Tells how far it is: a bar on a terminal, else a line for each scenario. */
export function progress(total: number) {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {value}/{total} {what}', stream: process.stderr, clearOnComplete: true })
    : undefined;
  bar?.start(total, 0, { what: '' });
  return {
    begins(name: string, mode: Mode, seed: number): void {
      bar?.update({ what: `${name} ${mode} ${seed}` });
    },
    ended(result: Result): void {
      const { scenario, mode, seed, differences } = result;
      bar?.increment();
      if (!bar) process.stderr.write(`${differences.length === 0 ? 'passed' : 'FAILED'} ${line(result)}\n`);
      for (const text of differences) process.stderr.write(`  ${scenario} ${mode} ${seed}: ${text}\n`);
    },
    end: () => bar?.stop(),
  };
}

function line({ scenario, mode, seed, seconds, answered, commands, served, stored, notes }: Result): string {
  const figures = `${answered} answered, ${commands} commands, served ${served} s, stored ${stored} s, ${seconds} s`;
  return [`${scenario} ${mode} ${seed}: ${figures}`, ...notes].join('; ');
}

/** For a terminal. */
export function table(results: Result[]): string {
  const shown = new Table({ head: HEAD, style: { head: [], border: [] } });
  for (const row of rows(results)) shown.push(row);
  return shown.toString();
}

export function summary(results: Result[]): string {
  const failed = results.filter(({ differences }) => differences.length > 0);
  const limits = results.reduce<Limits>((most, result) => larger(most, result.limits), NONE);
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  return [
    `${results.length} runs of ${Math.round(sum((r) => r.seconds) / 60)} min together, ${failed.length} with differences: ` +
      `${sum((r) => r.answered)} answered messages and ${sum((r) => r.commands)} commands held against the database`,
    `greatest seen: ${limitsText(limits)}`,
  ].join('\n');
}

function limitsText(limits: Limits): string {
  const words: Record<keyof Limits, string> = {
    historyEvents: 'events in a history',
    historyBytes: 'bytes of history',
    signalsPerRun: 'signals in a run',
    signalsDuringATask: 'signals during a workflow task',
    payloadBytes: 'bytes in a payload',
    pendingActivities: 'pending activities',
    edgeMegabytes: 'MB edge',
    workerMegabytes: 'MB worker',
  };
  return (Object.keys(words) as (keyof Limits)[])
    .map((name) => `${number(limits[name])}${ALLOWED[name] ? ` of ${number(ALLOWED[name])}` : ''} ${words[name]}`)
    .join(', ');
}

const HEAD = ['scenario', 'mode', 'runs', 'expected', 'answered', 'commands', 'served again', 'stored', 'result'];

/** A row for each scenario and mode; of several seeds the worst. */
function rows(results: Result[]): string[][] {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const key = `${result.scenario} ${result.mode}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const all = group as [Result, ...Result[]];
    const [{ scenario, mode, expected }] = all;
    const sum = (of: (result: Result) => number) => all.reduce((total, result) => total + of(result), 0);
    const most = (of: (result: Result) => number) => Math.max(...all.map(of));
    const failed = all.filter(({ differences }) => differences.length > 0);
    const notes = [...new Set(all.flatMap((result) => result.notes))];
    const outcome = failed.length === 0 ? 'as expected' : `DIFFERS: seed ${failed.map(({ seed }) => seed).join(', ')}`;
    return [
      scenario,
      mode,
      String(all.length),
      expectedText(expected),
      number(sum((r) => r.answered)),
      number(sum((r) => r.commands)),
      `${most((r) => r.served)} s`,
      `${most((r) => r.stored)} s`,
      [outcome, ...notes].join('; '),
    ];
  });
}

function expectedText({ during, servedWithin, lost }: Expected): string {
  return `${DURING[during]}; all again within ${servedWithin} s${lost ? `; may be lost: ${lost}` : ''}`;
}

const DURING: Record<Expected['during'], string> = {
  answered: 'answered throughout',
  unanswered: 'what must last stays unanswered, and is repeated by the stations',
  cut: 'stations are cut',
  served: 'served between the cuts',
};

const BEGIN = '<!-- made by npm run chaos -->\n\n<!-- prettier-ignore-start -->';
const END = '<!-- prettier-ignore-end -->\n\n<!-- end of what npm run chaos made -->';

/** A Markdown page with its tables replaced by these. */
export function withTable(page: string, results: Result[]): string {
  const [before, rest] = page.split(BEGIN, 2);
  const after = rest?.split(END, 2)[1];
  if (before === undefined || after === undefined) throw new Error(`the page needs the lines ${BEGIN} and ${END}`);
  const markdown = (head: string[], lines: string[][]) =>
    [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const faults = scenarios.map(({ name, fault }) => [name, fault]);
  const parts = [BEGIN, markdown(['scenario', 'fault'], faults), markdown(HEAD, rows(results)), summary(results), END];
  return before + parts.join('\n\n') + after;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
