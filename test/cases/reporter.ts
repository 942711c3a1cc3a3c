import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { cases, nameOf } from './cases.ts';
import { conformancePage, type Outcome } from './page.ts';
import type { Case } from './table/case.ts';

const page = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url));
const byName = [...cases.values()].map((each) => ({ number: each.number, name: nameOf(each) }));

/** Writes `docs/conformance.md` after a run of all files of `test/cases`; after a part of them it would say too little. */
// oxlint-disable-next-line import/no-default-export -- Vitest loads a reporter by its default export
export default class ConformanceReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const outcomes = new Map<Case['number'], Outcome>();
    let skipped = 0;
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      if (test.result().state === 'skipped') skipped += 1;
      else count(outcomes, test);
    }
    const missing = [...cases.keys()].filter((number) => !outcomes.has(number));
    if (skipped > 0 || missing.length > 0) {
      process.stderr.write(
        `docs/conformance.md is left as it is: ${skipped} tests skipped, none of ${missing.join()}\n`,
      );
      return;
    }
    writeFileSync(page, conformancePage(outcomes));
  }
}

function count(outcomes: Map<Case['number'], Outcome>, test: TestCase): void {
  const found = byName.find(({ name }) => test.name === name || test.name.startsWith(`${name} · `));
  if (found === undefined) return;
  const outcome = outcomes.get(found.number) ?? { run: 0, passed: 0 };
  outcome.run += 1;
  if (test.result().state === 'passed') outcome.passed += 1;
  outcomes.set(found.number, outcome);
}
