import type postgres from 'postgres';
import { expect } from 'vitest';
import { Load, type LoadOptions } from '../../chaos/load.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';

export interface ThroughOptions extends LoadOptions {
  /** Answers that stations must get after `during`. */
  after?: number;
  /** How long the rows may take after the last message (ms). */
  settleMs?: number;
  /** Called when all is stored and the stations are still connected. */
  stored?: () => Promise<void>;
}

/**
 * The proof: stations charge, something happens (`during`), they go on; then every answered message has its rows,
 * exactly once.
 */
export async function chargingThrough(
  sql: postgres.Sql,
  { after = 400, settleMs = 60_000, stored, ...options }: ThroughOptions,
  during: (load: Load) => Promise<void>,
): Promise<Load> {
  const load = new Load(options).start();
  try {
    await load.more(100);
    await during(load);
    await load.more(after);
    await load.finish();
    await expectAllStored(sql, load, settleMs);
    await stored?.();
    return load;
  } finally {
    load.disconnect();
  }
}

async function expectAllStored(sql: postgres.Sql, { ledger, prefix }: Load, withinMs: number): Promise<void> {
  expect(ledger.refused).toEqual([]);
  expect(ledger.meterValues.length).toBeGreaterThan(50);
  expect(ledger.transactions.length).toBeGreaterThan(5);
  expect(await settledDifferences(sql, ledger, prefix, withinMs)).toEqual([]);
  expect(await sql`SELECT * FROM dead_event WHERE starts_with(charge_point_id, ${prefix})`).toEqual([]);
}
