import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../drizzle/client.ts';
import { USUAL_SUPPLY } from '../../src/ocpp/compositeSchedule.ts';
import { compareSchedules } from '../../src/operators/compositeSchedule.ts';
import {
  readCertificates,
  readChargingProfiles,
  readConfiguration,
  readLocalList,
  readReservations,
} from '../../src/operators/learnt/read.ts';
import { accepted, answered, later, lost, openStore, type Said, sentTo as storedFor, type Store } from './support.ts';

let stored: Store;

beforeAll(async () => {
  stored = await openStore(inject('databaseUrl'));
});
afterAll(() => stored.close());

const sentTo = (...said: Said[]) => storedFor(stored.writer, ...said);

/** Ids of the commands that leave something in doubt. */
function doubts(read: (database: Database, id: string) => Promise<{ doubts: { commandId: string }[] }>) {
  return async (...said: Said[]) =>
    (await read(stored.database, await sentTo(...said))).doubts.map((one) => one.commandId);
}

describe('in doubt', () => {
  const change = { key: 'HeartbeatInterval', value: '60' };
  const of = doubts(readConfiguration);

  it('is what was sent and not answered, since then, by that command', async () => {
    const id = await sentTo(lost('ChangeConfiguration', change));
    expect(await readConfiguration(stored.database, id)).toEqual({
      completeAt: null,
      items: [],
      doubts: [{ commandId: 'c1', action: 'ChangeConfiguration', since: later(60), about: 'HeartbeatInterval' }],
    });
  });

  it('is what an edge may have sent, and what is under way', async () => {
    for (const state of ['sent', 'timedOut', 'connectionLost', 'notObserved'] as const) {
      expect([state, await of(lost('ChangeConfiguration', change, { state }))]).toEqual([state, ['c1']]);
    }
    for (const state of ['connectionLost', 'expired'] as const) {
      const id = await sentTo(lost('ChangeConfiguration', change, { state, sentAt: null }));
      expect((await readConfiguration(stored.database, id)).doubts).toMatchObject([
        { commandId: 'c1', since: later(61) },
      ]);
    }
  });

  it('is nothing that was not sent, or that the station answered', async () => {
    const unsent = { sentAt: null, connection: null };
    for (const state of ['queued', 'expired', 'cancelled', 'refused'] as const) {
      expect([state, await of(lost('ChangeConfiguration', change, { state, ...unsent }))]).toEqual([state, []]);
    }
    expect(await of(lost('ChangeConfiguration', change, { state: 'failed' }))).toEqual([]);
    const answer = { status: 'Rejected' };
    expect(await of({ ...answered('ChangeConfiguration', change, answer), state: 'rejected' })).toEqual([]);
    expect(await of(lost('ClearCache', {}))).toEqual([]);
  });
});

describe('a configuration key in doubt', () => {
  const of = doubts(readConfiguration);
  const change = (key: string, value: string) => ({ key, value });
  const tells = (key: string, value: string, asked: Record<string, unknown> = { key: [key] }) =>
    answered('GetConfiguration', asked, { configurationKey: [{ key, value, readonly: false }] });
  const unanswered = lost('ChangeConfiguration', change('A', '2'));

  it('is certain again when the station tells of it, or of all its keys, or takes another value', async () => {
    const before = tells('A', '1');
    expect(await of(before, unanswered)).toEqual(['c2']);
    expect(await of(before, unanswered, tells('a', '1'))).toEqual([]);
    expect(await of(before, unanswered, tells('B', '1', {}))).toEqual([]);
    expect(await of(unanswered, answered('GetConfiguration', { key: ['A'] }, { unknownKey: ['A'] }))).toEqual([]);
    expect(await of(before, unanswered, accepted('ChangeConfiguration', change('A', '3')))).toEqual([]);
  });

  it('is not by what it told before, in the same moment even, tells of others, or refuses', async () => {
    const moment = later(60);
    const before = { ...tells('A', '1'), answeredAt: moment, commandId: 'z' };
    expect(await of(before, { ...unanswered, sentAt: moment })).toEqual(['c2']);
    expect(await of(unanswered, tells('B', '1'))).toEqual(['c1']);
    const refused = answered('ChangeConfiguration', change('A', '3'), { status: 'Rejected' });
    expect(await of(unanswered, refused)).toEqual(['c1']);
  });

  it('is none where it has the value that it was to be given', async () => {
    expect(await of(tells('A', '2'), unanswered)).toEqual([]);
  });

  it('is not AuthorizationKey, whose values are decided elsewhere', async () => {
    expect(await of(lost('ChangeConfiguration', change('AuthorizationKey', 'x')))).toEqual([]);
  });
});

