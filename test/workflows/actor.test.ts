import { describe, expect, it } from 'vitest';
import { changes, follows, reduceBatch, tick, unknownTransactions } from '../../workflows/state/actor.ts';
import * as commands from '../../workflows/state/commands.ts';
import { commandsOverdue } from '../../workflows/state/outcomes.ts';
import { connectionGone, newest, takesCallsAt } from '../../workflows/state/connections.ts';
import { Station } from './station.ts';

describe('the event log', () => {
  it('is followed without gaps and without repeats', () => {
    const station = new Station().connects('1-1').boots();
    const event = station.message('Heartbeat', {});
    expect(follows(station.state, { journal: 1, after: 2, events: [event] })).toBe('next');
    expect(follows(station.state, { journal: 1, after: 3, events: [{ ...event, seq: 4 }] })).toBe('gap');
    expect(follows(station.state, { journal: 1, after: 1, events: [{ ...event, seq: 2 }] })).toBe('seen');
    expect(follows(station.state, { journal: 2, after: 0, events: [{ ...event, seq: 1 }] })).toBe('next');
  });

  it('keeps what is new of a batch that overlaps', () => {
    const station = new Station().connects('1-1').boots();
    const events = [station.message('Heartbeat', {}), station.message('Heartbeat', {})];
    station.say(events[0]!);
    const { judged } = reduceBatch(station.state, { journal: 1, after: 2, events });
    expect(judged.map((j) => j.event.seq)).toEqual([4]);
  });

  it('goes on after an event whose reducer throws: that one becomes a dead event', () => {
    const station = new Station().connects('1-1');
    const poisoned = station.message('StartTransaction', {}, { answer: null as never });
    const after = station.message('StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError' });
    station.say(poisoned, after);
    expect(station.judged.at(-2)?.dead).toBeTypeOf('string');
    expect(station.state.connectors[1]?.status).toBe('Available');
  });

  it('marks what the station sent again, and makes no second fact of it', () => {
    const station = new Station().connects('1-1').starts(7).meters(7, 500, { hash: 'abc' });
    station.disconnects().connects('1-2').meters(7, 500, { hash: 'abc' });
    expect(station.judged.at(-1)?.repeatOf).toBe('1:3');
  });

  it('does not take for a repeat of itself what an actor before it has stored already', () => {
    const station = new Station().connects('1-1').starts(7);
    const stored = { hash: 'abc', at: station.instant, event: '1:3' };
    station.state = { ...station.state, heard: [stored] };
    station.stops(7, 500, { hash: 'abc' });
    expect(station.judged.at(-1)).not.toHaveProperty('repeatOf');
    expect(station.state.transactions[7]).toMatchObject({ end: 'station', meterStop: 500 });
  });

  it('stamps each changed row with a version that only grows', () => {
    const station = new Station().connects('1-1').boots().status('Available');
    const before = station.state;
    const event = station.message('StatusNotification', {
      connectorId: 2,
      status: 'Faulted',
      errorCode: 'GroundFailure',
    });
    const reduced = reduceBatch(before, { journal: 1, after: 3, events: [event] });
    const { state, rows } = changes(before, reduced.state, 0);
    expect(rows.connectors).toMatchObject([{ connectorId: 2, version: before.version + 1 }]);
    expect(rows.transactions).toEqual([]);
    expect(state.connectors[1]?.version).toBeLessThan(state.version);
  });

  it('gives what is done again in fewer steps a higher version than the steps before a crash had', () => {
    const { state } = new Station().connects('1-1');
    const crashed = new Station().connects('1-1').starts(7).meters(7, 500);
    const stored = crashed.state.transactions[7]?.version;
    const stop = crashed.message('StopTransaction', { transactionId: 7, meterStop: 900, timestamp: crashed.instant });
    const events = [...crashed.judged.slice(1).map((judged) => judged.event), stop];
    const again = reduceBatch(state, { journal: 1, after: 1, events });
    const { rows } = changes(state, again.state, crashed.now);
    expect(rows.transactions).toMatchObject([{ transactionId: 7, end: 'station' }]);
    expect(rows.transactions[0]?.version).toBeGreaterThan(stored as number);
  });
});

describe('transactions an actor cannot know', () => {
  it('are looked up, but not those that start in the same batch', () => {
    const station = new Station().connects('1-1').starts(5);
    const started = station.message('StartTransaction', {}, { answer: { result: { transactionId: 7 } } });
    const repeated = station.message(
      'StartTransaction',
      {},
      { answer: { result: { transactionId: 3 } }, notes: ['repeatedStart: transaction 3'] },
    );
    const stops = [5, 7, 9, -1].map((transactionId) => station.message('StopTransaction', { transactionId }));
    const batch = { journal: 1, after: 2, events: [started, repeated, ...stops] };
    expect(unknownTransactions(station.state, batch)).toEqual([3, 9]);
  });
});

