import { describe, expect, it } from 'vitest';
import { exactRequest, InvalidCommand } from '../../src/ocpp/command.ts';
import { commands } from '../../src/ocpp/commands.ts';
import { isValid } from './oracle.ts';

const reset = commands.get('Reset')!;

describe('Reset', () => {
  it('leaves exactly as the specification has it', () => {
    for (const type of ['Hard', 'Soft']) {
      const payload = exactRequest(reset, { type });
      expect(payload).toEqual({ type });
      expect(isValid('urn:Reset.req', payload)).toBe(true);
    }
  });

  it('is refused with words for anything else', () => {
    expect(() => exactRequest(reset, {})).toThrow(InvalidCommand);
    expect(() => exactRequest(reset, {})).toThrow(/^no valid Reset.req: type: .*"Hard"\|"Soft"/);
    expect(() => exactRequest(reset, { type: 'hard' })).toThrow(/type: /);
    expect(() => exactRequest(reset, { type: 'Hard', force: true })).toThrow(/"force"/);
    expect(() => exactRequest(reset, { type: null })).toThrow(/type: /);
    expect(() => exactRequest(reset, null)).toThrow(/^no valid Reset.req: /);
  });

  it('reads the answer of the station, with or without further properties', () => {
    expect(reset.response.parse({ status: 'Rejected', vendor: 1 })).toEqual({ status: 'Rejected' });
    expect(reset.response.safeParse({ status: 'Maybe' }).success).toBe(false);
  });
});
