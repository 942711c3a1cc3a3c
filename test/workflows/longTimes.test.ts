import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../edge/edge.ts';
import { SkippedTime, ToldStation, type EdgeInTime } from './skippedTime.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const LONG = 120_000;
const BOOT = { chargePointVendor: 'Maker', chargePointModel: 'One' };

let time: SkippedTime;
/** Of the running test. */
let edges: EdgeInTime[] = [];
let actors = new Set<string>();

beforeAll(async () => {
  time = await SkippedTime.start();
}, LONG);

afterAll(() => time?.close(), LONG);

afterEach(async () => {
  for (const chargePointId of actors) await time.end(chargePointId);
  for (const edge of edges) await edge.close();
  [edges, actors] = [[], new Set()];
}, LONG);

describe('a transaction without StopTransaction whose connector is Available', () => {
  it('ends as estimated, at its last reading, after the grace; a real stop days later corrects it', async () => {
    const station = told('ESTIMATED');
    let reading = '';
    await time.tell(station, () => {
      station.connects('1-1').boots().starts(1, { meterStart: 100 }).wait(SECOND).meters(1, 4_100);
      reading = station.instant;
      station.wait(SECOND).status('Available');
    });
    await time.skip(14 * MINUTE);
    await time.state('ESTIMATED');
    expect(await transaction('ESTIMATED', 1)).toMatchObject({ end: null, grace: { remainingMs: 15 * MINUTE } });

    await time.skip(2 * MINUTE);
    const estimated = { end: 'estimated', stoppedAt: reading, meterStop: 4_100, energyWh: 4_000, grace: null };
    await eventually(async () => expect(await transaction('ESTIMATED', 1)).toMatchObject(estimated));
    await time.tell(station, () => station.disconnects());

    await time.skip(3 * DAY);
    let stop = '';
    await time.tell(station, () => {
      stop = new Date(Date.parse(reading) + MINUTE).toISOString();
      station.connects('1-2').stops(1, 5_000, { at: stop });
    });
    const real = { end: 'station', stoppedAt: stop, meterStop: 5_000, energyWh: 4_900 };
    await eventually(async () => expect(await transaction('ESTIMATED', 1)).toMatchObject(real));
  });

  it('does not end while the station is offline: the rest of the grace runs when it is back', async () => {
    const station = told('AWAY');
    await time.tell(station, () => station.connects('1-1').boots().starts(1).meters(1, 4_100).status('Available'));
    await time.skip(10 * MINUTE);
    await time.tell(station, () => station.disconnects());
    await time.skip(2 * DAY);
    await time.state('AWAY');
    const away = await transaction('AWAY', 1);
    expect(away.end).toBeNull();
    expect(away.grace?.remainingMs).toBeGreaterThan(4 * MINUTE);
    expect(away.grace?.remainingMs).toBeLessThanOrEqual(5 * MINUTE);

    await time.tell(station, () => station.connects('1-2'));
    await time.skip(4 * MINUTE);
    await time.state('AWAY');
    expect((await transaction('AWAY', 1)).end).toBeNull();
    await time.skip(MINUTE);
    await eventually(async () => expect(await transaction('AWAY', 1)).toMatchObject({ end: 'estimated' }));
  });

  it('goes on when meter values come', async () => {
    const station = told('RUNNING');
    await time.tell(station, () => station.connects('1-1').boots().starts(1).meters(1, 4_100).status('Available'));
    await time.skip(10 * MINUTE);
    await time.tell(station, () => station.meters(1, 4_200));
    await time.skip(16 * MINUTE);
    await time.state('RUNNING');
    expect(await transaction('RUNNING', 1)).toMatchObject({ end: null, grace: null, lastReadingWh: 4_200 });
  });
});

