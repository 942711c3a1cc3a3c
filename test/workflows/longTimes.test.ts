import type postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../edge/edge.ts';
import type { EdgeInParts } from './edgeInParts.ts';
import { SkippedTime, ToldStation } from './skippedTime.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const LONG = 180_000;
const BOOT = { chargePointVendor: 'Maker', chargePointModel: 'One' };

let time: SkippedTime;
/** Of the running test. */
let edges: EdgeInParts[] = [];
let actors = new Set<string>();

beforeAll(async () => {
  time = await SkippedTime.start();
  // The first time ever it downloads the server.
}, 5 * LONG);

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
      station.connects('1-1').boots().starts(1, { meterStart: 100 }).wait(SECOND);
      reading = station.instant;
      station.meters(1, 4_100).wait(SECOND).status('Available');
    });
    await time.skip(14 * MINUTE);
    await time.state('ESTIMATED');
    expect(await transaction('ESTIMATED', 1)).toMatchObject({ end: null, grace: 15 * MINUTE });

    await time.skip(2 * MINUTE);
    const estimated = {
      end: 'estimated',
      stoppedAt: new Date(reading),
      meterStop: 4_100,
      energyWh: 4_000,
      grace: null,
    };
    await eventually(async () => expect(await transaction('ESTIMATED', 1)).toMatchObject(estimated));
    await time.tell(station, () => station.disconnects());

    await time.skip(3 * DAY);
    let stop = '';
    await time.tell(station, () => {
      stop = new Date(Date.parse(reading) + MINUTE).toISOString();
      station.connects('1-2').stops(1, 5_000, { at: stop });
    });
    const real = { end: 'station', stoppedAt: new Date(stop), meterStop: 5_000, energyWh: 4_900 };
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
    expect(away['end']).toBeNull();
    expect(away['grace']).toBeGreaterThan(4 * MINUTE);
    expect(away['grace']).toBeLessThanOrEqual(5 * MINUTE);

    await time.tell(station, () => station.connects('1-2'));
    await time.skip(4 * MINUTE);
    await time.state('AWAY');
    expect(await transaction('AWAY', 1)).toMatchObject({ end: null });
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
    const { Reset, ChangeConfiguration } = await spans('OFFLINE');
    // Within 5 s: the worker may be busy.
    expect(Reset).toBeCloseTo(HOUR, -4);
    expect(ChangeConfiguration).toBeCloseTo(7 * DAY, -4);
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
      expect(lastSeenAt.getTime()).toBeGreaterThan(since + 2 * HOUR);
    });
    // Nobody hears of the end but by asking.
    await edge.outbox.stop();
    station.socket.terminate();
    await eventually(async () => expect(edge.test.edge.connections()).toBe(0));
    await time.skip(21 * MINUTE);
    await eventually(async () => expect(await chargePoint('SILENT')).toMatchObject({ online: false }));
  });

  it(
    'that no longer exists does not keep a silent station online, nor one that is sent a command',
    async () => {
      const [silent, called] = [told('DEAD'), told('CALLED')];
      await time.tell(silent, () => silent.connects('1-1').boots());
      await time.skip(19 * MINUTE);
      await time.state('DEAD');
      const { lastSeenAt } = await chargePoint('DEAD');
      expect(await chargePoint('DEAD')).toMatchObject({ online: true });
      await time.skip(MINUTE);
      await time.tell(called, () => called.connects('1-1').boots());
      await submit('CALLED', 'GetConfiguration', {});
      // The server does not skip the 5 and 30 s for which an activity waits that nobody takes.
      await eventually(async () => {
        expect(await chargePoint('DEAD')).toMatchObject({ online: false });
        expect(await chargePoint('CALLED')).toMatchObject({ online: false });
      }, LONG);
      expect(await chargePoint('DEAD')).toMatchObject({ lastSeenAt });
      expect(await states('CALLED')).toEqual({ GetConfiguration: 'queued' });
    },
    LONG,
  );

  it('that does not answer in 5 s keeps its station when it says so, and gets the command again', async () => {
    const { station, edge } = await connect('SLOW', { serve: false });
    await submit('SLOW', 'GetConfiguration', {});
    const reason = 'its edge does not answer';
    await eventually(async () => expect((await time.state('SLOW')).commands).toMatchObject([{ reason }]));
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
      await eventually(async () => expect(await chargePoint('WEEKS')).toMatchObject({ online: false }));
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
      expect((await transaction('WEEKS', transactionId))['grace']).toBeGreaterThan(4 * MINUTE);
      const { station: back, edge } = await connect('WEEKS', { edge: first.edge });
      await accept(back, 'ChangeConfiguration', { status: 'Accepted' });
      await eventually(async () => expect((await states('WEEKS')).ChangeConfiguration).toBe('completed'));
      await time.skip(5 * MINUTE);
      const estimated = { end: 'estimated', meterStop: 4_100, energyWh: 4_000 };
      await eventually(async () => expect(await transaction('WEEKS', transactionId)).toMatchObject(estimated));

      const before = await time.run('WEEKS');
      await time.skip(2 * DAY);
      await time.state('WEEKS');
      expect(await time.run('WEEKS')).not.toBe(before);
      expect(await chargePoint('WEEKS')).toMatchObject({ online: true });
      await edge.outbox.stop();
      back.socket.terminate();
      await eventually(async () => expect(edge.test.edge.connections()).toBe(0));
      await time.skip(21 * MINUTE);
      await eventually(async () => expect(await chargePoint('WEEKS')).toMatchObject({ online: false }));

      await time.skip(7 * DAY);
      await time.tell(told('WEEKS'), (late) => late.connects('1-1').stops(transactionId, 5_000));
      const real = { end: 'station', meterStop: 5_000, energyWh: 4_900 };
      await eventually(async () => expect(await transaction('WEEKS', transactionId)).toMatchObject(real));
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
  options: { edge?: EdgeInParts; serve?: boolean } = {},
): Promise<{ station: Client; edge: EdgeInParts }> {
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

async function eventually(holds: () => Promise<void>, timeout = 60_000): Promise<void> {
  await vi.waitFor(holds, { timeout, interval: 50 });
}

async function transaction(chargePointId: string, transactionId: number): Promise<postgres.Row> {
  const [row] = await time.sql`
    SELECT "end", stopped_at AS "stoppedAt", meter_stop AS "meterStop", energy_wh AS "energyWh",
      last_reading_wh AS "lastReadingWh", (grace->>'remainingMs')::int AS grace
    FROM transaction WHERE charge_point_id = ${chargePointId} AND transaction_id = ${transactionId}`;
  return row ?? {};
}

/** State by action of the commands of a charge point. */
async function states(chargePointId: string): Promise<Record<string, string>> {
  const rows = await time.sql`SELECT action, state FROM command WHERE charge_point_id = ${chargePointId}`;
  return Object.fromEntries(rows.map(({ action, state }) => [action, state]));
}

/** By action, for how long (ms) its command was open. */
async function spans(chargePointId: string): Promise<Record<string, number>> {
  const rows = await time.sql`
    SELECT action, extract(epoch FROM ended_at - requested_at) * 1000 AS span FROM command WHERE charge_point_id = ${chargePointId}`;
  return Object.fromEntries(rows.map(({ action, span }) => [action, Number(span)]));
}

async function chargePoint(chargePointId: string): Promise<postgres.Row> {
  const [row] = await time.sql`
    SELECT online, vendor, last_seen_at AS "lastSeenAt" FROM charge_point WHERE charge_point_id = ${chargePointId}`;
  return row ?? {};
}
