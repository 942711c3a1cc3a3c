import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactRequest, InvalidCommand } from '../../src/ocpp/command.ts';
import { commands } from '../../src/ocpp/commands.ts';
import { stationMessages } from '../../src/ocpp/messages.ts';
import { commandRules } from '../../workflows/commands/table.ts';
import { samples } from './commandSamples.ts';
import { differences } from './differences.ts';
import { isValid, partsOf, payloads, schemas } from './oracle.ts';

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
    expect(() => exactRequest(reset, {})).toThrow(/^no valid Reset\.req \(OCPP 1\.6 §6\.39\): type: .*"Hard"\|"Soft"/);
    expect(() => exactRequest(reset, { type: 'hard' })).toThrow(/type: /);
    expect(() => exactRequest(reset, { type: 'Hard', force: true })).toThrow(/"force"/);
    expect(() => exactRequest(reset, { type: null })).toThrow(/type: /);
    expect(() => exactRequest(reset, null)).toThrow(/^no valid Reset\.req \(OCPP 1\.6 §6\.39\): /);
  });

  it('reads the answer of the station, with or without further properties', () => {
    expect(reset.response.parse({ status: 'Rejected', vendor: 1 })).toEqual({ status: 'Rejected' });
    expect(reset.response.safeParse({ status: 'Maybe' }).success).toBe(false);
  });
});

describe('every command of OCPP 1.6 and its security extension', () => {
  it("is in the table, in the actor's too, and nothing else is", () => {
    const specified = schemas.map(({ $id }) => /^urn:(\w+)\.(?:req|conf)$/.exec($id)?.[1] ?? '');
    expect(specified).toHaveLength(78);
    // DataTransfer goes both ways.
    const here = new Set([...stationMessages.keys(), ...commands.keys()]);
    expect([...here].toSorted()).toEqual([...new Set(specified)].toSorted());
    expect(commands.size).toBe(26);
    expect([...stationMessages.keys()].filter((action) => commands.has(action))).toEqual(['DataTransfer']);
    expect([...commandRules.keys()].toSorted()).toEqual([...commands.keys()].toSorted());
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
    ['ChangeConfiguration', { key: 'AuthorizationKey', value: 'secret' }, /authorization-key changes it/],
    ['RemoteStartTransaction', { idTag: 'x'.repeat(21) }, /idTag/],
    ['RemoteStartTransaction', { idTag: 'T', connectorId: 0 }, /connectorId/],
    ['SetChargingProfile', { ...profileOf({ limit: 1 }), connectorId: 0 }, /a TxProfile is for the connector/],
    ['SetChargingProfile', profileOf({ limit: 8.15 }), /limit: .*0\.1/],
    ['SetChargingProfile', profileOf({ limit: 16, numberPhases: 1.5 }), /numberPhases/],
    ['SendLocalList', { listVersion: 1, updateType: 'Full', localAuthorizationList: [{ idTag: 'T' }] }, /idTagInfo/],
    ['GetDiagnostics', { location: 'here' }, /location/],
    [
      'GetLog',
      { ...samples.GetLog!.payload, log: { remoteLocation: 'here' } },
      /security.*§5\.9\): log\.remoteLocation/,
    ],
    ['GetLog', { ...samples.GetLog!.payload, log: { remoteLocation: `ftp://h/${'x'.repeat(505)}` } }, /512/],
    ['UpdateFirmware', { location: 'https://h/f', retrieveDate: '2026-12-31T22:00:00' }, /retrieveDate/],
  ])('%s is refused with the rule that %j breaks', (action, payload, words) => {
    expect(() => exactRequest(commands.get(action)!, payload)).toThrow(words);
  });
});

