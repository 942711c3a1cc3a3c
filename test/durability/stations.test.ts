import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { workflowId } from '../../src/temporal/actors.ts';
import { Program } from '../support/program.ts';
import { chargingThrough, openSql } from './load.ts';

const LONG = 240_000;
const SOON = { timeout: 30_000, interval: 200 };

describe.sequential('stations among others that charge', () => {
  let program: Program;
  let sql: postgres.Sql;
  let connection: Connection;
  let client: Client;
  const stations: Station[] = [];

  beforeAll(async () => {
    program = await Program.create();
    await program.start();
    sql = openSql(program.databaseUrl);
    connection = await Connection.connect({ address: program.temporalAddress });
    client = new Client({ connection });
  }, LONG);

  afterAll(async () => {
    for (const station of stations) station.stop();
    await connection?.close();
    await sql?.end({ timeout: 1 });
    await program?.dispose();
  }, LONG);

  it(
    'have text stored that no database can hold, and times and numbers beyond all bounds, with the rest of the message',
    async () => {
      await chargingThrough(sql, { url: program.url, prefix: 'among-odd-' }, async () => {
        const id = 'odd';
        const station = await booted(id);
        const at = new Date().toISOString();
        const status = { connectorId: 1, status: 'Charging', errorCode: 'NoError' };
        const nul = 'nul\u0000nul';
        const half = 'half \ud800 pair';
        const answers = [
          await station.tryCall('StatusNotification', { ...status, timestamp: at, info: nul }, 'nul-info'),
          await station.tryCall('StatusNotification', { ...status, timestamp: later(at, 1), info: half }, 'half-info'),
          await station.tryCall('StatusNotification', { ...status, timestamp: '0001-01-01T00:00:00Z' }, 'year-1'),
          await station.tryCall('StatusNotification', { ...status, timestamp: '9999-12-31T23:59:59Z' }, 'year-9999'),
          await station.tryCall('MeterValues', meterValues(1, 7, later(at, 2), ['1000', nul]), 'nul-value'),
          await station.tryCall('MeterValues', meterValues(1, 7, later(at, 3), ['1001', half]), 'half-value'),
          await station.tryCall('MeterValues', meterValues(1, 7, '0001-01-01T00:00:00Z', ['1002']), 'value-year-1'),
          await station.tryText(
            `[2,"beyond","MeterValues",${JSON.stringify(meterValues(1, 7, later(at, 4), ['1003'])).replace(':7', ':92233720368547758070')}]`,
            'beyond',
          ),
        ];
        const start = { connectorId: 1, idTag: nul, meterStart: 0, timestamp: later(at, 5) };
        const started = await station.tryCall('StartTransaction', start, 'nul-tag');
        for (const answer of [...answers, started]) expect(answer).toHaveProperty('result');
      });
      const messages = await sql`SELECT message_id, payload, raw, notes, at FROM message WHERE charge_point_id = 'odd'`;
      const mv = await sql`SELECT * FROM meter_value WHERE charge_point_id = 'odd'`;
      const sn = await sql`SELECT * FROM status_notification WHERE charge_point_id = 'odd'`;
      const tx = await sql`SELECT * FROM transaction WHERE charge_point_id = 'odd'`;
      const dead = await sql`SELECT * FROM dead_event WHERE charge_point_id = 'odd'`;
      console.log(JSON.stringify({ messages, mv, sn, tx, dead }, null, 1));
    },
    LONG,
  );

  async function booted(chargePointId: string, options: Partial<StationOptions> = {}): Promise<Station> {
    const station = new Station({ url: program.url, chargePointId, answerTimeoutMs: 5_000, ...options });
    stations.push(station);
    await new Charging(station, newLedger(), { idTag: 'TAG' }).boot();
    return station;
  }
});

function meterValues(connectorId: number, transactionId: number, timestamp: string, values: string[]) {
  const sampledValue = values.map((value) => ({ value, measurand: 'Energy.Active.Import.Register', unit: 'Wh' }));
  return { connectorId, transactionId, meterValue: [{ timestamp, sampledValue }] };
}

function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}
