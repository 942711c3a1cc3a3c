import { describe, expect, it } from 'vitest';
import { commands } from '../../src/ocpp/commands.ts';
import { samples } from './commandSamples.ts';
import { schemas } from './oracle.ts';

const read = (action: string, answer: unknown) => JSON.stringify(commands.get(action)!.response.parse(answer));
const key = (value: unknown, readonly: unknown = false) => ({ configurationKey: [{ key: 'K', readonly, value }] });

describe("a station's answer to a command", () => {
  it.each([
    ['GetConfiguration', key('60', 'false'), key('60')],
    ['GetConfiguration', key('60', 'True'), key('60', true)],
    ['GetConfiguration', key('60', 0), key('60')],
    ['GetConfiguration', key(60), key('60')],
    ['GetConfiguration', key(true), key('true')],
    ['GetConfiguration', key(null), { configurationKey: [{ key: 'K', readonly: false }] }],
    ['GetConfiguration', key(''), key('')],
    ['GetConfiguration', { unknownKey: [7] }, { unknownKey: ['7'] }],
    ['DataTransfer', { status: 'Accepted', data: { a: [1, null] } }, { status: 'Accepted', data: '{"a":[1,null]}' }],
    ['DataTransfer', { status: 'Accepted', data: 5 }, { status: 'Accepted', data: '5' }],
    ['GetLocalListVersion', { listVersion: '3' }, { listVersion: 3 }],
    ['GetCompositeSchedule', { status: 'Accepted', connectorId: '1' }, { status: 'Accepted', connectorId: 1 }],
  ])('%s that says %j is read as meant', (action, answer, meant) => {
    expect(read(action, answer)).toBe(JSON.stringify(meant));
  });

  it.each(Object.entries(samples))('%s may have null for what is optional', (action, { answer }) => {
    const required = schemas.find(({ $id }) => $id === `urn:${action}.conf`)?.required ?? [];
    for (const name of Object.keys(answer).filter((each) => !required.includes(each))) {
      const { [name]: _none, ...others } = answer;
      expect(read(action, { ...answer, [name]: null })).toBe(JSON.stringify(others));
    }
  });

  it.each([
    ['GetConfiguration', key('60', 'maybe')],
    ['GetConfiguration', key('60', null)],
    ['GetConfiguration', key('60', { toString: 1 })],
    ['GetLocalListVersion', { listVersion: 'new' }],
    ['GetLocalListVersion', { listVersion: null }],
    ['GetLocalListVersion', {}],
    ['DataTransfer', { status: null }],
    ['Reset', { status: 'Perhaps' }],
  ])('%s that says %j says nothing that could be meant', (action, answer) => {
    expect(commands.get(action)!.response.safeParse(answer).success).toBe(false);
  });

  it('is refused, not thrown at, where it is nested too deeply to be kept', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    for (const answer of [key(deep), key('60', deep)]) {
      expect(commands.get('GetConfiguration')!.response.safeParse(answer).success).toBe(false);
    }
    expect(commands.get('DataTransfer')!.response.safeParse({ status: 'Accepted', data: deep }).success).toBe(false);
  });
});
