import { afterEach, describe, expect, it } from 'vitest';
import { misbehaviours } from '../../src/simulator/misbehaviours/table.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { CentralSystem, type Answer } from './centralSystem.ts';
import { simulate } from './simulate.ts';

let central: CentralSystem;
afterEach(() => central?.close());

const right = { status: 'Accepted' };

describe('a simulation against a central system that is wrong', () => {
  const faulty: [what: string, answers: Record<string, () => Answer>, found: RegExp][] = [
    ['refuses a StatusNotification', { StatusNotification: () => ({ callError: 'InternalError' }) }, /InternalError/],
    [
      'gives every start the same id',
      { StartTransaction: () => ({ transactionId: 7, idTagInfo: right }) },
      /another start/,
    ],
    ['gives 0 for an id', { StartTransaction: () => ({ transactionId: 0, idTagInfo: right }) }, /not positive/],
    ['answers with more than the schema has', { Heartbeat: () => ({ currentTime: now(), extra: 1 }) }, /extra/],
    ['lives in another year', { Heartbeat: () => ({ currentTime: '2001-01-01T00:00:00Z' }) }, /s off/],
    ['answers what was not asked', { Heartbeat: () => '[3,"nobody",{}]' }, /to no CALL/],
    ['sends no OCPP-J', { Heartbeat: () => '{"currentTime":' }, /no OCPP-J/],
    ['says nothing', { Heartbeat: () => undefined }, /no answer within/],
    ['names a tag that nobody asked about', { StopTransaction: () => ({ idTagInfo: right }) }, /without an idTag/],
  ];

  it.each(faulty)('tells when it %s', async (_what, answers, found) => {
    central = await CentralSystem.start(answers);
    const simulation = new Simulation({
      url: central.url,
      stations: 4,
      speed: 2_000,
      seconds: 30,
      answerTimeoutMs: 200,
      drainMs: 500,
    });
    const end = new AbortController();
    const running = simulation.run(end.signal);
    await expect
      .poll(() => simulation.wrong.map(({ what }) => what), { timeout: 40_000 })
      .toContainEqual(expect.stringMatching(found));
    end.abort();
    await running;
  });

  it('finds nothing wrong where nothing is', async () => {
    central = await CentralSystem.start();
    const simulation = new Simulation({ url: central.url, stations: 4, speed: 2_000, seconds: 3 });
    await simulation.run(new AbortController().signal);
    expect(simulation.wrong).toEqual([]);
    const { started, stopped, charging, undelivered } = simulation.standing;
    expect(started).toBeGreaterThan(0);
    expect({ stopped, charging, undelivered }).toEqual({ stopped: started, charging: 0, undelivered: 0 });
  });
});

describe('the command line', () => {
  it('exits with 1 when an answer was wrong, and shows it', async () => {
    central = await CentralSystem.start({ StatusNotification: () => ({ callError: 'InternalError' }) });
    const { code, stdout } = await simulate('--url', central.url, '--stations', '2', '--seconds', '3');
    expect(code).toBe(1);
    expect(stdout).toContain('StatusNotification: CALLERROR InternalError');
  });

  it('exits with 2 when nobody is there', async () => {
    const { code, stderr } = await simulate('--url', 'ws://127.0.0.1:9', '--stations', '1', '--seconds', '1');
    expect(code).toBe(2);
    expect(stderr).toContain('ECONNREFUSED');
  });

  it('shows every misbehaviour by name, and refuses others', async () => {
    const { stdout } = await simulate('--misbehave', 'list');
    for (const name of misbehaviours.keys()) expect(stdout).toContain(name);
    const { code, stderr } = await simulate('--misbehave', 'dance');
    expect([code, stderr]).toEqual([2, expect.stringContaining('no misbehaviour "dance"')]);
  });
});

function now(): string {
  return new Date().toISOString();
}
