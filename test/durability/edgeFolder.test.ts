import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { System, until } from '../../chaos/system.ts';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { copyFolder } from '../support/copyFolder.ts';

const LONG = 240_000;

describe("an edge's data folder", () => {
  let system: System;
  let station: Station;

  beforeAll(async () => {
    system = await System.start();
    await system.serve({});
  }, LONG);

  afterAll(async () => {
    station?.stop();
    await system?.dispose();
  }, LONG);

  it(
    'that is an older copy has no command sent twice, whose CALL it has forgotten',
    async () => {
      const { edge, sql } = system;
      const chargePointId = 'forgotten';
      station = new Station({
        url: edge.url,
        chargePointId,
        onCall: () => {
          if (station.received.length === 1) process.kill(edge.pid, 'SIGKILL');
          return undefined;
        },
      });
      const charging = new Charging(station, newLedger(), { idTag: 'TAG' });
      await charging.boot();
      const copy = path.join(system.directory, 'edge-copy');
      await copyFolder(edge.dataDir, copy, edge.pid);
      await charging.transaction();
      const transactions = () =>
        sql`SELECT FROM transaction WHERE charge_point_id = ${chargePointId} AND "end" IS NOT NULL`;
      await until('the transaction is stored', async () => (await transactions()).length === 1, 30_000);

      await system.actors.submit(chargePointId, { action: 'ClearCache', payload: {}, commandId: 'c' });
      await until('its CALL is received', () => station.received.length === 1, 30_000);
      await edge.end('SIGKILL');
      await rm(edge.dataDir, { recursive: true });
      await cp(copy, edge.dataDir, { recursive: true });
      await edge.start();
      await charging.boot();
      const ended = () => sql`SELECT state FROM command WHERE command_id = 'c' AND ended_at IS NOT NULL`;
      await until('the command has ended', async () => (await ended()).length === 1, 60_000);
      // What is asked for after it has its turn.
      await system.actors.submit(chargePointId, { action: 'GetLocalListVersion', payload: {}, commandId: 'd' });
      await until('the next CALL is received', () => station.received.length > 1, 30_000);
      expect(station.received.map(({ action }) => action)).toEqual(['ClearCache', 'GetLocalListVersion']);
      expect(await ended()).toEqual([{ state: 'connectionLost' }]);
    },
    LONG,
  );
});
