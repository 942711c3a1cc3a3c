import { Client, Connection } from '@temporalio/client';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { workflowId } from '../../src/temporal/actors.ts';
import { Program } from '../support/program.ts';
import type { Load } from '../../chaos/load.ts';
import { openSql } from '../../chaos/system.ts';
import { chargingThrough } from './load.ts';

const LONG = 240_000;
const SOON = { timeout: 60_000, interval: 200 };

describe.sequential('odd stations among others that charge', () => {
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
    'are answered, and all else is stored, when they send text, times and numbers that no database can hold',
    async () => {
      const at = new Date().toISOString();
      const nul = 'a\u0000b';
      const half = 'a\ud800b';
      const status = { connectorId: 1, status: 'Charging', errorCode: 'NoError' };
      const beyond = JSON.stringify(meterValues(1, later(at, 4), ['1003'], 7)).replace(':7,', ':92233720368547758070,');
      await among('among-odd-', async () => {
        const station = await booted('odd');
        const calls: [action: string, messageId: string, payload: object][] = [
          ['StatusNotification', 'nul-info', { ...status, timestamp: at, info: nul }],
          ['StatusNotification', 'half-info', { ...status, timestamp: later(at, 1), info: half }],
          ['StatusNotification', 'year-1', { ...status, timestamp: '0001-01-01T00:00:00Z' }],
          ['StatusNotification', 'year-9999', { ...status, timestamp: '9999-12-31T23:59:59Z' }],
          ['MeterValues', 'nul-value', meterValues(1, later(at, 2), ['1000', nul])],
          ['MeterValues', 'half-value', meterValues(1, later(at, 3), ['1001', half])],
          ['MeterValues', 'value-year-1', meterValues(1, '0001-01-01T00:00:00Z', ['1002'])],
          ['StartTransaction', 'nul-tag', { connectorId: 1, idTag: nul, meterStart: 0, timestamp: later(at, 5) }],
        ];
        for (const [action, id, payload] of calls) {
          expect(await station.tryCall(action, payload, id)).toHaveProperty('result');
        }
        expect(await station.tryText(`[2,"beyond","MeterValues",${beyond}]`, 'beyond')).toHaveProperty('result');
      });

      const rows = () => sql<{ id: string; raw: string; noted: boolean; facts: string }[]>`
        SELECT message_id AS id, raw, cardinality(notes) > 0 AS noted, coalesce(
          (SELECT string_agg(concat_ws(' ', value, number, transaction_id), ', ' ORDER BY index)
            FROM meter_value AS v WHERE (v.charge_point_id, v.journal, v.seq) = (m.charge_point_id, m.journal, m.seq)),
          (SELECT concat_ws(' ', status, info)
            FROM status_notification AS s WHERE (s.charge_point_id, s.journal, s.seq) = (m.charge_point_id, m.journal, m.seq)),
          (SELECT id_tag FROM transaction AS t
            WHERE t.charge_point_id = m.charge_point_id AND t.transaction_id::text = m.answer ->> 'transactionId')) AS facts
        FROM message AS m WHERE charge_point_id = 'odd' AND raw IS NOT NULL ORDER BY seq`;
      await vi.waitFor(
        async () =>
          expect((await rows()).map(({ id, facts }) => [id, facts])).toEqual([
            ['nul-info', 'Charging a\ufffdb'],
            ['half-info', 'Charging a\ufffdb'],
            ['year-1', 'Charging'],
            ['year-9999', 'Charging'],
            ['nul-value', '1000 1000, a\ufffdb'],
            ['half-value', '1001 1001, a\ufffdb'],
            ['value-year-1', '1002 1002'],
            ['nul-tag', 'a\ufffdb'],
            ['beyond', '1003 1003'],
          ]),
        SOON,
      );
      const texts = Object.fromEntries((await rows()).map(({ id, raw }) => [id, raw]));
      expect(texts['nul-info']).toContain(String.raw`a\u0000b`);
      expect(texts['half-value']).toContain(String.raw`a\ud800b`);
      expect(texts['year-1']).toContain('0001-01-01T00:00:00Z');
      expect(texts['beyond']).toContain('92233720368547758070');
      expect((await rows()).every(({ noted }) => noted)).toBe(true);
      expect(await sql`SELECT * FROM dead_event WHERE charge_point_id = 'odd'`).toEqual([]);
    },
    LONG,
  );

  it(
    'have their facts counted once when the connection is cut before the answer and they send them again',
    async () => {
      await among('among-cut-', async () => {
        const station = await booted('cut');
        const at = new Date().toISOString();
        const start = { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp: at };
        const [first] = await sentThrice(station, 'StartTransaction', start);
        const transactionId = Number(first?.answer['transactionId']);
        expect(transactionId).toBeGreaterThan(0);
        await sentThrice(station, 'MeterValues', meterValues(1, later(at, 1), ['100', '101'], transactionId));
        await sentThrice(station, 'StatusNotification', {
          connectorId: 1,
          status: 'Finishing',
          errorCode: 'NoError',
          timestamp: later(at, 2),
        });
        const stop = { transactionId, idTag: 'TAG', meterStop: 500, timestamp: later(at, 3), reason: 'Local' };
        await sentThrice(station, 'StopTransaction', stop);
      });
      await expectCountedOnce('cut');
    },
    LONG,
  );

  it(
    'have their facts counted once also when the actor was lost between the two',
    async () => {
      await among('among-lost-', async () => {
        const station = await booted('lost');
        const between = () => vi.waitFor(() => actor('lost').terminate('by an operator'), SOON);
        const at = new Date().toISOString();
        const start = { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp: at };
        const [first] = await sentThrice(station, 'StartTransaction', start, between);
        const transactionId = Number(first?.answer['transactionId']);
        await sentThrice(station, 'MeterValues', meterValues(1, later(at, 1), ['100', '101'], transactionId), between);
        const status = { connectorId: 1, status: 'Finishing', errorCode: 'NoError', timestamp: later(at, 2) };
        await sentThrice(station, 'StatusNotification', status, between);
        const stop = { transactionId, idTag: 'TAG', meterStop: 500, timestamp: later(at, 3), reason: 'Local' };
        await sentThrice(station, 'StopTransaction', stop, between);
      });
      await expectCountedOnce('lost');
    },
    LONG,
  );

  it(
    'hold up nobody, and have their command end with its outcome, when they never answer it and are cut',
    async () => {
      await among('among-mute-', async (load) => {
        const mute = await booted('mute', { onCall: () => undefined });
        await vi.waitFor(() => actor('mute').signal('reset', { type: 'Hard' }), SOON);
        await vi.waitFor(() => expect(mute.received).toEqual([{ action: 'Reset', payload: { type: 'Hard' } }]), SOON);
        await vi.waitFor(async () => expect(await commands('mute')).toMatchObject([{ state: 'sent' }]), SOON);
        await load.more(100);
        mute.cut();
        await vi.waitFor(async () => expect(await commands('mute')).toMatchObject([{ state: 'connectionLost' }]), SOON);
        await load.more(100);
        await new Charging(mute, newLedger(), { idTag: 'TAG' }).boot();
        const completed = { state: 'completed', outcome: expect.stringContaining('BootNotification') };
        await vi.waitFor(async () => expect(await commands('mute')).toMatchObject([completed]), SOON);
        expect(mute.received).toHaveLength(1);
      });
    },
    LONG,
  );

  const among = (prefix: string, during: (load: Load) => Promise<void>) =>
    chargingThrough(sql, { url: program.url, prefix, after: 150 }, during);

  const actor = (id: string) => client.workflow.getHandle(workflowId(id));

  async function booted(chargePointId: string, options: Partial<StationOptions> = {}): Promise<Station> {
    const station = new Station({ url: program.url, chargePointId, answerTimeoutMs: 20_000, ...options });
    stations.push(station);
    await new Charging(station, newLedger(), { idTag: 'TAG' }).boot();
    return station;
  }

  /**
   * Sends a CALL and cuts the connection before its answer; when it is stored, sends it again with the same message id,
   * and once more with a new one. Every time it is answered alike, and the second and third are marked as repeats.
   */
  async function sentThrice(
    station: Station,
    action: string,
    payload: object,
    between: () => Promise<unknown> = async () => {},
  ): Promise<MessageRow[]> {
    const { chargePointId } = station;
    const again = action.toLowerCase();
    await station.connect();
    void station.tryCall(action, payload, again);
    station.cut();
    for (const [i, messageId] of [again, `${again}-2`].entries()) {
      await vi.waitFor(async () => expect(await messages(chargePointId, action)).toHaveLength(i + 1), SOON);
      await between();
      await station.connect();
      const [first] = await messages(chargePointId, action);
      expect(await station.tryCall(action, payload, messageId)).toEqual({ result: first?.answer });
      station.cut();
    }
    await vi.waitFor(async () => expect(await messages(chargePointId, action)).toHaveLength(3), SOON);
    const rows = await messages(chargePointId, action);
    expect(rows.map((row) => row.repeated)).toEqual([false, true, true]);
    return rows;
  }

  /** Rows of what `sentThrice` sent, which the boot before it did not: its message ids begin with the action's name. */
  const messages = (id: string, action: string) => sql<MessageRow[]>`
    SELECT answer, repeat_of IS NOT NULL AS repeated FROM message
    WHERE charge_point_id = ${id} AND action = ${action} AND starts_with(message_id, ${action.toLowerCase()})
    ORDER BY received_at, seq`;

  const commands = (id: string) =>
    sql`SELECT state, outcome FROM command WHERE charge_point_id = ${id} ORDER BY requested_at`;

  async function expectCountedOnce(id: string): Promise<void> {
    const [counted] = await sql`
      SELECT (SELECT count(*)::int FROM meter_value WHERE charge_point_id = ${id}) AS samples,
        (SELECT count(*)::int FROM status_notification WHERE charge_point_id = ${id} AND status = 'Finishing') AS statuses,
        (SELECT json_agg(json_build_array(meter_start, meter_stop, energy_wh, "end")) FROM transaction
          WHERE charge_point_id = ${id}) AS transactions`;
    expect(counted).toEqual({ samples: 2, statuses: 1, transactions: [[0, 500, 500, 'station']] });
  }
});

interface MessageRow {
  answer: Record<string, unknown>;
  repeated: boolean;
}

function meterValues(connectorId: number, timestamp: string, values: string[], transactionId?: number) {
  const sampledValue = values.map((value) => ({ value, measurand: 'Energy.Active.Import.Register', unit: 'Wh' }));
  return { connectorId, transactionId, meterValue: [{ timestamp, sampledValue }] };
}

function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}
