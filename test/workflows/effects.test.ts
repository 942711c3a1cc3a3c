/** Which of a station's messages is the effect of which command. */
import { describe, expect, it } from 'vitest';
import { commandRules } from '../../workflows/commands/table.ts';
import { registered, tick } from '../../workflows/state/actor.ts';
import * as commands from '../../workflows/state/commands.ts';
import { registrationOn } from '../../workflows/state/connections.ts';
import type { Command } from '../../workflows/state/model.ts';
import { Station } from './station.ts';

const online = () => new Station().connects('1-1').boots();

/** The station has accepted it, or has said nothing yet. */
function sent(station: Station, action: string, payload: Record<string, unknown>, answer?: object): string {
  const commandId = `c${station.state.commands.length + 1}`;
  const request = {
    commandId,
    action,
    payload,
    via: 'update',
    requestedBy: null,
    requestedAt: station.instant,
  } as const;
  const queue = commands.dispatched(commands.requested(station.state.commands, request), commandId, '1-1');
  station.state = { ...station.state, commands: queue };
  station.say(station.event('callSent', { commandId, messageId: 'm', action, payload }));
  if (answer) answered(station, commandId, answer);
  return commandId;
}

function answered(station: Station, commandId: string, result: object): void {
  const { action } = of(station, commandId);
  station.say(station.event('callResult', { commandId, messageId: 'm', action, outcome: { result } }));
}

function of(station: Station, commandId: string): Command {
  return station.state.commands.find((c) => c.commandId === commandId) as Command;
}

const ACCEPTED = { status: 'Accepted' };
const states = (station: Station) => station.state.commands.map(({ state }) => state);

describe('RemoteStartTransaction', () => {
  const REMOTE = { idTag: 'TAG', connectorId: 1 };
  const start = (station: Station, more: { at?: string; status?: string; notes?: string[] } = {}) => {
    const { at = station.instant, status = 'Accepted', notes } = more;
    const payload = { connectorId: 1, idTag: 'tag', meterStart: 0, timestamp: at };
    const answer = { result: { transactionId: 1, idTagInfo: { status } } };
    station.say(station.message('StartTransaction', payload, { at, answer, ...(notes ? { notes } : {}) }));
  };

  it('is done when its transaction starts', () => {
    const station = online();
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station);
    expect(states(station)).toEqual(['completed']);
  });

  it('has failed when its transaction may not charge', () => {
    const station = online();
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station, { status: 'ConcurrentTx' });
    expect(of(station, 'c1')).toMatchObject({
      state: 'failed',
      outcome: expect.stringContaining('answered ConcurrentTx'),
    });
  });

  it('is not done by one that began offline long before, nor by one that is said again', () => {
    const station = online();
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station, { at: '2026-03-01T09:00:00.000Z' });
    start(station, { notes: ['repeatedStart: again'] });
    expect(states(station)).toEqual(['answered']);
  });

  it('is done by one of a station whose clock is slow', () => {
    const station = online().wait(7_200_000);
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station, { at: new Date(station.now - 3_600_000).toISOString() });
    expect(states(station)).toEqual(['completed']);
  });

  it('is done by one of a station that is hours behind, also on a young connection, once it has said what it has kept', () => {
    const station = online().wait(30 * 60_000);
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station, { at: new Date(station.now - 5 * 3_600_000).toISOString() });
    expect(states(station)).toEqual(['completed']);
  });

  it('that failed before its answer has failed, whatever the answer', () => {
    const station = online();
    sent(station, 'RemoteStartTransaction', REMOTE);
    start(station, { status: 'Blocked' });
    const failed = of(station, 'c1');
    answered(station, 'c1', ACCEPTED);
    expect(of(station, 'c1')).toMatchObject({ state: 'failed', endedAt: failed.endedAt, answer: ACCEPTED });
  });

  it('is done one at a time, what the station has taken on first', () => {
    const station = online();
    sent(station, 'RemoteStartTransaction', REMOTE);
    station.say(
      station.event('callResult', {
        commandId: 'c1',
        messageId: 'm',
        action: 'RemoteStartTransaction',
        outcome: { timeout: true },
      }),
    );
    sent(station, 'RemoteStartTransaction', REMOTE, ACCEPTED);
    start(station);
    expect(states(station)).toEqual(['timedOut', 'completed']);
    expect(of(station, 'c1').endedAt).toBeNull();
    start(station);
    expect(states(station)).toEqual(['completed', 'completed']);
  });
});

