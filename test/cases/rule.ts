import { it } from 'vitest';
import { cases, nameOf } from './cases.ts';
import type { Case } from './table/case.ts';

type Body = () => void | Promise<void>;

/**
 * A test of a case of the table: `rule(16, async () => …)`, or one of several, `rule(19, 'truncated JSON', async () => …)`.
 * The number is written as a literal: `test/docs/conformance.test.ts` looks for it.
 */
export function rule(number: Case['number'], body: Body): void;
export function rule(number: Case['number'], variant: string, body: Body): void;
export function rule(number: Case['number'], ...[first, second]: [Body] | [string, Body]): void {
  const found = cases.get(number);
  if (found === undefined) throw new Error(`no case ${number} in the table: add its row in test/cases/table`);
  const [variant, body] = typeof first === 'string' ? [` · ${first}`, second] : ['', first];
  it(`${nameOf(found)}${variant}`, body);
}