describe('a connector', () => {
  it('moves only forward in time', () => {
    const station = new Station().connects('1-1').status('Charging');
    station.status('Available', 1, '2026-02-01T00:00:00.000Z');
    expect(station.state.connectors[1]?.status).toBe('Charging');
  });
});

describe('presence', () => {
  it('is a set of connections: the end of an old one leaves the newest', () => {
    const station = new Station().connects('1-1').connects('1-2');
    station.connection = '1-1';
    station.disconnects();
    expect(station.state.chargePoint.online).toBe(true);
    expect(newest(station.state.connections)?.connection).toBe('1-2');
  });

  it('lets CALLs through after the boot, or 10 s after the connection was opened', () => {
    const station = new Station().connects('1-1');
    const opened = station.now;
    expect(takesCallsAt(newest(station.state.connections)!)).toBe(opened + 10_000);
    station.boots();
    expect(takesCallsAt(newest(station.state.connections)!)).toBe(0);
  });
});

describe('a Reset', () => {
  const requested = (payload: unknown, station = new Station().connects('1-1').boots()) => {
    const request = { commandId: 'c1', action: 'Reset', payload, via: 'signal', requestedBy: null } as const;
    const queue = commands.requested(station.state.commands, { ...request, requestedAt: station.instant });
    station.state = { ...station.state, commands: queue };
    return station;
  };
  const sent = (station: Station) =>
    station.say(station.event('callSent', { commandId: 'c1', messageId: 'x', action: 'Reset', payload: {} }));
  const answers = (station: Station, outcome: unknown) =>
    station.say(station.event('callResult', { commandId: 'c1', messageId: 'x', action: 'Reset', outcome }));
  const command = (station: Station) => station.state.commands[0];

  it.each([undefined, null, {}, { type: 'Soft' }])('takes %j as Soft', (payload) => {
    expect(command(requested(payload))).toMatchObject({ state: 'queued', payload: { type: 'Soft' } });
  });

  it('that the edge has sent before waits for its outcome no longer than others, and lets the next one go', () => {
    const station = requested({ type: 'Soft' });
    const dispatched = commands.dispatched(station.state.commands, 'c1', '1-1');
    const before = commands.sentBefore(dispatched, 'c1', station.instant, 'sent before');
    expect(before).toMatchObject([{ state: 'sent', sentAt: station.instant }]);
    const later = new Date(station.now + 11 * 60_000).toISOString();
    expect(commands.pending(commandsOverdue(before, later))).toEqual([]);
  });

  it('asked for in the same moment as another keeps its place by its time', () => {
    const station = requested({ type: 'Hard' });
    const request = { action: 'Reset', payload: undefined, via: 'signal', requestedBy: null } as const;
    for (const commandId of ['c2', 'c3']) {
      const next = commands.requested(station.state.commands, { ...request, commandId, requestedAt: station.instant });
      station.state = { ...station.state, commands: next };
    }
    const times = station.state.commands.map(({ requestedAt }) => requestedAt);
    expect(times).toEqual([...new Set(times)].toSorted());
    expect(times).toHaveLength(3);
  });

  it.each(['Hard', 5, [], { type: 'hard' }, { type: 'Soft', extra: 1 }, { undecodable: 'x', raw: 'y' }])(
    'refuses %j with a reason',
    (payload) => {
      expect(command(requested(payload))).toMatchObject({ state: 'refused', reason: expect.stringContaining('Soft') });
    },
  );

  it('refuses actions that are no command, also names of object properties', () => {
    const station = new Station();
    for (const action of ['rest', '__proto__', 'constructor']) {
      const request = { commandId: action, action, payload: {}, via: 'signal', requestedBy: null } as const;
      const queue = commands.requested([], { ...request, requestedAt: station.instant });
      expect(queue[0]).toMatchObject({ state: 'refused' });
    }
  });

  it('is completed by the BootNotification after its answer', () => {
    const station = answers(sent(requested({ type: 'Soft' })), { result: { status: 'Accepted' } });
    expect(command(station)?.state).toBe('answered');
    station.disconnects().connects('1-2').boots();
    expect(command(station)).toMatchObject({
      state: 'completed',
      outcome: expect.stringContaining('BootNotification'),
    });
  });

  it('is completed by the boot also when the socket dropped without an answer', () => {
    const station = answers(sent(requested({ type: 'Hard' })), { connectionLost: true });
    expect(command(station)).toMatchObject({ state: 'connectionLost', endedAt: null });
    station.disconnects().connects('1-2').boots();
    expect(command(station)?.state).toBe('completed');
  });

  it('keeps its outcome when the boot comes before the answer', () => {
    const station = sent(requested({ type: 'Soft' })).boots();
    answers(station, { result: { status: 'Accepted' } });
    expect(command(station)).toMatchObject({ state: 'completed', answer: { status: 'Accepted' } });
  });

  it('ends with the word of the station when that is no', () => {
    expect(command(answers(sent(requested({})), { result: { status: 'Rejected' } }))?.state).toBe('rejected');
    expect(command(answers(sent(requested({})), { error: 'InternalError', description: 'x' }))).toMatchObject({
      state: 'failed',
      reason: 'InternalError: x',
    });
  });

  it('is not observed when no boot follows within 10 minutes', () => {
    const station = answers(sent(requested({})), { result: { status: 'Accepted' } });
    expect(tick(station.state, station.now + 11 * 60_000).commands[0]).toMatchObject({ state: 'notObserved' });
  });

  it('expires at its deadline when the station stays away', () => {
    const station = requested({}, new Station());
    expect(tick(station.state, station.now + 3_600_000).commands[0]).toMatchObject({ state: 'expired' });
  });

  it('waits again when the connection it was handed to ended without callSent, and is never sent twice after it', () => {
    const station = requested({});
    const hand = () => commands.dispatched(station.state.commands, 'c1', station.connection);
    station.state = { ...station.state, commands: hand() };
    station.disconnects();
    expect(command(station)?.state).toBe('queued');
    station.connects('1-2').boots();
    station.state = { ...station.state, commands: hand() };
    sent(station).disconnects();
    expect(command(station)?.state).toBe('connectionLost');
    expect(commands.nextToSend(station.state.commands, 'accepted')).toBeUndefined();
  });

  it('waits again when its edge says that it ended, and is not sent twice when its edge is gone without a word', () => {
    const station = requested({});
    const handed = { ...station.state, commands: commands.dispatched(station.state.commands, 'c1', '1-1') };
    expect(connectionGone(handed, '1-1', station.instant, true).commands[0]?.state).toBe('queued');
    const state = connectionGone(handed, '1-1', station.instant, false);
    expect(state.commands[0]).toMatchObject({ state: 'connectionLost', sentAt: null, endedAt: station.instant });
    expect(state.chargePoint.online).toBe(false);
  });

  it("is not sent twice when a later boot of its edge knows less of the connection's journal than the actor", () => {
    const after = (lastKnown: number, reducers: 2 | 3 = 3) => {
      const station = requested({});
      const handed = commands.dispatched(station.state.commands, 'c1', '1-1');
      station.state = { ...station.state, reducers, commands: handed };
      const ended = station.event('disconnected', { code: 1006, reason: 'edge ended', lastKnown });
      const batch = { journal: 2, after: 0, events: [{ ...ended, seq: 1 }] };
      return reduceBatch(station.state, batch).state.commands[0]?.state;
    };
    const seen = requested({}).seq;
    expect(after(seen)).toBe('queued');
    expect(after(seen - 1)).toBe('connectionLost');
    // A run that began before goes on as it began.
    expect(after(seen - 1, 2)).toBe('queued');
  });

  it('is not sent twice when its edge has taken it, and its journal says that the connection ended before', () => {
    const station = requested({});
    const taken = commands.taken(
      commands.dispatched(station.state.commands, 'c1', '1-1'),
      'c1',
      new Date(station.now).toISOString(),
    );
    station.state = { ...station.state, commands: commands.notSent(taken, 'c1', 'not connected') };
    expect(command(station)).toMatchObject({ state: 'dispatching', sentAt: expect.any(String) });
    station.disconnects();
    expect(command(station)).toMatchObject({
      state: 'connectionLost',
      reason: expect.stringContaining('older copy'),
    });
    station.connects('1-2').boots();
    expect(commands.nextToSend(station.state.commands, 'accepted')).toBeUndefined();
  });

  it('is given up when its edge has taken it and says no more', () => {
    const station = requested({});
    const at = new Date(station.now).toISOString();
    const all = commands.taken(commands.dispatched(station.state.commands, 'c1', '1-1'), 'c1', at);
    station.state = { ...station.state, commands: all };
    expect(tick(station.state, station.now + 9 * 60_000).commands[0]).toMatchObject({ state: 'dispatching' });
    const late = tick(station.state, station.now + 11 * 60_000);
    expect(late.commands[0]).toMatchObject({
      state: 'connectionLost',
      reason: expect.stringContaining('says no more'),
    });
  });

  it('waits again, or is ended by its answer, when an edge that was taken for gone comes back and tells', () => {
    const station = requested({});
    const handed = { ...station.state, commands: commands.dispatched(station.state.commands, 'c1', '1-1') };
    station.state = connectionGone(handed, '1-1', station.instant, false);
    const before = station.state;
    station.disconnects();
    expect(command(station)).toMatchObject({ state: 'queued', reason: null, endedAt: null });
    station.state = before;
    expect(command(sent(station))).toMatchObject({ state: 'sent', reason: null, endedAt: null });
  });
});
