/** The one table of what charge points may rely on. `docs/conformance.md` is made of it and of the tests named after it. */
import { authorization } from './table/authorization.ts';
import { boot } from './table/boot.ts';
import type { Case } from './table/case.ts';
import { commands } from './table/commands.ts';
import { framing } from './table/framing.ts';
import { handshake } from './table/handshake.ts';
import { meterValues } from './table/meterValues.ts';
import { others } from './table/others.ts';
import { quirks } from './table/quirks.ts';
import { transactions } from './table/transactions.ts';

export const parts: readonly { title: string; cases: readonly Case[] }[] = [
  { title: 'Handshake and security', cases: handshake },
  { title: 'Framing', cases: framing },
  { title: 'Boot and status', cases: boot },
  { title: 'Authorization', cases: authorization },
  { title: 'Transactions', cases: transactions },
  { title: 'Meter values and time', cases: meterValues },
  { title: 'Other messages, and text everywhere', cases: others },
  { title: 'Commands to charge points', cases: commands },
  { title: 'Charge points in the field', cases: quirks },
];

export const cases: ReadonlyMap<Case['number'], Case> = new Map(
  parts.flatMap((part) => part.cases.map((each) => [each.number, each])),
);

/** Every test of a case has a name that begins like this. */
export function nameOf({ number, rule, source }: Case): string {
  return `${number} · ${rule} (${source})`;
}
