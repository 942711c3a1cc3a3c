import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { settledDifferences } from '../support/ledgerCheck.ts';
import { Program } from '../support/program.ts';

let program: Program;
let sql: postgres.Sql;

beforeAll(async () => {
  program = await Program.create({ environment: { ACKNOWLEDGE: 'actor' } });
  await program.start();
  sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
}, 120_000);

afterAll(async () => {
  await sql?.end();
  await program?.dispose();
});

it('with ACKNOWLEDGE=actor nothing durable is answered while Temporal hangs, and all of it afterwards', async () => {
  const ledger = newLedger();
  const station = new Station({ url: program.url, chargePointId: 'ACK-1', answerTimeoutMs: 3_000 });
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await charging.transaction();

  const temporal = await program.embeddedPid('temporal');
  process.kill(temporal, 'SIGSTOP');
  try {
    const status = { connectorId: 1, status: 'Preparing', errorCode: 'NoError' };
    expect(await station.tryCall('StatusNotification', status)).toBeUndefined();
    expect(await station.tryCall('Heartbeat', {})).toHaveProperty('result.currentTime');
  } finally {
    process.kill(temporal, 'SIGCONT');
  }
  await charging.transaction();
  expect(ledger.refused).toEqual([]);
  expect(ledger.transactions).toHaveLength(2);
  expect(await settledDifferences(sql, ledger, 'ACK-', 60_000)).toEqual([]);
  station.stop();
}, 180_000);
