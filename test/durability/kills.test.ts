import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { Program } from '../support/program.ts';
import type { Load } from '../../chaos/load.ts';
import { chargingThrough, openSql } from './load.ts';

const LONG = 240_000;

describe.sequential('processes killed while stations charge', () => {
  let program: Program;
  let sql: postgres.Sql;

  beforeAll(async () => {
    program = await Program.create();
    await program.start();
    sql = openSql(program.databaseUrl);
  }, LONG);

  afterAll(async () => {
    await sql?.end({ timeout: 1 });
    await program?.dispose();
  }, LONG);

  it.each(['temporal', 'database'] as const)(
    'loses and doubles nothing, and goes on by itself, when the %s process is killed',
    async (name) => {
      await chargingThrough(sql, { url: program.url, prefix: `${name}-` }, async () => {
        const pid = await program.embeddedPid(name);
        process.kill(pid, 'SIGKILL');
        await vi.waitFor(async () => expect(await program.embeddedPid(name)).not.toBe(pid), { timeout: 60_000 });
      });
    },
    LONG,
  );

  it(
    'loses and doubles nothing when the server is killed, and ends the connections it had',
    async () => {
      const gone = new Station({ url: program.url, chargePointId: 'gone' });
      await new Charging(gone, newLedger(), { idTag: 'TAG' }).boot();
      let journal = '';
      await vi.waitFor(
        async () => {
          const [row] = await sql<{ journal: string }[]>`
            SELECT journal::text FROM connection WHERE charge_point_id = 'gone' AND closed_at IS NULL`;
          journal = row?.journal ?? '';
          expect(journal).not.toBe('');
        },
        { timeout: 30_000 },
      );

      const presence = () => sql`
        SELECT online, count(*)::int AS stations, sum(open)::int AS open, sum(ended)::int AS ended
        FROM charge_point AS p, LATERAL (
          SELECT count(*) FILTER (WHERE closed_at IS NULL) AS open,
            count(*) FILTER (WHERE journal = ${journal} AND close_code = 1006 AND reason = 'edge ended') AS ended
          FROM connection AS c WHERE c.charge_point_id = p.charge_point_id) AS connections
        WHERE charge_point_id = 'gone' OR starts_with(charge_point_id, 'server-')
        GROUP BY online ORDER BY online`;
      const stored = () =>
        vi.waitFor(
          async () =>
            expect(await presence()).toEqual([
              { online: false, stations: 1, open: 0, ended: 1 },
              { online: true, stations: 12, open: 12, ended: 12 },
            ]),
          { timeout: 30_000, interval: 500 },
        );
      const load = await chargingThrough(sql, { url: program.url, prefix: 'server-', stored }, async () => {
        const pid = await program.embeddedPid('temporal');
        await program.end('SIGKILL');
        gone.stop();
        await program.start();
        expect(await program.embeddedPid('temporal')).not.toBe(pid);
      });
      expect(neverCut(load)).toEqual([]);
    },
    LONG,
  );

  it(
    'loses and doubles nothing when the server, Temporal and the database are killed at the same time',
    async () => {
      const load = await chargingThrough(sql, { url: program.url, prefix: 'all-' }, async () => {
        await killAll();
        await program.start();
      });
      expect(neverCut(load)).toEqual([]);
    },
    LONG,
  );

  it(
    'loses and doubles nothing when Temporal has lost its store with accepted events that were not in the database yet',
    async () => {
      const load = await chargingThrough(sql, { url: program.url, prefix: 'store-' }, async (running) => {
        // With the database hanging, what Temporal accepts now is nowhere else but in the edge's journal.
        process.kill(await program.embeddedPid('database'), 'SIGSTOP');
        await running.more(200);
        await killAll();
        const store = path.join(program.dataDir, 'temporal');
        const files = (await readdir(store)).filter((file) => file.startsWith('temporal.db'));
        expect(files).not.toEqual([]);
        await Promise.all(files.map((file) => rm(path.join(store, file))));
        await program.start();
      });
      expect(neverCut(load)).toEqual([]);
    },
    LONG,
  );

  async function killAll(): Promise<void> {
    const embedded = [await program.embeddedPid('temporal'), await program.embeddedPid('database')];
    const ended = program.end('SIGKILL');
    for (const pid of embedded) process.kill(pid, 'SIGKILL');
    await ended;
  }
});

/** Stations that did not have to connect again. */
function neverCut({ stations }: Load): string[] {
  return stations.filter((station) => station.connects < 2).map((station) => station.chargePointId);
}
