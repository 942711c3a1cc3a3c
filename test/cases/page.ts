/** `docs/conformance.md`, made of the table of cases and of how their tests went. */
import { parts } from './cases.ts';
import { deviations } from './table/deviations.ts';
import type { Case } from './table/case.ts';

/** Of one case's tests. */
export interface Outcome {
  run: number;
  passed: number;
}

export function conformancePage(outcomes: ReadonlyMap<Case['number'], Outcome>): string {
  const total = sum([...outcomes.values()]);
  const lines = [
    '# Conformance',
    '',
    'What charge points may rely on, rule by rule: of OCPP 1.6 and OCPP-J with their errata, of the whitepaper on security,',
    'and of what charge points in the field do beyond them. Each row is held by tests of its own over real sockets',
    '(`test/cases`, named after it). Written by `npm run conformance`: it runs them and writes how they went.',
    '',
    'Sources: **J** OCPP-J 1.6, **JE** its errata of 2019, **§** OCPP 1.6 edition 2, **E** its errata 4.0, **WP** the whitepaper on',
    'security, edition 2. Level: **M** demanded, **S** recommended, **T** needed in the field.',
    '',
    `${parts.flatMap(({ cases }) => cases).length} cases, ${total.passed} of ${total.run} tests passed. Commands are on [their own page](commands.md).`,
    '',
  ];
  for (const { title, cases } of parts) {
    lines.push(`## ${title}`, '');
    lines.push('| case | rule | level | source | what happens here | tests passed |', '| - | - | - | - | - | - |');
    for (const each of cases) lines.push(row(each, outcomes.get(each.number) ?? { run: 0, passed: 0 }));
    lines.push('');
  }
  lines.push('## Deliberate deviations', '');
  for (const { from, what, why } of deviations) lines.push(`- **${from}**: ${what} ${why}`);
  return `${lines.join('\n')}\n`;
}

function row({ number, rule, level, source, behaviour }: Case, { run, passed }: Outcome): string {
  const cells = [String(number), rule, level, linked(source), linked(behaviour), `${passed} of ${run}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Addresses of reports as `owner/repository#number`. */
function linked(text: string): string {
  return text.replaceAll(/https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/(\d+)/g, '[$1#$2]($&)');
}

function sum(outcomes: readonly Outcome[]): Outcome {
  const total = { run: 0, passed: 0 };
  for (const { run, passed } of outcomes) {
    total.run += run;
    total.passed += passed;
  }
  return total;
}
