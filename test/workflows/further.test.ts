/** What follows a command: what is asked for next, or instead, and what its answer has to say. */
import { describe, expect, it } from 'vitest';
import * as commands from '../../workflows/state/commands.ts';
import { asked } from '../../workflows/state/actor.ts';
import type { Command, CommandOptions, FurtherCommand } from '../../workflows/state/model.ts';
import { Station } from './station.ts';

const part = (listVersion: number) => ({ listVersion, updateType: 'Full', localAuthorizationList: [] });

/** A station that answers what it is sent. */
class Answering {
  readonly station = new Station().connects('1-1').boots();

  asks(action: string, payload: Record<string, unknown>, options: CommandOptions, commandId = 'first'): this {
    const { station } = this;
    const request = {
      commandId,
      action,
      payload,
      via: 'rest',
      requestedBy: 'Ada',
      requestedAt: station.instant,
    } as const;
    station.state = asked(station.state, { ...request, options });
    return this;
  }

  /** Sends the next one, and has it end so. */
  ends(outcome: object): this {
    const { station } = this;
    const { commandId, action, payload } = commands.nextToSend(station.state.commands, 'accepted') as Command;
    station.state = { ...station.state, commands: commands.dispatched(station.state.commands, commandId, '1-1') };
    const call = { commandId, messageId: 'm', action };
    station.say(station.event('callSent', { ...call, payload }));
    station.say(station.event('callResult', { ...call, outcome }));
    return this;
  }

  answers(result: object): this {
    return this.ends({ result });
  }

  get told(): string[][] {
    return this.station.state.commands.map(({ commandId, action, state }) => [commandId, action, state]);
  }
}

const PARTS: FurtherCommand[] = [
  { action: 'SendLocalList', payload: part(2), commandId: 'second' },
  { action: 'GetLocalListVersion', payload: {}, expected: { listVersion: 2 } },
];
const WHOLE: FurtherCommand[] = [
  { action: 'SendLocalList', payload: part(8) },
  { action: 'SendLocalList', payload: part(9) },
];

describe('what is to follow a command', () => {
  it('is asked for one after the other, each when the one before is done', () => {
    const list = new Answering().asks('SendLocalList', part(1), { next: PARTS });
    expect(list.told).toEqual([['first', 'SendLocalList', 'queued']]);
    list.answers({ status: 'Accepted' });
    expect(list.told.at(-1)).toEqual(['second', 'SendLocalList', 'queued']);
    list.answers({ status: 'Accepted' });
    expect(list.told.at(-1)).toEqual(['first+2', 'GetLocalListVersion', 'queued']);
    list.answers({ listVersion: 2 });
    expect(list.told.map(([, , state]) => state)).toEqual(['completed', 'completed', 'completed']);
    expect(list.station.state.commands.every(({ via, requestedBy }) => via === 'rest' && requestedBy === 'Ada')).toBe(
      true,
    );
  });

  it.each([
    ['is rejected', { result: { status: 'Failed' } }, 'rejected'],
    ['is answered with an error', { error: 'InternalError', description: '' }, 'failed'],
    ['is not answered', { timeout: true }, 'timedOut'],
    ['is cut off', { connectionLost: true }, 'connectionLost'],
  ])('does not where it %s', (_, outcome, state) => {
    const list = new Answering().asks('SendLocalList', part(1), { next: PARTS }).ends(outcome);
    expect(list.told).toEqual([['first', 'SendLocalList', state]]);
  });

  it('is once, though the answer comes again', () => {
    const list = new Answering().asks('SendLocalList', part(1), { next: PARTS }).answers({ status: 'Accepted' });
    const { station } = list;
    const call = { commandId: 'first', messageId: 'm', action: 'SendLocalList' };
    station.say(station.event('callResult', { ...call, outcome: { result: { status: 'Accepted' } } }));
    expect(list.told).toHaveLength(2);
  });

  it('also follows what is done later than its answer', () => {
    const reset = new Answering().asks('Reset', { type: 'Hard' }, { next: [{ action: 'ClearCache', payload: {} }] });
    reset.answers({ status: 'Accepted' });
    expect(reset.told).toEqual([['first', 'Reset', 'answered']]);
    reset.station.wait(1_000).boots();
    expect(reset.told).toEqual([
      ['first', 'Reset', 'completed'],
      ['first+1', 'ClearCache', 'queued'],
    ]);
  });

  it('no longer does when it is cancelled, though the command itself was sent', () => {
    const list = new Answering().asks('SendLocalList', part(1), { next: PARTS, otherwise: WHOLE });
    const { station } = list;
    station.state = { ...station.state, commands: commands.dispatched(station.state.commands, 'first', '1-1') };
    station.state = {
      ...station.state,
      commands: commands.cancelled(station.state.commands, 'first', station.instant, 'Ada'),
    };
    const call = { commandId: 'first', messageId: 'm', action: 'SendLocalList' };
    station.say(station.event('callSent', { ...call, payload: {} }));
    station.say(station.event('callResult', { ...call, outcome: { result: { status: 'Accepted' } } }));
    expect(list.told).toEqual([['first', 'SendLocalList', 'completed']]);
  });

  it('follows in runs that began before, too: nobody asked for it then', () => {
    const list = new Answering();
    list.station.state = { ...list.station.state, reducers: 4 };
    list.asks('SendLocalList', part(1), { next: PARTS }).answers({ status: 'Accepted' });
    expect(list.told.at(-1)).toEqual(['second', 'SendLocalList', 'queued']);
    const reset = new Answering();
    reset.station.state = { ...reset.station.state, reducers: 4 };
    reset
      .asks('Reset', { type: 'Hard' }, { next: [{ action: 'ClearCache', payload: {} }] })
      .answers({ status: 'Accepted' });
    reset.station.wait(1_000).boots();
    expect(reset.told.at(-1)).toEqual(['first+1', 'ClearCache', 'queued']);
  });

  it('gets another id where its own is taken, and none of more than 100 characters', () => {
    const next = [{ action: 'ClearCache', payload: {}, commandId: 'first' }];
    expect(new Answering().asks('ClearCache', {}, { next }).answers({ status: 'Accepted' }).told).toEqual([
      ['first', 'ClearCache', 'completed'],
      ['first-2', 'ClearCache', 'queued'],
    ]);
    const long = 'x'.repeat(100);
    const list = new Answering().asks('ClearCache', {}, { next: [{ action: 'ClearCache', payload: {} }] }, long);
    expect(list.answers({ status: 'Accepted' }).told.at(-1)?.[0]).toBe(`${'x'.repeat(98)}+1`);
  });
});

