import { describe, expect, it } from 'vitest';
import { details } from '../../workflows/details.ts';
import { left, tick } from '../../workflows/state/actor.ts';
import * as commands from '../../workflows/state/commands.ts';
import { asCancellation, asSubmission } from '../../workflows/state/inbound.ts';
import { commandsOverdue } from '../../workflows/state/outcomes.ts';
import type { Command, CommandOptions } from '../../workflows/state/model.ts';
import { Station } from './station.ts';

const PAYLOADS: Record<string, object> = {
  UnlockConnector: { connectorId: 1 },
  RemoteStopTransaction: { transactionId: 1 },
};

function asked(station: Station, ...actions: string[]): Station {
  for (const action of actions) {
    const commandId = `c${station.state.commands.length + 1}`;
    const payload = PAYLOADS[action] ?? {};
    const request = {
      commandId,
      action,
      payload,
      via: 'update',
      requestedBy: null,
      requestedAt: station.instant,
    } as const;
    station.state = { ...station.state, commands: commands.requested(station.state.commands, request) };
  }
  return station;
}

function online(): Station {
  return new Station().connects('1-1').boots();
}

describe('the command whose turn it is', () => {
  const next = (station: Station, options?: { inOrder: boolean }) =>
    commands.nextToSend(station.state.commands, 'accepted', options)?.action;

  it('is the first of the most urgent', () => {
    const station = asked(
      online(),
      'UpdateFirmware',
      'RemoteStartTransaction',
      'RemoteStopTransaction',
      'UnlockConnector',
    );
    const order: (string | undefined)[] = [];
    for (;;) {
      const command = commands.nextToSend(station.state.commands, 'accepted');
      if (!command) break;
      order.push(command.action);
      const queue = station.state.commands;
      station.state = {
        ...station.state,
        commands: commands.cancelled(queue, command.commandId, station.instant, null),
      };
    }
    expect(order).toEqual(['RemoteStopTransaction', 'UnlockConnector', 'RemoteStartTransaction', 'UpdateFirmware']);
  });

  it('is the first where no urgency counts', () => {
    expect(next(asked(online(), 'UpdateFirmware', 'UnlockConnector'), { inOrder: true })).toBe('UpdateFirmware');
  });

  it('lets an approved station be asked to boot before what it is not given before its boot', () => {
    expect(next(asked(online(), 'RemoteStartTransaction', 'TriggerMessage', 'ClearCache'))).toBe(
      'RemoteStartTransaction',
    );
    PAYLOADS.TriggerMessage = { requestedMessage: 'BootNotification' };
    expect(next(asked(online(), 'RemoteStartTransaction', 'TriggerMessage'))).toBe('TriggerMessage');
  });
});