describe('ChangeAvailability of connector 0', () => {
  const change = (station: Station, type: string, status = 'Accepted') =>
    sent(station, 'ChangeAvailability', { connectorId: 0, type }, { status });

  it('is done when all connectors are so', () => {
    const station = online().status('Charging', 2).status('Available', 1);
    change(station, 'Inoperative', 'Scheduled');
    station.status('Unavailable', 1);
    expect(states(station)).toEqual(['answered']);
    station.status('Unavailable', 0);
    expect(states(station)).toEqual(['answered']);
    station.status('Unavailable', 2);
    expect(states(station)).toEqual(['completed']);
  });

  it('is not done while one is still Unavailable', () => {
    const station = online().status('Unavailable', 1).status('Unavailable', 2);
    change(station, 'Operative');
    station.status('Preparing', 2);
    expect(states(station)).toEqual(['answered']);
    station.status('Available', 1);
    expect(states(station)).toEqual(['completed']);
  });

  it('is done when the charge point says so for all of them', () => {
    const station = online().status('Available', 1).status('Available', 2);
    change(station, 'Inoperative');
    station.status('Unavailable', 0);
    expect(states(station)).toEqual(['completed']);
    change(station, 'Operative');
    station.status('Available', 0);
    expect(states(station)).toEqual(['completed', 'completed']);
  });
});

describe('logs, diagnostics and firmware', () => {
  it('are told by the request that they belong to', () => {
    const station = online();
    sent(station, 'GetLog', { requestId: 5 }, ACCEPTED);
    sent(station, 'GetLog', { requestId: 6 }, ACCEPTED);
    station.say(station.message('LogStatusNotification', { status: 'Uploading', requestId: 6 }));
    expect(of(station, 'c2')).toMatchObject({ state: 'answered', outcome: expect.stringContaining('Uploading') });
    station.say(station.message('LogStatusNotification', { status: 'Uploaded', requestId: 6 }));
    expect(states(station)).toEqual(['answered', 'completed']);
  });

  it('are given up for a later one where the station says so', () => {
    const station = online();
    sent(station, 'GetLog', { requestId: 5 }, ACCEPTED);
    sent(station, 'GetLog', { requestId: 6 }, { status: 'AcceptedCanceled' });
    expect(of(station, 'c1')).toMatchObject({
      state: 'notObserved',
      reason: 'the station has given it up for command c2',
    });
    expect(of(station, 'c2').state).toBe('answered');
  });

  it('are told of one at a time where nothing names them', () => {
    const station = online();
    sent(station, 'GetDiagnostics', { location: 'ftp://h/' }, { fileName: 'a' });
    sent(station, 'GetDiagnostics', { location: 'ftp://h/' }, { fileName: 'b' });
    station.say(station.message('DiagnosticsStatusNotification', { status: 'Uploaded' }));
    expect(states(station)).toEqual(['completed', 'answered']);
    sent(station, 'UpdateFirmware', { location: 'ftp://h/' }, {});
    station.say(station.message('FirmwareStatusNotification', { status: 'Downloading' }));
    expect(of(station, 'c3')).toMatchObject({ state: 'answered', outcome: expect.stringContaining('Downloading') });
    station.say(station.message('FirmwareStatusNotification', { status: 'DownloadFailed' }));
    expect(of(station, 'c3').state).toBe('failed');
  });
});