describe('what is to be done otherwise', () => {
  it.each([
    ['rejects it', { result: { status: 'VersionMismatch' } }, 'rejected'],
    ['answers with an error', { error: 'InternalError', description: '' }, 'failed'],
  ])('is asked for step by step, when the station %s', (_, outcome, state) => {
    const list = new Answering().asks('SendLocalList', part(7), { next: PARTS, otherwise: WHOLE }).ends(outcome);
    expect(list.told).toEqual([
      ['first', 'SendLocalList', state],
      ['first/1', 'SendLocalList', 'queued'],
    ]);
    list.answers({ status: 'Accepted' });
    expect(list.told.at(-1)).toEqual(['first/2', 'SendLocalList', 'queued']);
  });

  it('still is when a later step fails, as where the answer is not the expected one', () => {
    const list = new Answering().asks('SendLocalList', part(1), { next: PARTS, otherwise: WHOLE });
    list.answers({ status: 'Accepted' }).answers({ status: 'Accepted' }).answers({ listVersion: 3 });
    expect(list.told.slice(2)).toEqual([
      ['first+2', 'GetLocalListVersion', 'failed'],
      ['first/1', 'SendLocalList', 'queued'],
    ]);
    expect(list.station.state.commands[2]?.reason).toBe('the station says listVersion 3, and 2 was expected');
    list.answers({ status: 'Failed' });
    expect(list.told.at(-1)).toEqual(['first/1', 'SendLocalList', 'rejected']);
  });

  it('is not, when it accepts, says nothing, or goes away', () => {
    for (const outcome of [{ result: { status: 'Accepted' } }, { timeout: true }, { connectionLost: true }]) {
      const list = new Answering().asks('SendLocalList', part(1), { otherwise: WHOLE }).ends(outcome);
      expect(list.told).toHaveLength(1);
    }
  });

  it('is, of what the security extension has instead of an older message, only where the station does not know it', () => {
    const older = { otherwise: [{ action: 'UpdateFirmware', payload: {} }] };
    const after = (outcome: object) => new Answering().asks('SignedUpdateFirmware', {}, older).ends(outcome).told;
    for (const error of ['NotImplemented', 'NotSupported']) expect(after({ error, description: '' })).toHaveLength(2);
    expect(after({ error: 'InternalError', description: '' })).toHaveLength(1);
    expect(after({ result: { status: 'InvalidCertificate' } })).toHaveLength(1);
  });

  it('is not once the station has done the newer one', () => {
    const older = [{ action: 'UpdateFirmware', payload: {} }];
    const next = [{ action: 'ChangeConfiguration', payload: { key: 'K', value: 'V' } }];
    const firmware = new Answering()
      .asks('SignedUpdateFirmware', {}, { otherwise: older, next })
      .answers({ status: 'Accepted' });
    const { station } = firmware;
    station.say(station.message('SignedFirmwareStatusNotification', { status: 'Installed' }));
    firmware.answers({ status: 'Rejected' });
    expect(firmware.told.map(([id, , state]) => [id, state])).toEqual([
      ['first', 'completed'],
      ['first+1', 'rejected'],
    ]);
  });

  it('does not mind the order in which the station says what is expected', () => {
    const configurationKey = (...keys: string[]) => [Object.fromEntries(keys.map((key) => [key, 'same']))];
    const expected = { configurationKey: configurationKey('key', 'value', 'readonly') };
    const keys = new Answering().asks('GetConfiguration', {}, { expected });
    keys.answers({ configurationKey: configurationKey('readonly', 'key', 'value') });
    expect(keys.told).toEqual([['first', 'GetConfiguration', 'completed']]);
  });

  it('is asked for all at once in runs that began before', () => {
    const list = new Answering();
    list.station.state = { ...list.station.state, reducers: 4 };
    list.asks('SendLocalList', part(7), { otherwise: WHOLE }).answers({ status: 'Failed' });
    expect(list.told.map(([id]) => id)).toEqual(['first', 'first/1', 'first/2']);
  });
});
