import { describe, expect, it } from 'vitest';
import { planLocalList, submissionOf, type ListedIdTag } from '../../src/operators/localListPlan.ts';
import type { ConfigurationKey } from '../../src/operators/learnt/configuration.ts';
import type { Doubted } from '../../src/operators/learnt/doubts.ts';
import type { LearntLocalList } from '../../src/operators/learnt/localList.ts';
import { exactRequest } from '../../src/ocpp/command.ts';
import { commands as table } from '../../src/ocpp/commands.ts';
import { asSubmission } from '../../workflows/state/inbound.ts';

const source = { learntAt: '2026-01-01T00:00:00.000Z', commandId: 'c' };
type Known = LearntLocalList & Doubted;
const unknown: Known = { supported: null, version: null, knownSince: null, items: null, doubts: [] };

function has(version: number, ...items: ListedIdTag[]): Known {
  const entries = items.map((item) => ({ expiryDate: null, parentIdTag: null, ...item, ...source }));
  return {
    supported: true,
    version: { value: version, ...source },
    knownSince: source.learntAt,
    items: entries.map((entry) => ({
      ...entry,
      expiryDate: entry.expiryDate ?? null,
      parentIdTag: entry.parentIdTag ?? null,
    })),
    doubts: [],
  };
}

function key(name: string, value: string): ConfigurationKey {
  return { key: name, supported: true, value, readonly: true, pending: null, ...source };
}

const tags = (count: number): ListedIdTag[] =>
  Array.from({ length: count }, (_, i) => ({ idTag: `TAG${i}`, status: 'Accepted' }));

/**
 * Update type, version and how many entries of each CALL, and the version that has to be there in the end; every one as exact
 * as it has to be to leave.
 */
function calls(planned: { action: string; payload: Record<string, unknown>; expected?: Record<string, unknown> }[]) {
  return planned.map(({ action, payload, expected }) => {
    const exact = exactRequest(table.get(action)!, payload);
    const { updateType, listVersion, localAuthorizationList } = exact;
    return action === 'SendLocalList'
      ? [updateType, listVersion, (localAuthorizationList as []).length]
      : [action, expected?.listVersion];
  });
}

/** What an actor would say of a plan: it takes it, or not. */
function taken(plan: ReturnType<typeof planLocalList>): boolean {
  const whoAsks = { requestedBy: 'x'.repeat(100), via: 'rest' };
  return 'submission' in asSubmission({ ...submissionOf(plan), ...whoAsks });
}

/** The most of these that a plan is made of. */
function mostOf(all: ListedIdTag[], isPlanned: (some: ListedIdTag[]) => boolean): ListedIdTag[] {
  let [few, many] = [0, all.length + 1];
  while (many - few > 1) {
    const half = Math.floor((few + many) / 2);
    if (isPlanned(all.slice(0, half))) few = half;
    else many = half;
  }
  return all.slice(0, few);
}

function isSendable(...given: Parameters<typeof planLocalList>): boolean {
  try {
    planLocalList(...given);
    return true;
  } catch {
    return false;
  }
}

