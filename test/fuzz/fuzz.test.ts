import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { fuzz } from '../../fuzz/fuzz.ts';
import { Program } from '../support/program.ts';

let program: Program;
let sql: postgres.Sql;
beforeAll(async () => {
  const databaseUrl = inject('databaseUrl');
  program = await Program.create({ temporalAddress: inject('temporalAddress'), databaseUrl });
  await program.start();
  sql = postgres(databaseUrl, { max: 1, fetch_types: false, prepare: false });
}, 120_000);
afterAll(async () => {
  await program.dispose();
  await sql.end();
});

it('some thousands of faulty frames: each with an id is answered, no socket is closed, all that can be kept is kept', async () => {
  const result = await fuzz({ url: program.url, frames: 4_000, seed: 20_261_123 });
  expect(result).toMatchObject({ frames: 4_000, unanswered: [], wrong: [], closed: [] });
  expect(result.answerable).toBeGreaterThan(2_000);
  expect(result.results).toBeGreaterThan(1_000);
  expect(result.errors).toBeGreaterThan(200);
  const kept = async () => {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM message
      WHERE starts_with(charge_point_id, 'FUZZ-') AND direction = 'in'`;
    return row?.n ?? 0;
  };
  // Not all: answers that nobody has asked for, and empty frames, are dropped.
  await expect.poll(kept, { timeout: 240_000, interval: 500 }).toBeGreaterThan(0.9 * result.frames);
}, 420_000);
