import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cases, parts } from '../cases/cases.ts';
import { conformancePage, type Outcome } from '../cases/page.ts';
import type { Case } from '../cases/table/case.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(`${root}docs/conformance.md`, 'utf8');

/** `npm run conformance` writes the page anew. */
describe('docs/conformance.md', () => {
  it('says what the table of cases says', () => {
    expect(page).toBe(conformancePage(outcomesOf(page)));
  });

  it('tells of tests that all passed, at least one for each case', () => {
    for (const [number, { run, passed }] of outcomesOf(page)) {
      expect({ number, passed }).toEqual({ number, passed: run });
      expect(run).toBeGreaterThan(0);
    }
  });
});

describe('the table of cases', () => {
  it('has each number once', () => {
    expect(cases.size).toBe(parts.flatMap((part) => part.cases).length);
  });

  it('has a test for each number, and no test is of a number it does not have', async () => {
    const tested = new Set<Case['number']>();
    const files = await readdir(`${root}test/cases`, { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.test.ts'))) {
      const source = await readFile(`${root}test/cases/${file}`, 'utf8');
      for (const [, number, quirk] of source.matchAll(/\brule\(\s*(?:(\d+)|'(Q\d+)')/g)) {
        tested.add(quirk === undefined ? Number(number) : (quirk as `Q${number}`));
      }
    }
    expect(tested).toEqual(new Set(cases.keys()));
  });
});

/** How the tests went, as the page has it. */
function outcomesOf(text: string): Map<Case['number'], Outcome> {
  const rows = text.matchAll(/^\| (Q?\d+) \|.*\| (\d+) of (\d+) \|$/gm);
  return new Map(
    [...rows].map(([, number, passed, run]) => [
      number!.startsWith('Q') ? (number as `Q${number}`) : Number(number),
      { run: Number(run), passed: Number(passed) },
    ]),
  );
}