describe('ExtendedTriggerMessage', () => {
  it('is done by the message of the connector that was asked', () => {
    const station = online();
    sent(station, 'ExtendedTriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 2 }, ACCEPTED);
    station.status('Available', 1);
    expect(states(station)).toEqual(['answered']);
    station.status('Available', 2);
    expect(states(station)).toEqual(['completed']);
  });
});

describe('GetInstalledCertificateIds', () => {
  it('is answered by a station that has none', () => {
    expect(commandRules.get('GetInstalledCertificateIds')?.accepted({ status: 'NotFound' })).toBe(true);
  });
});

describe('a CALL that its edge does not speak of any more', () => {
  it('ends, and holds up nothing', () => {
    const station = online();
    sent(station, 'ClearCache', {});
    const request = {
      commandId: 'later',
      action: 'ClearCache',
      payload: {},
      via: 'update',
      requestedBy: null,
    } as const;
    const queue = commands.requested(station.state.commands, { ...request, requestedAt: station.instant });
    station.state = tick({ ...station.state, commands: queue }, station.now + 121_000);
    expect(of(station, 'c1')).toMatchObject({
      state: 'connectionLost',
      reason: 'its edge does not say what came of it',
    });
    expect(commands.nextToSend(station.state.commands, 'accepted')?.commandId).toBe('later');
  });

  it('is answered all the same, however late that is told', () => {
    const station = online();
    sent(station, 'Reset', { type: 'Soft' });
    station.state = tick(station.state, station.now + 601_000);
    expect(of(station, 'c1').endedAt).not.toBeNull();
    answered(station, 'c1', ACCEPTED);
    expect(of(station, 'c1')).toMatchObject({ state: 'answered', endedAt: null });
  });

  it('holds up nothing where an actor before has ended it as sent', () => {
    const station = online();
    sent(station, 'ClearCache', {});
    const ended = { ...of(station, 'c1'), endedAt: station.instant };
    expect(commands.nextToSend([ended, { ...ended, state: 'queued', endedAt: null }], 'accepted')).toBeDefined();
  });
});

describe('a station that is accepted while it waits', () => {
  const boot = (station: Station, status: string) => {
    const payload = { chargePointVendor: 'V', chargePointModel: 'M' };
    station.say(station.message('BootNotification', payload, { answer: { result: { status } } }));
  };
  const trigger = {
    commandId: 'boot',
    action: 'TriggerMessage',
    payload: { requestedMessage: 'BootNotification' },
    via: 'update',
    requestedBy: null,
  } as const;

  it('gets nothing that it would refuse until it has heard of it, which holds up nothing else', () => {
    const station = new Station().connects('1-1');
    boot(station, 'Pending');
    const stop = { ...trigger, commandId: 'stop', action: 'RemoteStopTransaction', payload: { transactionId: 1 } };
    const queue = commands.requested(station.state.commands, { ...stop, requestedAt: station.instant });
    station.state = registered({ ...station.state, commands: queue }, 'accepted', {
      ...trigger,
      requestedAt: station.instant,
    });
    const next = () => commands.nextToSend(station.state.commands, registrationOn(station.state))?.commandId;
    expect(station.state.chargePoint.registration).toBe('accepted');
    expect(next()).toBe('boot');
    station.wait(60_000);
    boot(station, 'Pending');
    expect(
      registrationOn({ ...station.state, chargePoint: { ...station.state.chargePoint, registration: 'accepted' } }),
    ).toBe('pending');
    boot(station, 'Accepted');
    expect(next()).toBe('stop');
  });

  it('has heard of it on a new connection', () => {
    const station = new Station().connects('1-1');
    boot(station, 'Pending');
    station.state = registered(station.state, 'accepted', { ...trigger, requestedAt: station.instant });
    expect(registrationOn(station.state)).toBe('pending');
    station.disconnects().connects('1-2');
    expect(registrationOn(station.state)).toBe('accepted');
  });
});

describe('ended commands', () => {
  it('are kept at hand as far as there is room: the newest of them', () => {
    const station = online();
    const ended = Array.from({ length: 4 }, (_, i) => ({
      commandId: `e${i}`,
      endedAt: station.instant,
      payload: { long: 'x'.repeat(1_000) },
    }));
    const all = [...ended, { commandId: 'open', endedAt: null }] as unknown as Command[];
    expect(commands.forgetEndedCommands(all).map(({ commandId }) => commandId)).toHaveLength(5);
    expect(commands.forgetEndedCommands(all, 2_500).map(({ commandId }) => commandId)).toEqual(['e2', 'e3', 'open']);
    const long = {
      commandId: 'long',
      endedAt: station.instant,
      payload: { long: 'x'.repeat(3_000) },
    } as unknown as Command;
    expect(commands.forgetEndedCommands([...all, long], 2_500).map(({ commandId }) => commandId)).toEqual([
      'e2',
      'e3',
      'open',
    ]);
  });
});

describe('a Reset that was sent', () => {
  it('says that the station had rebooted by itself before', () => {
    const station = new Station().connects('1-1');
    const request = { commandId: 'r', action: 'Reset', payload: {}, via: 'update', requestedBy: null } as const;
    const queue = commands.requested([], { ...request, requestedAt: station.instant });
    station.state = { ...station.state, commands: queue };
    station.wait(1_000).boots();
    station.state = { ...station.state, commands: commands.dispatched(station.state.commands, 'r', '1-1') };
    station.say(station.event('callSent', { commandId: 'r', messageId: 'm', action: 'Reset', payload: {} }));
    expect(of(station, 'r').reason).toMatch(/^the station has rebooted by itself at /);
  });
});
