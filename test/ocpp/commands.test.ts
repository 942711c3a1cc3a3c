import { describe, expect, it } from 'vitest';
import { exactRequest, InvalidCommand } from '../../src/ocpp/command.ts';
import { commands } from '../../src/ocpp/commands.ts';
import { commandRules } from '../../workflows/commands/rules.ts';
import { samples } from './commandSamples.ts';
import { isValid, schemas } from './oracle.ts';

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

describe('every command of OCPP 1.6 and its security extension', () => {
  it("is in the table, in the actor's too, and nothing else is", () => {
    // What the oracle has both ways, stations send.
    const sentByStations =
      /^(Authorize|BootNotification|Heartbeat|.*Values|.*Notification|(Start|Stop)Transaction|SignCertificate)$/;
    const specified = schemas.map(({ $id }) => /^urn:(\w+)\.req$/.exec($id)?.[1] ?? '').filter(Boolean);
    const expected = specified.filter((action) => !sentByStations.test(action)).toSorted();
    expect(expected).toHaveLength(26);
    expect([...commands.keys()].toSorted()).toEqual(expected);
    expect([...commandRules.keys()].toSorted()).toEqual(expected);
  });

  it.each(Object.entries(samples))('%s leaves as the specification has it', (action, { payload, answer }) => {
    const command = commands.get(action)!;
    const exact = exactRequest(command, payload);
    expect(exact).toEqual(payload);
    expect(isValid(`urn:${action}.req`, exact)).toBe(true);
    expect(commandRules.get(action)!.check(payload)).toEqual({ payload });
    expect(isValid(`urn:${action}.conf`, answer)).toBe(true);
    expect(command.response.parse({ ...answer, vendorSays: 1 })).toEqual(answer);
    for (const name of Object.keys(payload)) {
      expect(() => exactRequest(command, { ...payload, [name]: null })).toThrow(InvalidCommand);
    }
    expect(() => exactRequest(command, { ...payload, unknownProperty: 1 })).toThrow(/unknownProperty/);
    const required = schemas.find(({ $id }) => $id === `urn:${action}.req`)?.required ?? [];
    for (const name of required) {
      const { [name]: _left, ...others } = payload;
      expect(() => exactRequest(command, others)).toThrow(InvalidCommand);
    }
  });

  it.each([
    ['ChangeConfiguration', { key: 'AuthorizationKey', value: 'secret' }, /set it at the charge point/],
    ['RemoteStartTransaction', { idTag: 'x'.repeat(21) }, /idTag/],
    ['RemoteStartTransaction', { idTag: 'T', connectorId: 0 }, /connectorId/],
    [
      'SetChargingProfile',
      {
        ...samples.SetChargingProfile!.payload,
        connectorId: 0,
      },
      /a TxProfile is for the connector/,
    ],
    ['SendLocalList', { listVersion: 1, updateType: 'Full', localAuthorizationList: [{ idTag: 'T' }] }, /idTagInfo/],
    ['GetDiagnostics', { location: 'here' }, /location/],
    ['UpdateFirmware', { location: 'https://h/f', retrieveDate: '2026-12-31T22:00:00' }, /retrieveDate/],
  ])('%s is refused with the rule that %j breaks', (action, payload, words) => {
    expect(() => exactRequest(commands.get(action)!, payload)).toThrow(words);
  });
});
