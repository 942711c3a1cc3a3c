import { describe, expect, it } from 'vitest';
import { asked, isRetired, registered, type ActorState } from '../../workflows/state/actor.ts';
import { nextToSend, type CommandRequest } from '../../workflows/state/commands.ts';
import { Station } from './station.ts';

const triggerBoot = (station: Station): CommandRequest => ({
  commandId: 'trigger',
  action: 'TriggerMessage',
  payload: { requestedMessage: 'BootNotification' },
  via: 'signal',
  requestedBy: 'registration',
  requestedAt: station.instant,
});

/** A station that an edge took for `registration` when it connected. */
function admittedAs(registration: unknown): Station {
  const station = new Station();
  const event = station.event('connected', { taskQueue: 'edge-1', remoteAddress: '::1', protocol: 'ocpp1.6' });
  return station.say(Object.assign(event, { registration }));
}

function becomes(station: Station, registration: Parameters<typeof registered>[1]): ActorState {
  station.state = registered(station.state, registration, triggerBoot(station));
  return station.state;
}

describe('registration', () => {
  it('is what the edge took the charge point for, until an operator says otherwise', () => {
    const station = admittedAs('pending');
    expect(station.state.chargePoint.registration).toBe('pending');
    expect(becomes(station, 'rejected').chargePoint.registration).toBe('rejected');
    expect(admittedAs('nonsense').state.chargePoint.registration).toBeNull();
  });

  it('accepted after a wait asks the station to boot, and the boot completes that', () => {
    const station = admittedAs('pending');
    expect(becomes(station, 'accepted').commands).toMatchObject([{ action: 'TriggerMessage', state: 'queued' }]);
    station.say(
      station.event('callSent', { commandId: 'trigger', messageId: 'c1', action: 'TriggerMessage', payload: {} }),
    );
    station.say(
      station.event('callResult', {
        commandId: 'trigger',
        messageId: 'c1',
        action: 'TriggerMessage',
        outcome: { result: { status: 'Accepted' } },
      }),
    );
    station.status('Available');
    expect(station.state.commands).toMatchObject([{ state: 'answered' }]);
    expect(station.boots().state.commands).toMatchObject([{ state: 'completed' }]);
    expect(station.state.chargePoint.registration).toBe('accepted');
  });

  it.each(['accepted', 'offline'])('asks no boot of a station that is %s', (which) => {
    const station = admittedAs(which === 'offline' ? 'pending' : 'accepted');
    if (which === 'offline') station.disconnects();
    expect(becomes(station, 'accepted').commands).toEqual([]);
  });

  it('is not undone by a boot that was answered before the decision', () => {
    const station = admittedAs('pending');
    const boot = station.message(
      'BootNotification',
      { chargePointVendor: 'Maker', chargePointModel: 'One' },
      { answer: { result: { status: 'Pending' } } },
    );
    station.wait(1_000);
    becomes(station, 'accepted');
    expect(station.say(boot).state.chargePoint).toMatchObject({ registration: 'accepted', vendor: 'Maker' });
    becomes(station, 'retired');
    expect(station.boots().state.chargePoint.registration).toBe('retired');
  });

  it('pending lets configuration through, but starts and stops nothing; rejected lets nothing through', () => {
    const station = admittedAs('pending');
    const request = { ...triggerBoot(station), payload: { idTag: 'TAG' } };
    station.state = asked(station.state, { ...request, commandId: 'c1', action: 'RemoteStartTransaction' });
    expect(nextToSend(station.state.commands, 'pending')).toBeUndefined();
    station.state = asked(station.state, { ...request, commandId: 'c2', action: 'GetConfiguration', payload: {} });
    expect(nextToSend(station.state.commands, 'pending')).toMatchObject({ commandId: 'c2' });
    expect(nextToSend(station.state.commands, 'accepted')).toMatchObject({ commandId: 'c1' });
    expect(nextToSend(station.state.commands, 'rejected')).toBeUndefined();
  });

  it('retired refuses commands', () => {
    const station = admittedAs('accepted');
    becomes(station, 'retired');
    const request = { ...triggerBoot(station), commandId: 'c1', action: 'Reset', payload: { type: 'Soft' } };
    expect(asked(station.state, request).commands).toMatchObject([
      { state: 'refused', reason: 'the charge point is retired' },
    ]);
  });

  it('retired cancels what waits, and the actor may end when the last connection has ended', () => {
    const station = admittedAs('pending');
    becomes(station, 'accepted');
    expect(becomes(station, 'retired').commands).toMatchObject([
      { state: 'cancelled', reason: 'the charge point was retired' },
    ]);
    expect(isRetired(station.state)).toBe(false);
    expect(isRetired(station.disconnects().state)).toBe(true);
  });
});
