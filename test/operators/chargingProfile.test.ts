import { describe, expect, it } from 'vitest';
import { exactRequest } from '../../src/ocpp/command.ts';
import { commands as table } from '../../src/ocpp/commands.ts';
import {
  BadChargingProfile,
  planChargingProfile,
  type KnownOfStation,
  type WantedProfile,
} from '../../src/operators/chargingProfile.ts';
import type { AnsweredCommand } from '../../src/operators/learnt/answered.ts';
import type { ProfiledTransaction } from '../../src/operators/learnt/chargingProfiles.ts';
import type { ConfigurationKey } from '../../src/operators/learnt/configuration.ts';

const NOW = '2026-01-02T12:00:00.000Z';
/** Hours from now. */
const hours = (count: number) => new Date(Date.parse(NOW) + count * 3_600_000).toISOString();

const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] };

/** A TxDefaultProfile of stack level 0, unless told otherwise. */
const profile = (chargingProfileId: number, rest: object = {}) => ({
  chargingProfileId,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Relative',
  chargingSchedule: schedule,
  ...rest,
});
const txProfile = (transactionId: number, rest: object = {}) =>
  profile(9, { chargingProfilePurpose: 'TxProfile', transactionId, ...rest });
const most = { chargingProfilePurpose: 'ChargePointMaxProfile' };

let commandIds = 0;
function command(action: string, payload: object) {
  return { commandId: `c${++commandIds}`, action, payload };
}
const set = (connectorId: number, csChargingProfiles: object) =>
  command('SetChargingProfile', { connectorId, csChargingProfiles });

/** Set an hour ago. */
function has(connectorId: number, csChargingProfiles: object): AnsweredCommand {
  const answeredAt = hours(-1);
  const answer = { status: 'Accepted' };
  return { ...set(connectorId, csChargingProfiles), answer, answeredAt, state: 'completed', endedAt: answeredAt };
}

function key(name: string, value: string | null): ConfigurationKey {
  return { key: name, supported: true, value, readonly: true, pending: null, learntAt: NOW, commandId: 'k' };
}

function transaction(transactionId: number, rest: Partial<ProfiledTransaction> = {}): ProfiledTransaction {
  return {
    transactionId,
    aliases: [],
    connectorId: 1,
    idTag: 'TAG',
    startedAt: hours(-1),
    stoppedAt: null,
    end: null,
    ...rest,
  };
}

function plan(
  connectorId: number,
  chargingProfile: object,
  known: Partial<KnownOfStation> = {},
  rest: Partial<WantedProfile> = {},
) {
  const nothing = { answered: [], underWay: [], unanswered: [], transactions: [], keys: [], now: NOW };
  return planChargingProfile({ connectorId, chargingProfile, ...rest }, { ...nothing, ...known });
}

/** The path and the reason of each fault. */
function faults(...given: Parameters<typeof plan>): string[][] {
  try {
    plan(...given);
    return [];
  } catch (error) {
    if (!(error instanceof BadChargingProfile)) throw error;
    return error.faults.map(({ path, reason }) => [path, reason]);
  }
}

const fault = (path: string, reason: RegExp) => [[path, expect.stringMatching(reason)]];