describe('a local list in doubt', () => {
  const of = doubts(readLocalList);
  const entry = (idTag: string) => ({ idTag, idTagInfo: { status: 'Accepted' } });
  const list = (listVersion: number, updateType: string, ...idTags: string[]) => ({
    listVersion,
    updateType,
    localAuthorizationList: idTags.map(entry),
  });
  const full = accepted('SendLocalList', list(4, 'Full', 'A'));
  const unanswered = lost('SendLocalList', list(5, 'Differential', 'B'));
  const version = (listVersion: number) => answered('GetLocalListVersion', {}, { listVersion });

  it('shows what it was before, and what is not certain', async () => {
    const id = await sentTo(full, unanswered);
    expect(await readLocalList(stored.database, id)).toMatchObject({
      version: { value: 4 },
      items: [{ idTag: 'A' }],
      doubts: [{ commandId: 'c2', action: 'SendLocalList', since: later(120), about: 'Differential list, version 5' }],
    });
  });

  it('is certain again by a Full list that was accepted, and by versions that say that there is nothing in it', async () => {
    expect(await of(full, unanswered, accepted('SendLocalList', list(6, 'Full', 'C')))).toEqual([]);
    expect(await of(full, unanswered, version(0))).toEqual([]);
    expect(await of(full, unanswered, version(-1))).toEqual([]);
  });

  it('is not by the version of what it had or may have, nor by what is added to it', async () => {
    for (const told of [4, 5]) expect([told, await of(full, unanswered, version(told))]).toEqual([told, ['c2']]);
    expect(await of(full, unanswered, accepted('SendLocalList', list(6, 'Differential', 'C')))).toEqual(['c2']);
    expect(await of(full, lost('SendLocalList', list(5, 'Full')), version(5))).toEqual(['c2']);
  });

  it('is not known any more, without a doubt, where the station has a list of another version', async () => {
    const read = await readLocalList(stored.database, await sentTo(full, unanswered, version(9)));
    expect(read).toMatchObject({ version: { value: 9 }, items: null, doubts: [] });
  });
});

describe('charging profiles in doubt', () => {
  const of = doubts(readChargingProfiles);
  const profile = (chargingProfileId: number, stackLevel = 0) => ({
    chargingProfileId,
    stackLevel,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Relative',
    chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
  });
  const setting = (connectorId: number, csChargingProfiles: object) => ({ connectorId, csChargingProfiles });
  const set = (...given: Parameters<typeof setting>) => accepted('SetChargingProfile', setting(...given));
  const unanswered = lost('SetChargingProfile', setting(1, profile(1)));

  it('are certain again when what may be there is replaced, or cleared', async () => {
    expect(await of(unanswered)).toEqual(['c1']);
    expect(await of(unanswered, set(1, profile(1)))).toEqual([]);
    expect(await of(unanswered, answered('ClearChargingProfile', { id: 1 }, { status: 'Unknown' }))).toEqual([]);
    expect(await of(unanswered, set(1, profile(2, 3)))).toEqual(['c1']);
    // The one that it would have dropped may be there still.
    expect(await of(set(1, profile(2)), unanswered, set(2, profile(1)))).toEqual(['c2']);
  });

  it('are those that may have been cleared', async () => {
    const cleared = lost('ClearChargingProfile', { id: 2 });
    expect(await of(set(1, profile(2)), cleared)).toEqual(['c2']);
    expect(await of(set(1, profile(2)), cleared, set(1, profile(2)))).toEqual([]);
    expect(await of(set(1, profile(3)), cleared)).toEqual([]);
  });

  it('make the schedule of their connector another one, and of no other', async () => {
    const id = await sentTo(unanswered);
    const expected = (connectorId: number) =>
      compareSchedules(stored.database, id, { connectorId, seconds: 3_600, unit: 'A', supply: USUAL_SUPPLY });
    expect(await expected(1)).toMatchObject({
      expected: { periods: [{ limit: null }] },
      doubts: [{ commandId: 'c1', about: 'charging profile 1 at connector 1' }],
    });
    expect((await expected(2)).doubts).toEqual([]);
  });
});

describe('reservations in doubt', () => {
  const of = doubts(readReservations);
  const reservation = (expiryDate = new Date(Date.now() + 3_600_000).toISOString()) => ({
    reservationId: 7,
    connectorId: 1,
    idTag: 'TAG',
    expiryDate,
  });
  const cancel = { reservationId: 7 };

  it('are those that may have been made, until they would have ended', async () => {
    const unanswered = lost('ReserveNow', reservation());
    expect(await of(unanswered)).toEqual(['c1']);
    expect(await of(unanswered, answered('CancelReservation', cancel, { status: 'Rejected' }))).toEqual([]);
    expect(await of(unanswered, accepted('ReserveNow', reservation()))).toEqual([]);
    expect(await of(lost('ReserveNow', reservation(later(3_600))))).toEqual([]);
  });

  it('are those that may have been cancelled', async () => {
    const unanswered = lost('CancelReservation', cancel);
    expect(await of(accepted('ReserveNow', reservation()), unanswered)).toEqual(['c2']);
    expect(await of(unanswered)).toEqual([]);
  });
});

describe('certificates in doubt', () => {
  const of = doubts(readCertificates);
  const certificateType = 'CentralSystemRootCertificate';
  const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: '01' };
  const lists = answered('GetInstalledCertificateIds', { certificateType }, { status: 'NotFound' });

  it('are those that may have been installed, or deleted, until the station lists them', async () => {
    const installed = lost('InstallCertificate', { certificateType, certificate: 'of the test' });
    expect(await of(installed)).toEqual(['c1']);
    expect(await of(installed, lists)).toEqual([]);
    const ofOther = { ...lists, payload: { certificateType: 'ManufacturerRootCertificate' } };
    expect(await of(installed, ofOther)).toEqual(['c1']);
    const listed = { ...lists, answer: { status: 'Accepted', certificateHashData: [hashData] } };
    const deleted = lost('DeleteCertificate', { certificateHashData: hashData });
    expect(await of(listed, deleted)).toEqual(['c2']);
    expect(await of(listed, deleted, listed)).toEqual([]);
  });
});
