import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { Program } from '../support/program.ts';
import type { Load } from '../../chaos/load.ts';
import { openSql } from '../../chaos/system.ts';
import { chargingThrough } from './load.ts';

const LONG = 240_000;

describe('the whole program in one process, killed while stations charge', () => {
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
        { timeout: 60_000 },
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
          { timeout: 60_000, interval: 500 },
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
});

/** Stations that did not have to connect again. */
function neverCut({ stations }: Load): string[] {
  return stations.filter((station) => station.connects < 2).map((station) => station.chargePointId);
}