describe('a charging profile', () => {
  it('is set, then what results of it asked for in its unit, each as exact as it has to be to leave', () => {
    const { commands } = plan(1, profile(1), {}, { verifySeconds: 600 });
    expect(commands).toEqual([
      { action: 'SetChargingProfile', payload: { connectorId: 1, csChargingProfiles: profile(1) } },
      { action: 'GetCompositeSchedule', payload: { connectorId: 1, duration: 600, chargingRateUnit: 'A' } },
    ]);
    for (const { action, payload } of commands) expect(exactRequest(table.get(action)!, payload)).toEqual(payload);
  });

  it('is asked for over an hour, or over a day where that shows more', () => {
    const asked = (...given: Parameters<typeof plan>) => plan(...given).commands[1]?.payload.duration;
    const until = (duration: number) => ({ chargingSchedule: { ...schedule, duration } });
    expect(asked(1, profile(1))).toBe(3_600);
    expect(asked(1, profile(1, until(3_600)))).toBe(3_600);
    expect(asked(1, profile(1, until(3_601)))).toBe(86_400);
    expect(asked(1, profile(1, { validFrom: hours(2) }))).toBe(86_400);
    const absolute = { chargingProfileKind: 'Absolute', chargingSchedule: { ...schedule, startSchedule: hours(2) } };
    expect(asked(1, profile(1, absolute))).toBe(86_400);
    expect(asked(1, profile(1, { chargingProfileKind: 'Recurring', recurrencyKind: 'Daily' }))).toBe(86_400);
  });

  it('for all connectors is asked for at the first: what the charge point as a whole tells is without it', () => {
    const asked = (connectorId: number, wanted: object) => plan(connectorId, wanted).commands[1]?.payload.connectorId;
    expect(asked(0, profile(1))).toBe(1);
    expect(asked(2, profile(1))).toBe(2);
    expect(asked(0, profile(1, most))).toBe(0);
  });
});

describe('its stack', () => {
  const stacked = ({ stack }: ReturnType<typeof plan>) =>
    stack.map(({ chargingProfileId, isNew }) => (isNew ? 'new' : chargingProfileId));

  it('is of its purpose at its connector, the highest level first', () => {
    const answered = [
      has(1, profile(1, { stackLevel: 5 })),
      has(1, profile(2, { stackLevel: 1 })),
      has(2, profile(3, { stackLevel: 9 })),
      has(0, profile(4, { ...most, stackLevel: 9 })),
      has(0, profile(5, { stackLevel: 9 })),
    ];
    const planned = plan(1, profile(7, { stackLevel: 3, validTo: hours(5) }), { answered });
    // Those for all connectors come last (§3.13.1).
    expect(stacked(planned)).toEqual([1, 'new', 2, 5]);
    expect(planned.stack[1]).toEqual({
      chargingProfileId: 7,
      connectorId: 1,
      stackLevel: 3,
      validFrom: null,
      validTo: hours(5),
      isNew: true,
    });
    expect(planned).toMatchObject({ replaces: [], coveredBy: [1], covers: [2, 5] });
  });

  it('is covered only by what is valid at the same time', () => {
    const answered = [
      has(1, profile(1, { stackLevel: 5, validTo: hours(2) })),
      has(1, profile(2, { stackLevel: 4, validFrom: hours(4) })),
      has(1, profile(3, { stackLevel: 3, validFrom: hours(3) })),
    ];
    const wanted = profile(7, { validFrom: hours(2), validTo: hours(4) });
    expect(plan(1, wanted, { answered })).toMatchObject({ coveredBy: [3], covers: [] });
  });

  it('loses the profile of the same id, and the one at the same level for the same purpose there (§5.16.3)', () => {
    const answered = [has(1, profile(1, { stackLevel: 2 })), has(1, profile(2)), has(2, profile(3))];
    const planned = plan(1, profile(1), { answered });
    expect(stacked(planned)).toEqual(['new']);
    expect(planned.replaces).toEqual([
      { chargingProfileId: 1, connectorId: 1, purpose: 'TxDefaultProfile', stackLevel: 2 },
      { chargingProfileId: 2, connectorId: 1, purpose: 'TxDefaultProfile', stackLevel: 0 },
    ]);
    // An id is of the whole charge point.
    expect(plan(2, profile(1, { stackLevel: 4 }), { answered }).replaces).toMatchObject([
      { chargingProfileId: 1, connectorId: 1 },
    ]);
  });

  it('counts what is under way to the station as done, in its order', () => {
    const answered = [has(1, profile(1, { stackLevel: 1 }))];
    const underWay = [
      set(1, profile(2, { stackLevel: 2 })),
      command('ClearChargingProfile', { id: 1 }),
      set(1, profile(3, { stackLevel: 3 })),
    ];
    expect(stacked(plan(1, profile(7), { answered, underWay }))).toEqual([3, 2, 'new']);
  });

  it('is not certain where what was sent before was not answered, and the new one does not settle it', () => {
    const lost = (action: string, payload: object) => {
      const timedOut = { ...command(action, payload), state: 'timedOut', endedAt: hours(-1), since: hours(-1) };
      return {
        timedOut,
        doubt: { commandId: timedOut.commandId, action, since: hours(-1), about: expect.any(String) },
      };
    };
    const { timedOut, doubt } = lost('SetChargingProfile', { connectorId: 1, csChargingProfiles: profile(1) });
    const doubts = (wanted: object) => plan(1, wanted, { unanswered: [timedOut] }).doubts as unknown;
    expect(doubts(profile(7, { stackLevel: 1 }))).toEqual([doubt]);
    expect(doubts(profile(7, { stackLevel: 1 }))).toMatchObject([{ about: 'charging profile 1 at connector 1' }]);
    expect(doubts(profile(1, { stackLevel: 1 }))).toEqual([]);
    expect(doubts(profile(7))).toEqual([]);
    const clear = lost('ClearChargingProfile', { id: 2 });
    const answered = [has(2, profile(2)), has(1, profile(3, { stackLevel: 4 }))].map((one) => ({
      ...one,
      answeredAt: hours(-2),
    }));
    const known = { answered, unanswered: [clear.timedOut] };
    expect(plan(1, profile(7), known).doubts).toEqual([clear.doubt]);
    expect(plan(1, profile(2), known).doubts).toEqual([]);
    expect(plan(1, profile(7), { unanswered: [clear.timedOut] }).doubts).toEqual([]);
  });

  it('of a transaction is of that transaction', () => {
    const answered = [has(1, txProfile(42, { chargingProfileId: 1, stackLevel: 4 })), has(1, profile(2))];
    const planned = plan(1, txProfile(42), { answered, transactions: [transaction(42)] });
    expect(stacked(planned)).toEqual([1, 'new']);
  });
});

