import { describe, expect, it } from 'vitest';
import type { Database } from '../../drizzle/client.ts';
import { DatabaseAway } from '../../drizzle/errors.ts';
import { ActorNotFound } from '../../src/edge/outbox.ts';
import { InvalidCommand } from '../../src/ocpp/command.ts';
import { BadOptions, exactCommand, UnknownAction } from '../../src/operators/commandChecks.ts';
import { submitCommand } from '../../src/operators/commands.ts';
import { ActorsAway, ChargePointNotKnown } from '../../src/operators/errors.ts';
import { showCommand } from '../../src/operators/shownCommands.ts';
import type { Actors } from '../../src/temporal/actors.ts';
import { TemporalAway } from '../../src/temporal/connection.ts';

function failing(reason: Error): Database {
  const run = async (): Promise<never> => {
    throw reason;
  };
  return { run, close: async () => {} };
}

const away = failing(new DatabaseAway('nothing listens'));

/** Actors that note what is submitted to them. */
function noting(answer: () => Promise<{ commandId: string }> = () => Promise.resolve({ commandId: '' })) {
  const submitted: unknown[][] = [];
  const submit = (...given: unknown[]) => (submitted.push(given), answer());
  return { submitted, actors: () => ({ submit }) as unknown as Actors };
}

describe('a command while the database is away', () => {
  const keys = { action: 'GetConfiguration', payload: { key: ['A', 'B'] } };
  const named = { commandId: 'mine', requestedBy: 'Ada', via: 'rest' } as const;

  it('is given as a whole to an actor that runs, and starts none', async () => {
    const { actors, submitted } = noting();
    expect(await submitCommand({ database: away, actors }, 'CP1', { ...keys, ...named })).toEqual({
      commandId: 'mine',
    });
    expect(submitted).toEqual([['CP1', { ...keys, ...named }, { start: false }]]);
  });

  it('is queued for no charge point of which nobody knows whether it exists', async () => {
    const { actors } = noting(() => Promise.reject(new ActorNotFound('CP1')));
    const asked = submitCommand({ database: away, actors }, 'CP1', { ...keys, ...named });
    await expect(asked).rejects.toThrow(ChargePointNotKnown);
    await expect(asked).rejects.toThrow(/"CP1" has no running actor, .* nothing was queued: .*nothing listens/);
  });

  it('is still checked for what needs no database', async () => {
    const { actors, submitted } = noting();
    const asked = submitCommand({ database: away, actors }, 'CP1', { action: 'Reset', payload: { type: 'hard' } });
    await expect(asked).rejects.toThrow(InvalidCommand);
    expect(submitted).toEqual([]);
  });

  it('tells the id to ask again with where Temporal is away too', async () => {
    const actors = () => {
      throw new TemporalAway('Temporal is away');
    };
    const asked = submitCommand({ database: away, actors }, 'CP1', { ...keys, ...named });
    await expect(asked).rejects.toThrow(ActorsAway);
    await expect(asked).rejects.toMatchObject({ commandId: 'mine', message: expect.stringContaining('"mine"') });
  });

  it('is not given to anybody where the database is there and fails', async () => {
    const { actors, submitted } = noting();
    const database = failing(Object.assign(new Error('a table is missing'), { code: '42P01' }));
    await expect(submitCommand({ database, actors }, 'CP1', keys)).rejects.toThrow('a table is missing');
    expect(submitted).toEqual([]);
  });
});

describe('a command that is shown while the database is away', () => {
  const queued = (commandId: string, action: string) => ({
    commandId,
    action,
    payload: {},
    state: 'queued',
    requestedAt: '2026-01-02T03:04:05.000Z',
  });
  const chargePoint = { chargePointId: 'CP1', online: false, registration: 'accepted', lastBootAt: null };
  const commands = [queued('first', 'ClearCache'), queued('second', 'UnlockConnector')];
  const actors = () =>
    ({ state: () => Promise.resolve({ chargePoint, commands, connections: [] }) }) as unknown as Actors;

  it('comes from its actor, with where it stands', async () => {
    expect(await showCommand({ database: away, actors }, 'CP1', 'first')).toMatchObject({
      chargePointId: 'CP1',
      action: 'ClearCache',
      position: 2,
      waitsFor: 'the station, which is offline',
    });
  });

  it('is not said to be none where the actor does not know it', async () => {
    await expect(showCommand({ database: away, actors }, 'CP1', 'third')).rejects.toThrow(DatabaseAway);
  });
});

describe('what a command asks for', () => {
  const clear = { action: 'ClearCache', payload: {} };

  it('has options of its own kind only', () => {
    const reset = { action: 'Reset', payload: { type: 'Soft' } };
    const start = { action: 'RemoteStartTransaction', payload: { idTag: 'TAG' } };
    expect(exactCommand({ ...reset, options: { unlessRebooted: true } })).toEqual(reset.payload);
    expect(exactCommand({ ...start, options: { grantIdTag: true } })).toEqual(start.payload);
    expect(() => exactCommand({ ...clear, options: { unlessRebooted: true } })).toThrow(BadOptions);
    expect(() => exactCommand({ ...start, options: { unlessRebooted: true } })).toThrow(/option of Reset only/);
    expect(() => exactCommand({ ...reset, options: { grantIdTag: true } })).toThrow(/of RemoteStartTransaction only/);
  });

  it.each(['otherwise', 'next'] as const)('is checked as a whole, with what comes %s', (when) => {
    const reset = (type: string) => ({ [when]: [clear, { action: 'Reset', payload: { type } }] });
    expect(exactCommand({ ...clear, options: reset('Soft') })).toEqual({});
    expect(() => exactCommand({ ...clear, options: reset('soft') })).toThrow(
      /no valid Reset\.req \(OCPP 1.6 §6.39\): type/,
    );
    expect(() => exactCommand({ ...clear, options: { [when]: [{ action: 'reset', payload: {} }] } })).toThrow(
      UnknownAction,
    );
  });
});
