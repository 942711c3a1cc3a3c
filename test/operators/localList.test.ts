import { describe, expect, it } from 'vitest';
import { planLocalList, type ListedIdTag } from '../../src/operators/localList.ts';
import type { ConfigurationKey } from '../../src/operators/learnt/configuration.ts';
import type { LearntLocalList } from '../../src/operators/learnt/localList.ts';
import { exactRequest } from '../../src/ocpp/command.ts';
import { commands as table } from '../../src/ocpp/commands.ts';

const source = { learntAt: '2026-01-01T00:00:00.000Z', commandId: 'c' };
const unknown: LearntLocalList = { supported: null, version: null, knownSince: null, items: null };

function has(version: number, ...items: ListedIdTag[]): LearntLocalList {
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
  };
}

function key(name: string, value: string): ConfigurationKey {
  return { key: name, supported: true, value, readonly: true, pending: null, ...source };
}

const tags = (count: number): ListedIdTag[] =>
  Array.from({ length: count }, (_, i) => ({ idTag: `TAG${i}`, status: 'Accepted' }));

/** Update type, version and how many entries of each CALL; every one as exact as it has to be to leave. */
function calls(planned: { action: string; payload: Record<string, unknown> }[]) {
  return planned.map(({ action, payload }) => {
    const exact = exactRequest(table.get(action)!, payload);
    const { updateType, listVersion, localAuthorizationList } = exact;
    return action === 'SendLocalList' ? [updateType, listVersion, (localAuthorizationList as []).length] : action;
  });
}

describe('a local list', () => {
  it('of a station that nothing is known of is sent in full, and asked for', () => {
    const plan = planLocalList(tags(3), unknown, []);
    expect(calls(plan.commands)).toEqual([['Full', 1, 3], 'GetLocalListVersion']);
    expect(plan).toMatchObject({ otherwise: [], listVersion: 1 });
  });

  it('is split into as many entries as the station takes', () => {
    const plan = planLocalList(tags(25), has(7), [key('sendlocallistmaxlength', '10')]);
    expect(calls(plan.commands)).toEqual([
      ['Full', 8, 10],
      ['Differential', 9, 10],
      ['Differential', 10, 5],
      'GetLocalListVersion',
    ]);
    expect(plan.listVersion).toBe(10);
  });

  it('that has changed a little is sent by what has changed, and in full if the station refuses that', () => {
    const [a, b, c] = tags(3) as [ListedIdTag, ListedIdTag, ListedIdTag];
    const blocked: ListedIdTag = { ...b, idTag: 'tag1', status: 'Blocked' };
    const plan = planLocalList([a, blocked], has(4, a, b, c), []);
    expect(plan.commands[0]).toEqual({
      action: 'SendLocalList',
      payload: {
        updateType: 'Differential',
        listVersion: 5,
        localAuthorizationList: [{ idTag: 'tag1', idTagInfo: { status: 'Blocked' } }, { idTag: 'TAG2' }],
      },
    });
    expect(calls(plan.commands).slice(1)).toEqual(['GetLocalListVersion']);
    expect(calls(plan.otherwise)).toEqual([['Full', 5, 2], 'GetLocalListVersion']);
    expect(plan.listVersion).toBe(5);
  });

  it('that the station has is not sent', () => {
    const list = tags(3);
    expect(planLocalList(list.toReversed(), has(4, ...list), [])).toEqual({
      commands: [],
      otherwise: [],
      listVersion: 4,
    });
  });

  it('is emptied by an empty Full list', () => {
    expect(calls(planLocalList([], has(4, ...tags(3)), []).commands)).toEqual([['Full', 5, 0], 'GetLocalListVersion']);
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
  });
});
