import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, ResetTest, type TestStation } from './support.ts';

let test: ResetTest;
/** Is given a reset first and looked at last: its time is up after 30 s. */
let silent: TestStation;
beforeAll(async () => {
  test = await ResetTest.start();
  silent = test.station(newId('silent'), { onCall: () => undefined });
  await silent.boot();
  await reset(silent);
}, 120_000);
afterAll(() => test.dispose());

async function reset(station: TestStation, ...args: string[]): Promise<void> {
  await test.isKnown(station);
  const { code, stderr } = await test.ocppActors('reset', station.chargePointId, '--type', 'Hard', ...args);
  // It looks once, and a station may have refused by then.
  expect(code).toBeOneOf([0, 1]);
  expect(stderr).toBe('');
}

const time = expect.any(Date);
const received = [{ action: 'Reset', payload: { type: 'Hard' } }];
const until = (condition: () => boolean) => expect.poll(condition, { timeout: 60_000, interval: 20 }).toBe(true);

describe('a station that is online', () => {
  it('accepts and boots: completed, with its answer and the boot, sent once', async () => {
    const station = test.station(newId('accepts'));
    await station.boot();
    await reset(station, '--requested-by', 'Ada');
    await test.becomes(station.chargePointId, [
      {
        state: 'answered',
        payload: { type: 'Hard' },
        via: 'cli',
        requested_by: expect.stringMatching(/^Ada \(.+@.+\)$/),
        sent_at: time,
        answer: { status: 'Accepted' },
        answered_at: time,
        ended_at: null,
      },
    ]);
    station.cut();
    await station.boot();
    const outcome = expect.stringMatching(/^BootNotification at \d{4}-/);
    await test.becomes(station.chargePointId, [{ state: 'completed', outcome, ended_at: time, reason: null }]);
    expect(station.received).toEqual(received);
  });

  it('rejects: rejected, with its word, and over', async () => {
    const station = test.station(newId('rejects'), { onCall: () => ({ status: 'Rejected' }) });
    await station.boot();
    await reset(station);
    await test.becomes(station.chargePointId, [
      { state: 'rejected', answer: { status: 'Rejected' }, answered_at: time, ended_at: time, outcome: null },
    ]);
    await station.boot();
    await test.becomes(station.chargePointId, [{ state: 'rejected', outcome: null }]);
    expect(station.received).toEqual(received);
  });

  it('answers a CALLERROR: failed, with its code and words', async () => {
    const station: TestStation = test.station(newId('error'), {
      onCall: (_action, _payload, messageId) => {
        station.send(JSON.stringify([4, messageId, 'InternalError', 'the relay is stuck', {}]));
        return undefined;
      },
    });
    await station.boot();
    await reset(station);
    await test.becomes(station.chargePointId, [
      { state: 'failed', reason: 'InternalError: the relay is stuck', answer: null, ended_at: time },
    ]);
    expect(station.received).toEqual(received);
  });

  it('drops the socket unanswered and boots again: completed', async () => {
    const station: TestStation = test.station(newId('drops'), {
      onCall: () => {
        station.cut();
        return undefined;
      },
    });
    await station.boot();
    await reset(station);
    await test.becomes(station.chargePointId, [
      { state: 'connectionLost', reason: 'the connection ended before the answer', answer: null, ended_at: null },
    ]);
    await station.boot();
    await test.becomes(station.chargePointId, [{ state: 'completed', answer: null, ended_at: time }]);
    expect(station.received).toEqual(received);
  });

  it('gets one CALL at a time: the second reset goes out after the outcome of the first', async () => {
    const answers: (() => void)[] = [];
    const station: TestStation = test.station(newId('two'), {
      onCall: (_action, _payload, messageId) => {
        answers.push(() => station.send(JSON.stringify([3, messageId, { status: 'Accepted' }])));
        return undefined;
      },
    });
    await station.boot();
    await reset(station);
    await reset(station);
    await test.becomes(station.chargePointId, [{ state: 'sent' }, { state: 'queued' }]);
    await until(() => answers.length === 1);
    answers[0]?.();
    await test.becomes(station.chargePointId, [{ state: 'answered' }, { state: 'queued' }]);
    expect(station.received).toHaveLength(1);
    await station.boot();
    await until(() => answers.length === 2);
    await test.becomes(station.chargePointId, [{ state: 'completed' }, { state: 'sent' }]);
    answers[1]?.();
    await station.boot();
    await test.becomes(station.chargePointId, [{ state: 'completed' }, { state: 'completed' }]);
    expect(station.received).toEqual([...received, ...received]);
  });
});