describe('a command for a charge point that is offline', () => {
  it('expires at its deadline: Reset after an hour, ChangeConfiguration after 7 days', async () => {
    actors.add('OFFLINE');
    const since = await time.now();
    await submit('OFFLINE', 'Reset', { type: 'Hard' });
    await submit('OFFLINE', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' });
    await time.skip(59 * MINUTE);
    await time.state('OFFLINE');
    expect(await states('OFFLINE')).toEqual({ Reset: 'queued', ChangeConfiguration: 'queued' });

    await time.skip(2 * MINUTE);
    await eventually(async () =>
      expect(await states('OFFLINE')).toEqual({ Reset: 'expired', ChangeConfiguration: 'queued' }),
    );
    await time.skip(7 * DAY - 2 * HOUR);
    await time.state('OFFLINE');
    expect(await states('OFFLINE')).toEqual({ Reset: 'expired', ChangeConfiguration: 'queued' });
    await time.skip(HOUR);
    await eventually(async () =>
      expect(await states('OFFLINE')).toEqual({ Reset: 'expired', ChangeConfiguration: 'expired' }),
    );
    expect((await command('OFFLINE', 'Reset')).endedAt - since).toBeCloseTo(HOUR, -4);
    expect((await command('OFFLINE', 'ChangeConfiguration')).endedAt - since).toBeCloseTo(7 * DAY, -4);
  });

  it('is sent when the charge point is back in time, and what is too late is not', async () => {
    actors.add('BACK');
    await submit('BACK', 'Reset', { type: 'Hard' });
    await submit('BACK', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' });
    await time.skip(6 * DAY);
    const { station } = await connect('BACK');
    const [, messageId, action, payload] = await station.nextCall();
    expect([action, payload]).toEqual(['ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }]);
    station.send([3, messageId, { status: 'Accepted' }]);
    await eventually(async () =>
      expect(await states('BACK')).toEqual({ Reset: 'expired', ChangeConfiguration: 'completed' }),
    );
    await time.skip(5 * MINUTE);
    await station.answersHeartbeatOnly();
  });
});

describe('a command that the charge point accepted', () => {
  it('is notObserved when its effect is not seen in time; what waited behind it gets its turn', async () => {
    const { station } = await connect('UNSEEN');
    await submit('UNSEEN', 'Reset', { type: 'Soft' });
    await submit('UNSEEN', 'GetConfiguration', {});
    await accept(station, 'Reset', { status: 'Accepted' });
    await eventually(async () => expect((await states('UNSEEN')).Reset).toBe('answered'));
    await time.skip(9 * MINUTE);
    await time.state('UNSEEN');
    expect(await states('UNSEEN')).toEqual({ Reset: 'answered', GetConfiguration: 'queued' });
    await station.answersHeartbeatOnly();

    await time.skip(MINUTE);
    await accept(station, 'GetConfiguration', { configurationKey: [] });
    await eventually(async () =>
      expect(await states('UNSEEN')).toEqual({ Reset: 'notObserved', GetConfiguration: 'completed' }),
    );
  });
});

describe('an edge', () => {
  it('is asked for the socket of a silent station: online for as long as it holds it', async () => {
    const { station, edge } = await connect('SILENT');
    const since = await time.now();
    await time.skip(3 * HOUR);
    await eventually(async () => {
      const { online, lastSeenAt } = await chargePoint('SILENT');
      expect(online).toBe(true);
      expect(lastSeenAt).toBeGreaterThan(since + 2 * HOUR);
    });
    // Nobody hears of the end but by asking.
    edge.outbox.stop();
    station.socket.terminate();
    await vi.waitFor(() => expect(edge.test.edge.connections()).toBe(0));
    await time.skip(21 * MINUTE);
    await eventually(async () => expect((await chargePoint('SILENT')).online).toBe(false));
  });

  it(
    'that no longer exists does not keep a silent station online, nor one that is sent a command',
    async () => {
      const [silent, called] = [told('DEAD'), told('CALLED')];
      await time.tell(silent, () => silent.connects('1-1').boots());
      await time.skip(19 * MINUTE);
      await time.state('DEAD');
      const { online, lastSeenAt } = await chargePoint('DEAD');
      expect(online).toBe(true);
      await time.skip(2 * MINUTE);
      await time.tell(called, () => called.connects('1-1').boots());
      await submit('CALLED', 'GetConfiguration', {});
      // The server does not skip the 5 and 30 s for which an activity waits that nobody takes.
      await eventually(async () => {
        expect((await chargePoint('DEAD')).online).toBe(false);
        expect((await chargePoint('CALLED')).online).toBe(false);
      }, LONG);
      expect((await chargePoint('DEAD')).lastSeenAt).toBe(lastSeenAt);
      expect(await states('CALLED')).toEqual({ GetConfiguration: 'queued' });
    },
    LONG,
  );

  it('that does not answer in 5 s keeps its station when it says so, and gets the command again', async () => {
    const { station, edge } = await connect('SLOW', { serve: false });
    await submit('SLOW', 'GetConfiguration', {});
    const reason = 'its edge does not answer';
    await eventually(async () => {
      const { commands } = await time.state('SLOW');
      expect(commands).toMatchObject([{ reason }]);
    });
    await edge.serve();
    await accept(station, 'GetConfiguration', { configurationKey: [] });
    await eventually(async () => expect(await states('SLOW')).toEqual({ GetConfiguration: 'completed' }));
    await time.skip(MINUTE);
    await time.state('SLOW');
    expect(await chargePoint('SLOW')).toMatchObject({ online: true });
    await station.answersHeartbeatOnly();
  });
});

describe('an actor that lives for weeks', () => {
  it(
    'hands all of this over from run to run',
    async () => {
      const began = await time.now();
      const first = await connect('WEEKS');
      const { station } = first;
      const timestamp = new Date().toISOString();
      const start = { connectorId: 1, idTag: 'TAG', meterStart: 100, timestamp };
      const [, , started] = await station.call('StartTransaction', start);
      const { transactionId } = started as { transactionId: number };
      const meterValue = [{ timestamp: new Date().toISOString(), sampledValue: [{ value: '4100' }] }];
      await station.call('MeterValues', { connectorId: 1, transactionId, meterValue });
      const available = { connectorId: 1, status: 'Available', errorCode: 'NoError' };
      await station.call('StatusNotification', available);
      await submit('WEEKS', 'UpdateFirmware', { location: 'https://example.com/1', retrieveDate: timestamp });
      await accept(station, 'UpdateFirmware', {});
      await eventually(async () => expect((await states('WEEKS')).UpdateFirmware).toBe('answered'));
      await time.skip(10 * MINUTE);
      station.socket.terminate();
      await eventually(async () => expect((await chargePoint('WEEKS')).online).toBe(false));
      await submit('WEEKS', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' });
      await submit('WEEKS', 'Reset', {});
      await time.handOver('WEEKS');

      await time.skip(23 * HOUR);
      await time.state('WEEKS');
      const day = { UpdateFirmware: 'answered', ChangeConfiguration: 'queued', Reset: 'expired' };
      expect(await states('WEEKS')).toEqual(day);
      await time.skip(HOUR);
      await eventually(async () => expect(await states('WEEKS')).toEqual({ ...day, UpdateFirmware: 'notObserved' }));
      await time.handOver('WEEKS');

      await time.skip(5 * DAY);
      await time.state('WEEKS');
      expect((await transaction('WEEKS', transactionId)).grace?.remainingMs).toBeGreaterThan(4 * MINUTE);
      const { station: back, edge } = await connect('WEEKS', { edge: first.edge });
      await accept(back, 'ChangeConfiguration', { status: 'Accepted' });
      await eventually(async () => expect((await states('WEEKS')).ChangeConfiguration).toBe('completed'));
      await time.skip(5 * MINUTE);
      const estimated = { end: 'estimated', meterStop: 4_100, energyWh: 4_000 };
      await eventually(async () => expect(await transaction('WEEKS', transactionId)).toMatchObject(estimated));

      const before = await time.run('WEEKS');
      console.time('two weeks');
      await time.skip(14 * DAY);
      console.timeEnd('two weeks');
      await time.state('WEEKS');
      expect(await time.run('WEEKS')).not.toBe(before);
      expect(await chargePoint('WEEKS')).toMatchObject({ online: true });
      expect((await time.now()) - began).toBeGreaterThan(20 * DAY);

      edge.outbox.stop();
      back.socket.terminate();
      await time.skip(21 * MINUTE);
      await eventually(async () => expect((await chargePoint('WEEKS')).online).toBe(false));
    },
    LONG,
  );
});

/** A station of an edge that is gone. */
function told(chargePointId: string): ToldStation {
  actors.add(chargePointId);
  return new ToldStation(chargePointId);
}

/** A station with a real socket to a real edge that has heard its boot. */
async function connect(
  chargePointId: string,
  options: { edge?: EdgeInTime; serve?: boolean } = {},
): Promise<{ station: Client; edge: EdgeInTime }> {
  actors.add(chargePointId);
  const edge = options.edge ?? (await time.startEdge());
  if (!options.edge) {
    edges.push(edge);
    if (options.serve ?? true) await edge.serve();
  }
  const station = await edge.test.connect(`/${chargePointId}`);
  await station.call('BootNotification', BOOT);
  await eventually(async () =>
    expect(await chargePoint(chargePointId)).toMatchObject({ online: true, vendor: 'Maker' }),
  );
  return { station, edge };
}

async function submit(chargePointId: string, action: string, payload: Record<string, unknown>): Promise<void> {
  await time.actors.submit(chargePointId, { action, payload });
}

/** Answers the next CALL, which is this one. */
async function accept(station: Client, expected: string, answer: Record<string, unknown>): Promise<void> {
  const [, messageId, action] = await station.nextCall();
  expect(action).toBe(expected);
  station.send([3, messageId, answer]);
}

async function eventually(holds: () => Promise<void>, timeout = 30_000): Promise<void> {
  await vi.waitFor(holds, { timeout, interval: 50 });
}

interface TransactionRow {
  end: string | null;
  stoppedAt: string | null;
  meterStop: number | null;
  energyWh: number | null;
  lastReadingWh: number | null;
  grace: { remainingMs: number } | null;
}

async function transaction(chargePointId: string, transactionId: number): Promise<TransactionRow> {
  const [row] = await time.sql`SELECT * FROM transaction
    WHERE charge_point_id = ${chargePointId} AND transaction_id = ${transactionId}`;
  return {
    end: row?.['end'],
    stoppedAt: row?.['stopped_at']?.toISOString() ?? null,
    meterStop: row?.['meter_stop'],
    energyWh: row?.['energy_wh'],
    lastReadingWh: row?.['last_reading_wh'],
    grace: row?.['grace'],
  };
}

/** State by action of the commands of a charge point. */
async function states(chargePointId: string): Promise<Record<string, string>> {
  const rows = await time.sql`SELECT action, state FROM command WHERE charge_point_id = ${chargePointId}`;
  return Object.fromEntries(rows.map(({ action, state }) => [action, state]));
}

/** Times in ms since 1970. */
async function command(chargePointId: string, action: string): Promise<{ endedAt: number }> {
  const [row] = await time.sql`SELECT ended_at FROM command
    WHERE charge_point_id = ${chargePointId} AND action = ${action}`;
  return { endedAt: row?.['ended_at'].getTime() };
}

async function chargePoint(
  chargePointId: string,
): Promise<{ online: boolean; vendor: string | null; lastSeenAt: number }> {
  const [row] = await time.sql`SELECT * FROM charge_point WHERE charge_point_id = ${chargePointId}`;
  return { online: row?.['online'], vendor: row?.['vendor'], lastSeenAt: row?.['last_seen_at']?.getTime() };
}
