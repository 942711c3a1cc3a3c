import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../workflows/state/model.ts';
import { ocppActors } from '../support/cli.ts';
import { newId, ResetTest, type TestStation } from './support.ts';

let test: ResetTest;
beforeAll(async () => {
  test = await ResetTest.start();
}, 120_000);
afterAll(() => test.dispose());

/** A station with an actor, by default one that accepts and boots at once. */
async function booted(name: string): Promise<TestStation> {
  const station: TestStation = test.station(newId(name), {
    onCall: () => {
      setImmediate(() => void station.boot());
      return { status: 'Accepted' };
    },
  });
  await station.boot();
  await expect
    .poll(() => test.sql`SELECT online FROM charge_point WHERE charge_point_id = ${station.chargePointId}`)
    .toEqual([{ online: true }]);
  return station;
}

describe('temporal workflow signal', () => {
  it('--name reset resets with the type that is given, without input with Soft', async () => {
    const { chargePointId, received } = await booted('signal');
    expect(await test.signal(chargePointId, 'reset', '--input', '{"type":"Hard"}')).toMatchObject({ code: 0 });
    await test.becomes(chargePointId, [{ state: 'completed', payload: { type: 'Hard' }, via: 'signal' }]);
    expect(await test.signal(chargePointId, 'reset')).toMatchObject({ code: 0 });
    await test.becomes(chargePointId, [
      { state: 'completed' },
      { state: 'completed', payload: { type: 'Soft' }, via: 'signal', requested_by: null },
    ]);
    expect(received.map(({ payload }) => payload)).toEqual([{ type: 'Hard' }, { type: 'Soft' }]);
  });

  it('with garbage is a refused command that says what a reset looks like, and the actor goes on', async () => {
    const { chargePointId, received } = await booted('garbage');
    await test.signal(chargePointId, 'reset', '--input', '"x"');
    await test.signal(chargePointId, 'reset', '--input', '{"type":"hard"}');
    // The CLI itself refuses what is no JSON; a program may send it all the same.
    await test.client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: `charge-point/${chargePointId}` },
      signalName: 'reset',
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{{{') }] },
    });
    await test.signal(chargePointId, 'rest', '--input', '{"type":"Hard"}');
    await test.signal(chargePointId, 'reset', '--input', '{"type":"Soft"}');
    const refused = (action: string, ...words: string[]) => ({
      action,
      state: 'refused',
      reason: expect.stringMatching(words.join('.*')),
      ended_at: expect.any(Date),
      sent_at: null,
    });
    await test.becomes(chargePointId, [
      refused('Reset', 'Reset takes {"type":"Soft"} or {"type":"Hard"}', 'not "x"'),
      refused('Reset', 'Reset takes', 'not {"type":"hard"}'),
      refused('Reset', 'Reset takes', 'undecodable', '{{{'),
      refused('rest', 'there is no signal "rest": reset and command are for people'),
      { action: 'Reset', state: 'completed' },
    ]);
    expect(received).toEqual([{ action: 'Reset', payload: { type: 'Soft' } }]);
  });

  it('--name command takes any command, with a name', async () => {
    const { chargePointId } = await booted('command');
    const input = '{"action":"Reset","payload":{"type":"Hard"},"requestedBy":"Grace"}';
    await test.signal(chargePointId, 'command', '--input', input);
    await test.becomes(chargePointId, [{ state: 'completed', payload: { type: 'Hard' }, requested_by: 'Grace' }]);
  });
});