describe.each([...commands])('%s of the specification', (action, command) => {
  const known = differences.filter(({ actions }) => actions?.includes(action) ?? true);

  it('leaves as it is, but for the differences listed by name', () => {
    let left = 0;
    fc.assert(
      fc.property(payloads(`urn:${action}.req`), (payload) => {
        expect(isValid(`urn:${action}.req`, payload)).toBe(true);
        const parts = partsOf(`urn:${action}.req`, payload);
        const differs = known.filter(({ isIn }) => isIn(parts, payload)).map(({ what }) => what);
        expect([payload, differs, outcome(action, payload)]).toEqual([payload, differs, differs.length === 0]);
        if (differs.length > 0) return;
        left += 1;
        expect(exactRequest(command, payload)).toEqual(payload);
        expect(commandRules.get(action)!.check(payload)).toEqual({ payload });
      }),
      // Of the profiles made by the schema alone, one in 200 is sound.
      { numRuns: action === 'SetChargingProfile' ? 4_000 : 300 },
    );
    expect(left).toBeGreaterThan(0);
  });

  it('is all that leaves', () => {
    fc.assert(
      fc.property(payloads(`urn:${action}.req`), fc.nat(), oddValue, fc.string(), (payload, position, value, name) => {
        const odd = withOdd(payload, position, value, name);
        if (!outcome(action, odd)) return;
        const exact = exactRequest(command, odd);
        expect([exact, isValid(`urn:${action}.req`, exact)]).toEqual([exact, true]);
      }),
      { numRuns: 300 },
    );
  });

  it('is understood when the station answers it, whole, and as what it says', () => {
    fc.assert(
      fc.property(payloads(`urn:${action}.conf`), fc.jsonValue(), (answer, vendorSays) => {
        expect(isValid(`urn:${action}.conf`, answer)).toBe(true);
        expect(command.response.parse({ ...answer, vendorSays })).toEqual(answer);
        // Where the answer has no status, the station has done what it was asked.
        const status = String(answer.status ?? 'Accepted');
        const agrees = status === 'Accepted' || AGREEING.has(`${action} ${status}`);
        expect([answer, commandRules.get(action)!.accepted(answer)]).toEqual([answer, agrees]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a difference from the specification’s schemas', () => {
  it.each(differences)('is real: $what ($why)', ({ what, actions, example: { action, payload } }) => {
    expect(isValid(`urn:${action}.req`, payload)).toBe(true);
    expect(() => exactRequest(commands.get(action)!, payload)).toThrow(InvalidCommand);
    const parts = partsOf(`urn:${action}.req`, payload);
    const found = differences.filter((each) => (each.actions?.includes(action) ?? true) && each.isIn(parts, payload));
    expect(found.map((each) => each.what)).toEqual([what]);
    for (const each of actions ?? []) expect(commands.has(each)).toBe(true);
  });
});

function profileOf(period: object): Record<string, unknown> {
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, ...period }] };
  const { payload } = samples.SetChargingProfile!;
  return { ...payload, csChargingProfiles: { ...(payload.csChargingProfiles as object), chargingSchedule } };
}

/** The words other than Accepted by which a station says that it does, or will do, what it was asked. */
const AGREEING = new Set([
  'GetInstalledCertificateIds NotFound',
  'ChangeAvailability Scheduled',
  'ChangeConfiguration RebootRequired',
  // There was none to clear.
  'ClearChargingProfile Unknown',
  'GetLog AcceptedCanceled',
  'SignedUpdateFirmware AcceptedCanceled',
  'UnlockConnector Unlocked',
]);

function outcome(action: string, payload: unknown): boolean {
  try {
    exactRequest(commands.get(action)!, payload);
    return true;
  } catch (error) {
    if (error instanceof InvalidCommand) return false;
    throw error;
  }
}

const oddValue = fc.oneof(
  fc.constantFrom(undefined, null, true, '', [], {}, '1', -1, 0.05, 0.1 + 0.2, 8.1, 1e21, '2026-12-31', 'now'),
  fc.constantFrom('2026-12-31T22:00Z', '2026-12-31T24:00:00Z', '2026-02-30T22:00:00Z', '2026-12-31 22:00:00Z'),
  fc.constantFrom(
    ' http://h ',
    'http://h/a b',
    'http://a@b@c/',
    'http:\\\\h',
    'http://h/%zz',
    'http://h/é',
    'a:',
    'a:?b',
  ),
  fc.constantFrom('http:h', 'x:y', 'sftp://', 'ftp://[::1]:21/a#b', 'ftp://h/a#b#c', 'ftp://h/[a]', 'file:///a'),
  fc.string({ unit: fc.constantFrom('http:', 'sftp:', '//', ...Array.from('a1.:/@[]?#%é "'), '%20', '[::1]') }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.integer().map((length) => 'x'.repeat(Math.abs(length) % 600)),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The payload with an odd value in one place, however deep, or under one name more. */
function withOdd(payload: unknown, position: number, value: unknown, name: string): unknown {
  const places = placesIn(payload, name);
  const copy: unknown = structuredClone(payload);
  const place = places[position % places.length] ?? [];
  const last = place.at(-1) ?? '';
  const holder = place.slice(0, -1).reduce((at, key) => (at as Record<string, unknown>)[key], copy);
  if (value === undefined) Reflect.deleteProperty(holder as object, last);
  else Object.defineProperty(holder, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function placesIn(value: unknown, name: string): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) => [
    [key],
    ...placesIn(each, name).map((place) => [key, ...place]),
  ]);
  return Array.isArray(value) ? inner : [...inner, [name]];
}