describe('a queued command', () => {
  const why = (station: Station, index: number) => {
    const { chargePoint, commands: queue } = station.state;
    return commands.whyQueued(queue, queue[index] as Command, chargePoint);
  };

  it('says where it stands and what it waits for', () => {
    const station = asked(online(), 'ClearCache', 'UpdateFirmware', 'UnlockConnector');
    expect(why(station, 2)).toEqual({ position: 1, waitsFor: 'its turn, which is now' });
    expect(why(station, 1)).toEqual({ position: 3, waitsFor: '2 before it' });
    station.state = { ...station.state, commands: commands.dispatched(station.state.commands, 'c3', '1-1') };
    expect(why(station, 0)).toEqual({ position: 1, waitsFor: 'UnlockConnector, which is under way' });
    station.disconnects();
    expect(why(station, 1)).toEqual({ position: 3, waitsFor: 'the station, which is offline' });
  });

  it('says so while the station may not get it, and in the UI', () => {
    const station = asked(online(), 'RemoteStartTransaction');
    station.state = { ...station.state, chargePoint: { ...station.state.chargePoint, registration: 'pending' } };
    expect(why(station, 0)).toEqual({ position: 1, waitsFor: 'its station to be accepted (OCPP 1.6 §4.2)' });
    station.state = { ...station.state, chargePoint: { ...station.state.chargePoint, registration: 'rejected' } };
    expect(why(station, 0).waitsFor).toBe('its station to be accepted');
    expect(details(station.state)).toContain('no. 1, waits for its station to be accepted, until');
  });

  it('that resets says when the station has rebooted by itself since', () => {
    const station = asked(online().disconnects(), 'Reset').wait(60_000).connects('1-2');
    expect(why(station, 0).waitsFor).toBe('its turn, which is now');
    station.boots();
    const { lastBootAt } = station.state.chargePoint;
    expect(why(station, 0).waitsFor).toBe(
      `its turn, which is now; the station has rebooted by itself at ${lastBootAt}`,
    );
  });

  it('is dropped at a boot by the station itself only where it was asked for so, and has not been sent', () => {
    const reset = (options: CommandOptions | undefined, commandId: string) =>
      ({
        commandId,
        action: 'Reset',
        payload: {},
        via: 'update',
        requestedBy: null,
        requestedAt: '2026-03-01T12:00:01.000Z',
        options,
      }) as commands.CommandRequest;
    let queue = commands.requested([], reset({ unlessRebooted: true }, 'dropped'));
    queue = commands.requested(queue, reset(undefined, 'kept'));
    queue = commands.requested(queue, reset({ unlessRebooted: true }, 'offered'));
    queue = commands.dispatched(queue, 'offered', '1-1');
    const station = new Station();
    station.state = { ...station.state, commands: queue };
    station.wait(60_000).connects('1-1').boots();
    const states = () => station.state.commands.map(({ state }) => state);
    station.state = tick(station.state, station.now);
    expect(states()).toEqual(['cancelled', 'queued', 'dispatching']);
    // Its edge was gone: it waits again, though the station has booted meanwhile.
    station.state = { ...station.state, commands: commands.notSent(station.state.commands, 'offered', 'gone') };
    station.state = tick(station.state, station.now);
    expect(states()).toEqual(['cancelled', 'queued', 'cancelled']);
  });

  it('is not behind what the station may not get yet', () => {
    const station = asked(online(), 'RemoteStopTransaction', 'ClearCache');
    station.state = { ...station.state, chargePoint: { ...station.state.chargePoint, registration: 'pending' } };
    expect(why(station, 1)).toEqual({ position: 1, waitsFor: 'its turn, which is now' });
    expect(why(station, 0)).toEqual({ position: 1, waitsFor: 'its station to be accepted (OCPP 1.6 §4.2)' });
  });

  it('can be cancelled, but not what was handed to an edge', () => {
    const { state } = asked(online(), 'ClearCache');
    const at = '2026-03-01T13:00:00.000Z';
    expect(commands.cancelled(state.commands, 'c1', at, 'Ada')).toMatchObject([
      { state: 'cancelled', reason: 'cancelled by Ada', endedAt: at },
    ]);
    const handed = commands.dispatched(state.commands, 'c1', '1-1');
    expect(commands.cancelled(handed, 'c1', at, 'Ada')).toBe(handed);
    // As runs that began before did, whose histories say nothing of it.
    const followed = [{ ...handed[0]!, options: { otherwise: [{ action: 'ClearCache', payload: {} }] } }];
    expect(commands.cancelled(followed, 'c1', at, 'Ada', 4)).toBe(followed);
    expect(commands.cancelled(followed, 'c1', at, 'Ada', 5)[0]?.options).toEqual({});
    expect(commands.cancelled(state.commands, 'c2', at, 'Ada')).toBe(state.commands);
  });
});

describe('an actor that is born again of older rows', () => {
  const ROWS = asked(online(), 'ClearCache', 'GetConfiguration').state.commands;
  const offered = commands.dispatched(ROWS, 'c1', '1-1');

  it('asks the edge about what it had offered, and does not send what it knows to be sent', () => {
    expect(commands.offeredBefore(ROWS, offered)).toEqual([offered[0]]);
    expect(commands.knownSent(ROWS, offered)).toEqual([]);
    const told = new Station();
    told.state = { ...told.state, commands: offered };
    told.say(told.event('callSent', { commandId: 'c1', messageId: 'm', action: 'ClearCache', payload: {} }));
    const [sent] = told.state.commands;
    expect(commands.offeredBefore(ROWS, told.state.commands)).toEqual([]);
    expect(commands.knownSent(ROWS, told.state.commands)).toEqual([sent]);
    told.disconnects();
    const [lost] = commands.knownSent(ROWS, told.state.commands);
    expect(lost).toMatchObject({ commandId: 'c1', state: 'connectionLost', endedAt: told.instant });
    // The same events come again.
    const again = new Station();
    again.state = { ...again.state, commands: commands.replaced(ROWS, [lost as Command]) };
    again.say(again.event('callSent', { commandId: 'c1', messageId: 'm', action: 'ClearCache', payload: {} }));
    expect(again.state.commands[0]).toMatchObject({ state: 'sent', endedAt: null });
    again.disconnects();
    expect(again.state.commands[0]).toMatchObject({ state: 'connectionLost' });
  });

  it('goes by the rows where they know more, and of what was cancelled before it was offered', () => {
    expect(commands.knownSent(offered, ROWS)).toEqual([]);
    const at = '2026-03-01T13:00:00.000Z';
    expect(commands.knownSent(ROWS, commands.cancelled(ROWS, 'c2', at, null))).toEqual([]);
  });
});