describe('a local list', () => {
  it('of a station that nothing is known of is sent in full, and asked for', () => {
    const plan = planLocalList(tags(3), unknown, []);
    expect(calls(plan.commands)).toEqual([
      ['Full', 1, 3],
      ['GetLocalListVersion', 1],
    ]);
    expect(plan).toMatchObject({ otherwise: [], listVersion: 1 });
  });

  it('is split into as many entries as the station takes', () => {
    const plan = planLocalList(tags(25), has(7), [key('sendlocallistmaxlength', '10')]);
    expect(calls(plan.commands)).toEqual([
      ['Full', 8, 10],
      ['Differential', 9, 10],
      ['Differential', 10, 5],
      ['GetLocalListVersion', 10],
    ]);
    expect(plan).toMatchObject({ otherwise: [], listVersion: 10 });
  });

  it('is one submission: what comes after a part waits for it, and each has an id of its own', () => {
    const plan = planLocalList(tags(25), has(7), [key('SendLocalListMaxLength', '10')]);
    const { commandId, action, payload, options } = submissionOf(plan);
    expect({ action, payload }).toMatchObject({ action: 'SendLocalList', payload: { updateType: 'Full' } });
    expect(options).toEqual({ next: plan.commands.slice(1) });
    expect([commandId, ...options.next.map((each) => each.commandId)]).toEqual(
      plan.commands.map((each) => each.commandId),
    );
    expect(new Set(plan.commands.map((each) => each.commandId)).size).toBe(4);
    expect(taken(plan)).toBe(true);
  });

  it('that has changed a little is sent by what has changed, and in full if the station refuses that', () => {
    const [a, b, c] = tags(3) as [ListedIdTag, ListedIdTag, ListedIdTag];
    const blocked: ListedIdTag = { ...b, idTag: 'tag1', status: 'Blocked' };
    const plan = planLocalList([a, blocked], has(4, a, b, c), []);
    expect(plan.commands[0]).toMatchObject({
      action: 'SendLocalList',
      payload: {
        updateType: 'Differential',
        listVersion: 5,
        localAuthorizationList: [{ idTag: 'tag1', idTagInfo: { status: 'Blocked' } }, { idTag: 'TAG2' }],
      },
    });
    expect(calls(plan.commands).slice(1)).toEqual([['GetLocalListVersion', 5]]);
    expect(calls(plan.otherwise)).toEqual([
      ['Full', 5, 2],
      ['GetLocalListVersion', 5],
    ]);
    expect(plan.listVersion).toBe(5);
    expect(submissionOf(plan).options).toEqual({ next: plan.commands.slice(1), otherwise: plan.otherwise });
    expect(new Set([...plan.commands, ...plan.otherwise].map((each) => each.commandId)).size).toBe(4);
  });

  it('in full, in parts, is what is sent otherwise, with the version that it has in the end', () => {
    const before = tags(25);
    const plan = planLocalList(before.slice(1), has(4, ...before), [key('SendLocalListMaxLength', '10')]);
    expect(calls(plan.commands)).toEqual([
      ['Differential', 5, 1],
      ['GetLocalListVersion', 5],
    ]);
    expect(calls(plan.otherwise)).toEqual([
      ['Full', 5, 10],
      ['Differential', 6, 10],
      ['Differential', 7, 4],
      ['GetLocalListVersion', 7],
    ]);
  });

  it('that the station has is not sent', () => {
    const list = tags(3);
    expect(planLocalList(list.toReversed(), has(4, ...list), [])).toEqual({
      commands: [],
      otherwise: [],
      listVersion: 4,
    });
  });

  it('is sent in full while a list that was sent is in doubt, or under way, with a version above its own', () => {
    const list = tags(3);
    const doubt = { commandId: 'lost', action: 'SendLocalList', since: source.learntAt, about: 'a list' };
    const doubted = { ...has(4, ...list), doubts: [doubt] };
    for (const wanted of [list, list.slice(1)]) {
      const lost = [{ payload: { listVersion: 9 } }];
      expect(calls(planLocalList(wanted, doubted, []).commands)[0]).toEqual(['Full', 5, wanted.length]);
      expect(calls(planLocalList(wanted, doubted, [], lost).commands)[0]).toEqual(['Full', 10, wanted.length]);
      const underWay = planLocalList(wanted, has(4, ...list), [], lost);
      expect(calls(underWay.commands)).toEqual([
        ['Full', 10, wanted.length],
        ['GetLocalListVersion', 10],
      ]);
      expect(underWay.otherwise).toEqual([]);
    }
  });

  it('is emptied by an empty Full list', () => {
    expect(calls(planLocalList([], has(4, ...tags(3)), []).commands)).toEqual([
      ['Full', 5, 0],
      ['GetLocalListVersion', 5],
    ]);
  });

  it('can be changed where it could be sent, however long: in full where that does not fit beside what has changed', () => {
    const all = tags(6_000);
    const long = mostOf(all, (some) => isSendable(some, unknown, []));
    expect(long.length).toBeGreaterThan(4_000);
    expect(long.length).toBeLessThan(all.length);
    const sentIn = (list: ListedIdTag[], count: number) => {
      const changed = list.map((entry, i): ListedIdTag => (i < count ? { ...entry, status: 'Blocked' } : entry));
      const plan = planLocalList(changed, has(7, ...list), []);
      expect(taken(plan)).toBe(true);
      return plan.commands[0]!.payload.updateType;
    };
    expect(taken(planLocalList(long, unknown, []))).toBe(true);
    expect([1, 50, 100].map((count) => sentIn(long, count))).toEqual(['Full', 'Full', 'Full']);
    // Room for some entries twice, not for many.
    expect([1, 100].map((count) => sentIn(long.slice(0, -50), count))).toEqual(['Differential', 'Full']);
  });

  it('tells what is the matter where it cannot be sent', () => {
    expect(() => planLocalList(tags(3), unknown, [key('LocalAuthListMaxLength', '2')])).toThrow(
      '3 entries: the charge point takes 2 (its LocalAuthListMaxLength)',
    );
    expect(() => planLocalList([...tags(1), { idTag: 'tag0', status: 'Blocked' }], unknown, [])).toThrow(
      'id tag "tag0" is there twice',
    );
    expect(() => planLocalList(tags(1), { ...unknown, supported: false }, [])).toThrow('has no local list');
    expect(() => planLocalList(tags(101), unknown, [key('SendLocalListMaxLength', '2')])).toThrow('more than 49');
    const long = tags(6_000);
    expect(() => planLocalList(long, unknown, [key('SendLocalListMaxLength', '500')])).toThrow('characters of JSON');
  });

  it('of the longest entries there are has no CALL that is too long', () => {
    const longest = Array.from({ length: 400 }, (_, i): ListedIdTag => ({
      idTag: `${'\u0001'.repeat(17)}${String(i).padStart(3, '0')}`,
      status: 'Accepted',
      expiryDate: '2026-12-31T22:00:00.000Z',
      parentIdTag: '\u0001'.repeat(20),
    }));
    const plan = planLocalList(longest, unknown, [key('SendLocalListMaxLength', '1000')]);
    expect(Math.max(...plan.commands.map(({ payload }) => JSON.stringify(payload).length))).toBeLessThan(100_000);
  });
});