describe('ocpp-actors reset', () => {
  it('queues a Soft reset and says so', async () => {
    const id = await test.registered(newId('cli'));
    const { code, stdout, stderr } = await test.ocppActors('reset', id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^${id}: Reset Soft queued at position 1, waits for the station, which is offline \\(command [-0-9a-f]{36}\\)\n$`,
      ),
    );
  });

  it('--type Hard --wait tells each state and ends with the outcome', async () => {
    const { chargePointId, received } = await booted('wait');
    const { code, stdout, stderr } = await test.ocppActors('reset', chargePointId, '--type', 'Hard', '--wait');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`${chargePointId}: Reset Hard completed: BootNotification at .* \\(command .*\n$`),
    );
    expect(received).toEqual([{ action: 'Reset', payload: { type: 'Hard' } }]);
  });

  it('--wait for a station that does not come ends with code 3, the command stays queued', async () => {
    const id = await test.registered(newId('absent'));
    const { code, stdout } = await test.ocppActors('reset', id, '--wait', '1');
    expect(code).toBe(3);
    const queued = 'queued at position 1, waits for the station, which is offline';
    expect(stdout).toMatch(new RegExp(`^\\S+Z ${queued}\n${id}: Reset Soft ${queued} \\(command .*\n$`));
    await test.becomes(id, [{ state: 'queued' }]);
  });

  it('--wait for one that rejects ends with code 1', async () => {
    const station = test.station(newId('rejects'), { onCall: () => ({ status: 'Rejected' }) });
    await station.boot();
    await test.isKnown(station);
    const { code, stdout } = await test.ocppActors('reset', station.chargePointId, '--wait', '20');
    expect(code).toBe(1);
    expect(stdout).toContain(`${station.chargePointId}: Reset Soft rejected`);
  });

  it('--json prints the command, and nothing else', async () => {
    const { chargePointId } = await booted('json');
    const { code, stdout } = await test.ocppActors('reset', chargePointId, '--wait', '--json', '--requested-by', 'Ada');
    expect(code).toBe(0);
    const command = JSON.parse(stdout) as Command;
    expect(command).toMatchObject({
      action: 'Reset',
      payload: { type: 'Soft' },
      state: 'completed',
      via: 'cli',
      requestedBy: expect.stringMatching(/^Ada \(.+@.+\)$/),
      answer: { status: 'Accepted' },
    });
  });

  it('refuses what it does not understand, and an id no station can have, with its usage', async () => {
    const refused = [['reset'], ['reset', 'CP1', '--type', 'hard'], ['reset', 'x'.repeat(49)], ['rest', 'CP1']];
    for (const args of refused) {
      const { code, stdout, stderr } = await test.ocppActors(...args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^error: [^]*\n\nUsage: ocpp-actors/);
    }
  });

  it('says what is missing where there is no Temporal', async () => {
    const environment = { ...test.program.environment, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const { code, stderr } = await ocppActors(environment, 'reset', 'CP1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ocpp-actors: no Temporal server answers at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\).*\n$/);
  });

  it('--help tells the commands, exit codes and examples', async () => {
    const { code, stdout } = await test.ocppActors('--help');
    expect(code).toBe(0);
    for (const text of ['reset', 'show', 'migrate', 'Exit codes', 'ocpp-actors reset CP1 --type Hard --wait']) {
      expect(stdout).toContain(text);
    }
  });
});

describe('ocpp-actors show', () => {
  it('tells what the actor knows, in words and as JSON', async () => {
    const { chargePointId } = await booted('show');
    await test.ocppActors('reset', chargePointId, '--wait');
    const { stdout } = await test.ocppActors('show', chargePointId);
    expect(stdout).toMatch(
      new RegExp(
        `^${chargePointId}: online since .*, Simulated One firmware 1.0\n  .* Reset Soft completed: BootNotification`,
      ),
    );
    const json = JSON.parse((await test.ocppActors('show', chargePointId, '--json')).stdout) as object;
    expect(json).toMatchObject({ chargePoint: { chargePointId, online: true }, commands: [{ state: 'completed' }] });
  });

  it('says that it does not know a charge point', async () => {
    const { code, stderr } = await test.ocppActors('show', 'nobody');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'ocpp-actors: no charge point "nobody" is known\n' });
  });
});