describe('a station that is offline', () => {
  it('gets it when it is back, after its boot', async () => {
    let boots: number | undefined;
    const station: TestStation = test.station(newId('offline'), {
      onCall: () => {
        // The answer to its boot may have come with this CALL, and be taken in after it.
        setImmediate(() => (boots = station.boots));
        return { status: 'Accepted' };
      },
    });
    await station.boot();
    station.cut();
    await expect
      .poll(() => test.sql`SELECT online FROM charge_point WHERE charge_point_id = ${station.chargePointId}`)
      .toEqual([{ online: false }]);
    await reset(station);
    await test.becomes(station.chargePointId, [{ state: 'queued', sent_at: null }]);
    await station.connect();
    await station.boot();
    await until(() => boots !== undefined);
    expect(boots).toBe(2);
    await station.boot();
    await test.becomes(station.chargePointId, [{ state: 'completed' }]);
    expect(station.received).toEqual(received);
  });

  it('does not get it after its deadline', async () => {
    const station = test.station(await test.registered(newId('deadline')));
    // Not over before the command line has ended, on a busy machine either.
    await reset(station, '--deadline', '60');
    await test.becomes(station.chargePointId, [{ state: 'queued' }]);
    const expired = { state: 'expired', reason: 'not sent before its deadline', sent_at: null, ended_at: time };
    await test.becomes(station.chargePointId, [expired], 120_000);
    await station.boot();
    await reset(station);
    await until(() => station.received.length > 0);
    await test.becomes(station.chargePointId, [{ state: 'expired' }, { state: 'answered' }]);
    expect(station.received).toEqual(received);
  }, 300_000);

  it('that never was here gets it at its first boot', async () => {
    const station = test.station(await test.registered(newId('new')));
    await reset(station);
    await test.becomes(station.chargePointId, [{ state: 'queued' }]);
    await station.boot();
    await until(() => station.received.length > 0);
    await station.boot();
    await test.becomes(station.chargePointId, [{ state: 'completed' }]);
    expect(station.received).toEqual(received);
  });
});

it('a station that never answers, and boots after all: timed out until the boot completes it', async () => {
  await expect
    .poll(() => test.commands(silent.chargePointId), { timeout: 90_000, interval: 500 })
    .toMatchObject([{ state: 'timedOut', reason: 'the station did not answer in time', ended_at: null }]);
  await silent.boot();
  await test.becomes(silent.chargePointId, [{ state: 'completed', ended_at: time }]);
  expect(silent.received).toEqual(received);
});

it('a server killed before the answer: the next one says so, does not send it again, and sees the boot', async () => {
  const station = test.station(newId('killed'), { onCall: () => undefined });
  await station.boot();
  await reset(station);
  await test.becomes(station.chargePointId, [{ state: 'sent' }]);
  await until(() => station.received.length === 1);
  await test.program.end('SIGKILL');
  await test.program.start();
  await test.becomes(station.chargePointId, [{ state: 'connectionLost', answer: null, ended_at: null }]);
  await station.boot();
  await test.becomes(station.chargePointId, [{ state: 'completed', ended_at: time }]);
  expect(station.received).toEqual(received);
});