describe('a retired charge point that has gone', () => {
  it('leaves no command open: none goes out, none is followed', () => {
    const station = asked(online(), 'ClearCache', 'Reset', 'UnlockConnector', 'UpdateFirmware');
    const { commands: queue } = station.state;
    const at = '2026-03-02T12:00:00.000Z';
    const states = ['queued', 'answered', 'timedOut', 'sent'] as const;
    const open = queue.map((command, i) => ({ ...command, state: states[i] as Command['state'], reason: null }));
    const gone = left({ ...station.state, commands: open }, at).commands;
    expect(gone.every(({ endedAt }) => endedAt === at)).toBe(true);
    expect(gone.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'the charge point was retired'],
      ['notObserved', 'accepted, but the charge point was retired'],
      ['timedOut', 'the charge point was retired'],
      ['connectionLost', 'the charge point was retired'],
    ]);
  });
});

describe('an accepted command', () => {
  const sent = (station: Station, action: string, payload: Record<string, unknown>) => {
    PAYLOADS[action] = payload;
    asked(station, action);
    const { commandId } = station.state.commands.at(-1) as Command;
    station.state = { ...station.state, commands: commands.dispatched(station.state.commands, commandId, '1-1') };
    const call = { commandId, messageId: 'm', action };
    station.say(station.event('callSent', { ...call, payload }));
    return (result: Record<string, unknown>) => {
      station.say(station.event('callResult', { ...call, outcome: { result } }));
      return station.state.commands.at(-1);
    };
  };

  it('that asks for a Heartbeat is completed by it', () => {
    const station = online();
    expect(sent(station, 'TriggerMessage', { requestedMessage: 'Heartbeat' })({ status: 'Accepted' })?.state).toBe(
      'answered',
    );
    station.say(station.message('Heartbeat', {}));
    expect(station.state.commands[0]?.state).toBe('completed');
  });

  it('that asks for a status is completed by one that the station has sent before', () => {
    const station = online();
    const again = { hash: 'the same' };
    const status = station.message(
      'StatusNotification',
      {
        connectorId: 1,
        status: 'Available',
        errorCode: 'NoError',
        timestamp: '2026-03-01T11:00:00Z',
      },
      again,
    );
    station.say(status);
    sent(station, 'TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 })({ status: 'Accepted' });
    station.say(station.message('StatusNotification', { ...status.payload }, { at: status.at, ...again }));
    expect(station.judged.at(-1)?.repeatOf).toBeDefined();
    expect(station.state.commands[0]?.state).toBe('completed');
  });

  it('for an availability that it has already, or diagnostics that there are none of, is completed by its answer', () => {
    const station = online().status('Unavailable', 1).status('Available', 2);
    const change = (connectorId: number) => sent(station, 'ChangeAvailability', { connectorId, type: 'Inoperative' });
    expect(change(1)({ status: 'Accepted' })).toMatchObject({
      state: 'completed',
      outcome: 'it was Inoperative already',
    });
    expect(change(2)({ status: 'Accepted' })?.state).toBe('answered');
    expect(change(0)({ status: 'Accepted' })?.state).toBe('answered');
    const diagnostics = sent(station, 'GetDiagnostics', { location: 'ftp://127.0.0.1/' });
    expect(diagnostics({})).toMatchObject({ state: 'completed', outcome: 'there is nothing to upload' });
  });
});

describe('what was found of a request', () => {
  const request: commands.CommandRequest = {
    commandId: 'c1',
    action: 'RemoteStartTransaction',
    payload: { idTag: 'TAG' },
    via: 'update',
    requestedBy: null,
    requestedAt: '2026-03-01T12:00:00.000Z',
    options: { grantIdTag: true },
  };

  it('refuses it, be it of itself or of what is asked for otherwise; older histories have the words alone', () => {
    expect(commands.judged(request, [{}, undefined])).toEqual(request);
    const refused = commands.judged(request, [{ effectWithinMs: 70_000 }, { refusal: 'one' }, 'two']);
    expect(refused).toEqual({ ...request, refusal: 'one; two' });
    expect(commands.judged(request, ['three', undefined])).toEqual({ ...request, refusal: 'three' });
  });

  it('says how long its effect is waited for', () => {
    const last = (found: commands.Checked) => {
      const station = online();
      const queue = commands.requested(station.state.commands, commands.judged(request, [found]));
      station.state = { ...station.state, commands: commands.dispatched(queue, 'c1', '1-1') };
      const call = { commandId: 'c1', messageId: 'm', action: request.action };
      station.say(station.event('callSent', { ...call, payload: {} }));
      const sentAt = station.now;
      station.say(station.event('callResult', { ...call, outcome: { result: { status: 'Accepted' } } }));
      const state = (ms: number) =>
        commandsOverdue(station.state.commands, new Date(sentAt + ms).toISOString())[0]!.state;
      return { options: station.state.commands[0]!.options, state };
    };
    const told = last({ effectWithinMs: 70_000 });
    expect(told.options).toEqual({ grantIdTag: true, effectWithinMs: 70_000 });
    expect([told.state(69_999), told.state(70_000)]).toEqual(['answered', 'notObserved']);
    const untold = last({});
    expect(untold.options).toEqual({ grantIdTag: true });
    expect([untold.state(299_999), untold.state(300_000)]).toEqual(['answered', 'notObserved']);
  });

  it('is not for people to say', () => {
    expect(asSubmission({ action: 'Reset', options: { effectWithinMs: 1 } })).toHaveProperty('problem');
  });
});

describe('a secret', () => {
  const key = { action: 'ChangeConfiguration', payload: { key: 'AuthorizationKey', value: 'plain' } };
  const request = {
    commandId: 'c',
    via: 'signal',
    requestedBy: null,
    requestedAt: '2026-03-01T12:00:00.000Z',
  } as const;

  it('is found in a command, and in what is to follow it', () => {
    const clear = { ...request, action: 'ClearCache', payload: {} };
    expect(commands.secretIn(clear)).toBeUndefined();
    for (const told of [
      { ...request, ...key },
      { ...clear, options: { next: [key] } },
      { ...clear, options: { otherwise: [key] } },
    ]) {
      expect(commands.secretIn(told)).toMatch(/AuthorizationKey is a secret/);
    }
  });
});

describe('what is asked for', () => {
  it('may carry options that are known, no others', () => {
    const submission = { action: 'Reset', options: { unlessRebooted: true } };
    expect(asSubmission(submission)).toMatchObject({ submission });
    const further = [{ action: 'ClearCache', payload: {}, commandId: 'c', expected: { status: 'Accepted' } }];
    const told = { otherwise: further, next: further, expected: { status: 'Accepted' } };
    expect(asSubmission({ action: 'Reset', options: told })).toMatchObject({ submission: { options: told } });
    for (const options of [
      { unlessRebooted: false },
      { other: true },
      [],
      'unlessRebooted',
      { otherwise: [{}] },
      { next: [{ ...further[0], commandId: 1 }] },
      { next: [{ ...further[0], commandId: '' }] },
      { next: [{ ...further[0], commandId: 'x'.repeat(101) }] },
      { next: [{ ...further[0], deadlineMs: 5 }] },
      { next: Array.from({ length: 51 }, () => further[0]) },
      { expected: 'Accepted' },
    ]) {
      expect(asSubmission({ action: 'Reset', options })).toHaveProperty('problem');
    }
  });

  it('to be cancelled is named', () => {
    expect(asCancellation({ commandId: 'c1', requestedBy: 'Ada' })).toEqual({
      cancellation: { commandId: 'c1', requestedBy: 'Ada' },
    });
    for (const input of [undefined, {}, { commandId: 1 }, { commandId: 'c1', requestedBy: {} }, 'c1']) {
      expect(asCancellation(input)).toHaveProperty('problem');
    }
  });
});