describe('a charging profile is refused', () => {
  it('where it breaks a rule of OCPP 1.6, with the field', () => {
    expect(faults(1, profile(1, most))).toEqual(fault('', /a ChargePointMaxProfile is for connector 0/));
    expect(faults(1, profile(1, { stackLevel: -1 }))).toEqual(fault('chargingProfile.stackLevel', />=0/));
    expect(faults(1, profile(1, { chargingProfileKind: 'Recurring' }))).toEqual(
      fault('chargingProfile', /recurrencyKind is for a Recurring profile/),
    );
    expect(() => plan(1, profile(1, { colour: 'red' }))).toThrow(/^chargingProfile: .*colour/);
  });

  it('where the charge point has told that it takes no such one, with what it told', () => {
    const refused = (wanted: object, ...keys: ConfigurationKey[]) => faults(1, wanted, { keys });
    expect(refused(profile(1, { stackLevel: 4 }), key('chargeProfileMaxStackLevel', '3'))).toEqual(
      fault('chargingProfile', /stackLevel 4: .* up to 3 \(its ChargeProfileMaxStackLevel/),
    );
    expect(refused(profile(1, { stackLevel: 3 }), key('ChargeProfileMaxStackLevel', '3'))).toEqual([]);
    const allowed = (value: string) => refused(profile(1), key('ChargingScheduleAllowedChargingRateUnit', value));
    expect(allowed('power')).toEqual(fault('chargingProfile', /chargingRateUnit A: .* takes W/));
    for (const value of ['Current', 'current; Power', 'Power,CURRENT', 'A,W', '', 'horsepower']) {
      expect([value, allowed(value)]).toEqual([value, []]);
    }
    const periods = [0, 60, 120].map((startPeriod) => ({ startPeriod, limit: 6 }));
    const long = profile(1, { chargingSchedule: { ...schedule, chargingSchedulePeriod: periods } });
    expect(refused(long, key('ChargingScheduleMaxPeriods', '2'))).toEqual(
      fault('chargingProfile', /3 periods: .* takes 2 \(its ChargingScheduleMaxPeriods/),
    );
    const told = (value: string | null) => refused(profile(1), key('SupportedFeatureProfiles', value));
    expect(told('Core,Reservation')).toEqual(
      fault('chargingProfile', /no SmartCharging: its SupportedFeatureProfiles is "Core,Reservation"/),
    );
    for (const value of ['Core,SmartCharging', 'core; smart charging', '', null]) {
      expect([value, told(value)]).toEqual([value, []]);
    }
  });

  it('where the charge point would have more than it takes, without those that it replaces', () => {
    const keys = [key('MaxChargingProfilesInstalled', '2')];
    const answered = [has(1, profile(1)), has(2, profile(2))];
    const refused = (wanted: object, underWay: KnownOfStation['underWay'] = []) =>
      faults(1, wanted, { keys, answered, underWay });
    expect(refused(profile(7, { stackLevel: 1 }))).toEqual(
      fault('chargingProfile', /3 charging profiles: the charge point takes 2 \(its MaxChargingProfilesInstalled/),
    );
    expect(refused(profile(7))).toEqual([]);
    expect(refused(profile(2, { stackLevel: 1 }))).toEqual([]);
    expect(refused(profile(7, { stackLevel: 1 }), [command('ClearChargingProfile', { id: 2 })])).toEqual([]);
  });

  it('where its transaction does not run at its connector, with what runs there', () => {
    const refused = (wanted: object, ...transactions: ProfiledTransaction[]) => faults(1, wanted, { transactions });
    const path = 'chargingProfile.transactionId';
    expect(refused(txProfile(42))).toEqual(
      fault(path, /^transaction 42 does not run at connector 1, none runs at connector 1 \(OCPP 1.6 §3.13.1\)$/),
    );
    expect(refused(txProfile(42), transaction(43))).toEqual(fault(path, /transaction 43 runs there/));
    expect(refused(txProfile(42), transaction(42, { end: 'station' }))).toEqual(fault(path, /none runs/));
    expect(refused(txProfile(42), transaction(42, { connectorId: 2 }))).toEqual(
      fault(path, /it runs at connector 2, none runs at connector 1/),
    );
    expect(refused(txProfile(42), transaction(42))).toEqual([]);
    expect(refused(txProfile(7), transaction(42, { aliases: [7] }))).toEqual([]);
  });

  it('where nothing would come of it: it is not valid any more, or its schedule has ended', () => {
    expect(faults(1, profile(1, { validTo: hours(-1) }))).toEqual(fault('chargingProfile.validTo', /has passed/));
    expect(faults(1, profile(1, { validFrom: hours(2), validTo: hours(1) }))).toEqual(
      fault('chargingProfile.validTo', /never valid/),
    );
    const ended = {
      chargingProfileKind: 'Absolute',
      chargingSchedule: { ...schedule, startSchedule: hours(-2), duration: 7_200 },
    };
    const path = 'chargingProfile.chargingSchedule.duration';
    expect(faults(1, profile(1, ended))).toEqual(fault(path, /ended at 2026-01-02T12:00:00.000Z/));
    const recurring = { ...ended, chargingProfileKind: 'Recurring', recurrencyKind: 'Daily' };
    expect(faults(1, profile(1, recurring))).toEqual([]);
    // Of the transaction, which began an hour ago.
    const lasting = (duration: number) => txProfile(42, { chargingSchedule: { ...schedule, duration } });
    const transactions = [transaction(42)];
    expect(faults(1, lasting(3_600), { transactions })).toEqual(fault(path, /ended at/));
    expect(faults(1, lasting(3_601), { transactions })).toEqual([]);
  });

  it('with all that is the matter at once', () => {
    const known = { keys: [key('ChargeProfileMaxStackLevel', '0')] };
    expect(faults(1, txProfile(42, { stackLevel: 1, validTo: hours(-1) }), known).map(([path]) => path)).toEqual([
      'chargingProfile',
      'chargingProfile.transactionId',
      'chargingProfile.validTo',
    ]);
  });
});
