import { describe, expect, it } from 'vitest';
import type { AnsweredCommand } from '../../src/operators/learnt/answered.ts';
import { foldCertificates } from '../../src/operators/learnt/certificates.ts';
import { foldChargingProfiles, type ProfiledTransaction } from '../../src/operators/learnt/chargingProfiles.ts';
import { foldConfiguration } from '../../src/operators/learnt/configuration.ts';
import { foldLocalList } from '../../src/operators/learnt/localList.ts';
import { foldReservations, type ReservingTransaction } from '../../src/operators/learnt/reservations.ts';

const T0 = Date.parse('2026-01-02T12:00:00.000Z');
/** Minutes after the beginning. */
const at = (minutes: number) => new Date(T0 + minutes * 60_000).toISOString();

/** A command answered at that minute; its id is `c<minute>`. */
function answered(minute: number, action: string, payload: unknown, answer: unknown): AnsweredCommand {
  const answeredAt = at(minute);
  return { commandId: `c${minute}`, action, payload, answer, answeredAt, state: 'completed', endedAt: answeredAt };
}
const accepted = (minute: number, action: string, payload: unknown) =>
  answered(minute, action, payload, { status: 'Accepted' });

/** What no station should answer, and some do. */
const ODD = [null, undefined, 7, 'Accepted', [], { status: 7 }, { status: null }, { status: { status: 'Accepted' } }];

describe('configuration', () => {
  const told = (minute: number, keys: unknown[], rest: object = {}, asked?: string[]) =>
    answered(minute, 'GetConfiguration', asked ? { key: asked } : {}, { configurationKey: keys, ...rest });
  const changed = (minute: number, key: string, value: string, status: string) =>
    answered(minute, 'ChangeConfiguration', { key, value }, { status });
  const values = (commands: AnsweredCommand[], boots: string[] = []) =>
    Object.fromEntries(foldConfiguration(commands, boots).items.map(({ key, value }) => [key, value]));

  it('is what GetConfiguration told, with when and by which command', () => {
    const commands = [told(1, [{ key: 'HeartbeatInterval', readonly: false, value: '300' }])];
    expect(foldConfiguration(commands, [])).toEqual({
      completeAt: at(1),
      items: [
        {
          key: 'HeartbeatInterval',
          supported: true,
          value: '300',
          readonly: false,
          pending: null,
          learntAt: at(1),
          commandId: 'c1',
        },
      ],
    });
  });

  it('is replaced by an answer for all keys, and added to by one for some', () => {
    const commands = [
      told(1, [{ key: 'A', readonly: false, value: '1' }]),
      told(2, [{ key: 'B', readonly: false, value: '2' }]),
      told(3, [{ key: 'C', readonly: true, value: '3' }], {}, ['C']),
    ];
    expect(values(commands)).toEqual({ B: '2', C: '3' });
    expect(foldConfiguration(commands, []).completeAt).toBe(at(2));
    expect(values([...commands, answered(4, 'GetConfiguration', { key: [] }, { configurationKey: [] })])).toEqual({});
  });

  it('takes keys without regard to case, and answers in their order', () => {
    const commands = [
      changed(2, 'heartbeatinterval', '60', 'Accepted'),
      told(1, [{ key: 'HeartbeatInterval', readonly: false, value: '300' }]),
    ];
    expect(foldConfiguration(commands, []).items).toMatchObject([
      { key: 'HeartbeatInterval', value: '60', learntAt: at(2), commandId: 'c2' },
    ]);
  });

  it('has no value for a key that is only to be written', () => {
    expect(values([told(1, [{ key: 'AuthorizationKey', readonly: false }])])).toEqual({ AuthorizationKey: null });
  });

  it('shows keys that the station does not have', () => {
    const commands = [
      told(1, [], { unknownKey: ['A', 7] }, ['A']),
      changed(2, 'B', '1', 'NotSupported'),
      changed(3, 'C', '1', 'Rejected'),
    ];
    const { items } = foldConfiguration(commands, []);
    expect(items).toMatchObject([
      { key: 'A', supported: false, value: null },
      { key: 'B', supported: false, value: null },
    ]);
  });

  it('what needs a reboot is pending until the next boot', () => {
    const commands = [
      told(1, [{ key: 'WebSocketPingInterval', readonly: false, value: '30' }]),
      changed(2, 'WebSocketPingInterval', '60', 'RebootRequired'),
      // Asked before it has booted, the station tells the old value.
      told(3, [{ key: 'WebSocketPingInterval', readonly: false, value: '30' }]),
    ];
    const pending = { value: '60', learntAt: at(2), commandId: 'c2' };
    expect(foldConfiguration(commands, [at(1), at(2)]).items).toMatchObject([{ value: '30', pending }]);
    expect(foldConfiguration(commands, [at(4)]).items).toMatchObject([
      { value: '60', pending: null, learntAt: at(4), commandId: 'c2' },
    ]);
  });

  it('what the station tells after a boot counts, whatever was pending before', () => {
    const commands = [changed(2, 'A', '60', 'RebootRequired'), told(4, [{ key: 'A', readonly: false, value: '45' }])];
    expect(values(commands, [at(6), at(3)])).toEqual({ A: '45' });
    const agreed = [changed(2, 'A', '60', 'RebootRequired'), told(3, [{ key: 'A', readonly: false, value: '60' }])];
    expect(foldConfiguration(agreed, []).items).toMatchObject([{ value: '60', pending: null }]);
  });

  it('skips odd answers', () => {
    const commands = [
      told(1, [{ key: 'A', readonly: false, value: '1' }]),
      ...ODD.map((answer, i) => answered(2 + i, 'GetConfiguration', {}, answer)),
      ...ODD.map((answer, i) => answered(20 + i, 'ChangeConfiguration', { key: 'A', value: '2' }, answer)),
      answered(40, 'ChangeConfiguration', null, { status: 'Accepted' }),
      told(41, [null, 'A', { key: 7 }, { value: '3' }, { key: 'B', readonly: 'yes', value: 3 }], { unknownKey: 'C' }, [
        'B',
      ]),
    ];
    expect(foldConfiguration(commands, []).items).toMatchObject([
      { key: 'A', value: '1' },
      { key: 'B', value: null, readonly: null },
    ]);
  });
});

describe('certificates', () => {
  const ROOT = 'CentralSystemRootCertificate';
  const hash = (serialNumber: string, name = 'AB12') => ({
    hashAlgorithm: 'SHA256',
    issuerNameHash: name,
    issuerKeyHash: 'CD34',
    serialNumber,
  });
  const listed = (minute: number, answer: unknown, certificateType = ROOT) =>
    answered(minute, 'GetInstalledCertificateIds', { certificateType }, answer);
  const list = (minute: number, ...certificateHashData: unknown[]) =>
    listed(minute, { status: 'Accepted', certificateHashData });
  const serials = (commands: AnsweredCommand[]) => foldCertificates(commands).items.map((item) => item.serialNumber);

  it('are those that the station listed last, type by type', () => {
    const commands = [
      list(1, hash('01'), hash('02')),
      listed(2, { status: 'Accepted', certificateHashData: [hash('0A')] }, 'ManufacturerRootCertificate'),
      list(3, hash('02')),
    ];
    expect(foldCertificates(commands)).toEqual({
      listed: [
        { certificateType: ROOT, count: 1, learntAt: at(3), commandId: 'c3' },
        { certificateType: 'ManufacturerRootCertificate', count: 1, learntAt: at(2), commandId: 'c2' },
      ],
      items: [
        expect.objectContaining({ certificateType: 'ManufacturerRootCertificate', serialNumber: 'A' }),
        {
          certificateType: ROOT,
          hashData: hash('02'),
          serialNumber: '2',
          subject: null,
          validTo: null,
          learntAt: at(3),
          commandId: 'c3',
        },
      ],
    });
    expect(serials([...commands, listed(4, { status: 'NotFound' })])).toEqual(['A']);
  });

  it('an installed one is known by what it says itself until it is listed', () => {
    const install = accepted(1, 'InstallCertificate', { certificateType: ROOT, certificate: PEM });
    const [installed] = foldCertificates([install]).items;
    expect(installed).toEqual({
      certificateType: ROOT,
      hashData: null,
      serialNumber: '7B',
      subject: 'CN=Test Root',
      validTo: PEM_VALID_TO,
      learntAt: at(1),
      commandId: 'c1',
    });
    expect(serials([install, { ...install, answeredAt: at(2) }])).toEqual(['7B']);
    expect(foldCertificates([install, list(2, hash('7b'))]).items).toMatchObject([{ hashData: hash('7b') }]);
    const unreadable = accepted(3, 'InstallCertificate', { certificateType: ROOT, certificate: 'no PEM' });
    expect(serials([install, unreadable])).toEqual(['7B', null]);
    expect(serials([answered(1, install.action, install.payload, { status: 'Rejected' })])).toEqual([]);
  });

  it('a deleted one is gone, listed or just installed, and so is one that was not found', () => {
    const remove = (minute: number, data: unknown, status: string) =>
      answered(minute, 'DeleteCertificate', { certificateHashData: data }, { status });
    const before = [
      list(1, hash('01'), hash('02'), hash('02', 'EF56')),
      accepted(2, 'InstallCertificate', { certificateType: ROOT, certificate: PEM }),
    ];
    expect(serials([...before, remove(3, hash('2', 'ab12'), 'Accepted')])).toEqual(['1', '2', '7B']);
    expect(serials([...before, remove(3, hash('01'), 'NotFound')])).toEqual(['2', '2', '7B']);
    expect(serials([...before, remove(3, hash('01'), 'Failed')])).toEqual(['1', '2', '2', '7B']);
    expect(serials([...before, remove(3, hash('007b'), 'Accepted')])).toEqual(['1', '2', '2']);
  });

  it("the station's own one is the last that was signed for it", () => {
    const commands = [
      accepted(1, 'CertificateSigned', { certificateChain: 'old' }),
      accepted(2, 'CertificateSigned', { certificateChain: PEM }),
      answered(3, 'CertificateSigned', { certificateChain: 'new' }, { status: 'Rejected' }),
      list(4),
    ];
    expect(foldCertificates(commands).items).toMatchObject([
      { certificateType: 'ChargePointCertificate', subject: 'CN=Test Root', commandId: 'c2' },
    ]);
  });

  it('odd answers are skipped', () => {
    const commands = [
      list(1, hash('01')),
      ...ODD.map((answer, i) => listed(2 + i, answer)),
      listed(20, { status: 'Accepted' }),
      ...ODD.map((answer, i) => answered(30 + i, 'DeleteCertificate', { certificateHashData: hash('01') }, answer)),
      accepted(50, 'DeleteCertificate', { certificateHashData: 'all' }),
      accepted(51, 'InstallCertificate', null),
    ];
    expect(serials(commands)).toEqual(['1']);
    expect(serials([...commands, list(60, null, 'x', { serialNumber: '1' }, hash('03'))])).toEqual(['3']);
  });
});

describe('local list', () => {
  const entry = (idTag: string, status = 'Accepted', rest = {}) => ({ idTag, idTagInfo: { status, ...rest } });
  const sent = (minute: number, listVersion: number, updateType: string, entries: unknown, status = 'Accepted') =>
    answered(minute, 'SendLocalList', { listVersion, updateType, localAuthorizationList: entries }, { status });
  const version = (minute: number, listVersion: unknown) =>
    answered(minute, 'GetLocalListVersion', {}, { listVersion });
  const tags = (commands: AnsweredCommand[]) => foldLocalList(commands).items?.map(({ idTag }) => idTag);

  it('is what a Full list was, with its version', () => {
    const expiryDate = '2026-12-31T23:00:00+01:00';
    const commands = [
      sent(1, 3, 'Full', [entry('OLD')]),
      sent(2, 5, 'Full', [entry('B', 'Blocked'), entry('A', 'Accepted', { expiryDate, parentIdTag: 'P' })]),
    ];
    const source = { learntAt: at(2), commandId: 'c2' };
    expect(foldLocalList(commands)).toEqual({
      supported: true,
      version: { value: 5, ...source },
      knownSince: at(2),
      items: [
        { idTag: 'A', status: 'Accepted', expiryDate: '2026-12-31T22:00:00.000Z', parentIdTag: 'P', ...source },
        { idTag: 'B', status: 'Blocked', expiryDate: null, parentIdTag: null, ...source },
      ],
    });
    expect(tags([...commands, sent(3, 6, 'Full', undefined)])).toEqual([]);
  });

  it('a Differential one adds, changes, and deletes what has no idTagInfo, without regard to case', () => {
    const commands = [
      sent(1, 1, 'Full', [entry('A'), entry('B'), entry('C')]),
      sent(2, 2, 'Differential', [{ idTag: 'a' }, entry('b', 'Blocked'), entry('D')]),
    ];
    const { items, version: known, knownSince } = foldLocalList(commands);
    expect(items?.map(({ idTag, status, commandId }) => [idTag, status, commandId])).toEqual([
      ['b', 'Blocked', 'c2'],
      ['C', 'Accepted', 'c1'],
      ['D', 'Accepted', 'c2'],
    ]);
    expect([known?.value, knownSince]).toEqual([2, at(2)]);
  });

  it('what was not accepted changes nothing', () => {
    const before = [sent(1, 1, 'Full', [entry('A')])];
    expect(foldLocalList([...before, sent(2, 2, 'Full', [entry('B')], 'Failed')])).toEqual(foldLocalList(before));
    const older = sent(2, 1, 'Differential', [entry('B')], 'VersionMismatch');
    expect(foldLocalList([...before, older])).toEqual(foldLocalList(before));
  });

  it('another version than was sent makes its content unknown until the next Full list', () => {
    const known = [sent(1, 4, 'Full', [entry('A')])];
    expect(tags([...known, version(2, 4)])).toEqual(['A']);
    const unknown = [...known, version(2, 7)];
    expect(foldLocalList(unknown)).toMatchObject({
      version: { value: 7, learntAt: at(2) },
      knownSince: null,
      items: null,
    });
    const differential = [...unknown, sent(3, 8, 'Differential', [entry('B')]), version(4, 8)];
    expect(foldLocalList(differential)).toMatchObject({ version: { value: 8 }, items: null });
    expect(tags([...differential, sent(5, 9, 'Full', [entry('C')])])).toEqual(['C']);
    const mismatch = sent(2, 5, 'Differential', [entry('B')], 'VersionMismatch');
    expect(foldLocalList([...known, mismatch])).toMatchObject({ version: null, items: null });
    expect(foldLocalList([sent(1, 2, 'Differential', [entry('B')])])).toMatchObject({
      version: { value: 2 },
      items: null,
    });
  });

  it('version 0 is an empty list, −1 none at all', () => {
    const full = sent(1, 4, 'Full', [entry('A')]);
    expect(foldLocalList([full, version(2, 0)])).toMatchObject({ supported: true, version: { value: 0 }, items: [] });
    expect(tags([full, version(2, 0), sent(3, 5, 'Differential', [entry('B')])])).toEqual(['B']);
    const none = { supported: false, version: null, knownSince: null, items: null };
    expect(foldLocalList([full, version(2, -1)])).toEqual(none);
    expect(foldLocalList([full, sent(2, 5, 'Full', [], 'NotSupported')])).toEqual(none);
    expect(foldLocalList([])).toEqual({ ...none, supported: null });
  });

  it('skips odd answers and entries', () => {
    const commands = [
      sent(1, 1, 'Full', [entry('A'), null, 'B', { idTag: 7 }, { idTag: 'C', idTagInfo: {} }]),
      ...ODD.map((answer, i) => answered(2 + i, 'SendLocalList', { listVersion: 2, updateType: 'Full' }, answer)),
      ...ODD.map((answer, i) => answered(20 + i, 'GetLocalListVersion', {}, answer)),
      version(40, 'two'),
      version(41, 1.5),
      accepted(42, 'SendLocalList', { listVersion: 'x', updateType: 'Full' }),
    ];
    expect(tags(commands)).toEqual(['A']);
  });
});

describe('charging profiles', () => {
  const NOW = at(100);
  const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] };
  const profile = (chargingProfileId: number, chargingProfilePurpose: string, rest = {}) => ({
    chargingProfileId,
    stackLevel: 0,
    chargingProfilePurpose,
    chargingProfileKind: 'Absolute',
    chargingSchedule: schedule,
    ...rest,
  });
  const set = (minute: number, connectorId: number, csChargingProfiles: unknown) =>
    accepted(minute, 'SetChargingProfile', { connectorId, csChargingProfiles });
  const clear = (minute: number, payload: object, status = 'Accepted') =>
    answered(minute, 'ClearChargingProfile', payload, { status });
  const transaction = (transactionId: number, rest: Partial<ProfiledTransaction> = {}): ProfiledTransaction => ({
    transactionId,
    aliases: [],
    connectorId: 1,
    idTag: 'TAG',
    startedAt: at(1),
    stoppedAt: null,
    end: null,
    ...rest,
  });
  const fold = (commands: AnsweredCommand[], transactions: ProfiledTransaction[] = []) =>
    foldChargingProfiles(commands, transactions, NOW);
  const ids = (...given: Parameters<typeof fold>) => fold(...given).map(({ chargingProfileId }) => chargingProfileId);

  it('are those that were accepted', () => {
    const recurring = profile(1, 'TxDefaultProfile', {
      chargingProfileKind: 'Recurring',
      recurrencyKind: 'Daily',
      validFrom: '2026-01-01T01:00:00+01:00',
    });
    const refused = answered(2, 'SetChargingProfile', set(2, 2, recurring).payload, { status: 'Rejected' });
    expect(fold([set(1, 0, recurring), refused])).toEqual([
      {
        chargingProfileId: 1,
        connectorId: 0,
        purpose: 'TxDefaultProfile',
        stackLevel: 0,
        kind: 'Recurring',
        recurrencyKind: 'Daily',
        transactionId: null,
        validFrom: '2026-01-01T00:00:00.000Z',
        validTo: null,
        chargingSchedule: schedule,
        learntAt: at(1),
        commandId: 'c1',
      },
    ]);
  });

  it('are replaced by one of the same id, and by one of the same connector, purpose and stack level', () => {
    const first = set(1, 1, profile(1, 'TxDefaultProfile'));
    expect(ids([first, set(2, 2, profile(1, 'TxDefaultProfile', { stackLevel: 3 }))])).toEqual([1]);
    expect(ids([first, set(2, 1, profile(2, 'TxDefaultProfile'))])).toEqual([2]);
    expect(ids([first, set(2, 1, profile(2, 'TxDefaultProfile', { stackLevel: 1 }))])).toEqual([2, 1]);
    expect(
      ids([first, set(2, 0, profile(2, 'TxDefaultProfile')), set(3, 0, profile(3, 'ChargePointMaxProfile'))]),
    ).toEqual([3, 2, 1]);
  });

  it('are cleared all without criteria, else those that fit every criterion', () => {
    const all = [
      set(1, 0, profile(1, 'ChargePointMaxProfile')),
      set(2, 0, profile(2, 'TxDefaultProfile')),
      set(3, 1, profile(3, 'TxDefaultProfile')),
      set(4, 1, profile(4, 'TxDefaultProfile', { stackLevel: 1 })),
    ];
    const after = (payload: object, status?: string) =>
      ids([...all, clear(5, payload, status)]).toSorted((a, b) => a - b);
    expect(after({})).toEqual([]);
    expect(after({ connectorId: 0 })).toEqual([3, 4]);
    expect(after({ chargingProfilePurpose: 'TxDefaultProfile' })).toEqual([1]);
    expect(after({ chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0 })).toEqual([1, 4]);
    expect(after({ chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0, connectorId: 1 })).toEqual([1, 2, 4]);
    expect(after({ id: 3 })).toEqual([1, 2, 4]);
    // The station found one: the id alone counted.
    expect(after({ id: 3, stackLevel: 7 })).toEqual([1, 2, 4]);
    expect(after({ id: 3, stackLevel: 7 }, 'Unknown')).toEqual([1, 2, 3, 4]);
    expect(after({ id: 3 }, 'Unknown')).toEqual([1, 2, 4]);
    expect(after({}, 'Rejected')).toEqual([1, 2, 3, 4]);
  });

  it('a TxProfile ends with its transaction', () => {
    const named = set(2, 1, profile(1, 'TxProfile', { transactionId: 7 }));
    expect(fold([named], [transaction(7)])).toMatchObject([{ chargingProfileId: 1, transactionId: 7 }]);
    expect(fold([named], [transaction(9, { aliases: [7] })])).toMatchObject([{ transactionId: 9 }]);
    expect(
      ids([named], [transaction(7, { end: 'station', stoppedAt: at(3) }), transaction(8, { startedAt: at(4) })]),
    ).toEqual([]);
    const unnamed = set(2, 1, profile(1, 'TxProfile'));
    expect(fold([unnamed], [transaction(7), transaction(6, { connectorId: 2 })])).toMatchObject([{ transactionId: 7 }]);
    const ended = transaction(7, { end: 'station', stoppedAt: at(3) });
    expect(ids([unnamed], [ended, transaction(8, { startedAt: at(4) })])).toEqual([]);
    expect(ids([unnamed], [])).toEqual([]);
  });

  it('that of a RemoteStartTransaction is of the transaction it started', () => {
    const payload = { idTag: 'tag', chargingProfile: profile(1, 'TxProfile') };
    const start = { ...accepted(2, 'RemoteStartTransaction', payload), endedAt: at(3) };
    const started = transaction(7, { startedAt: at(3), connectorId: 2 });
    const others = [
      transaction(5, { startedAt: at(3), idTag: 'OTHER' }),
      transaction(6, { startedAt: at(0), stoppedAt: at(1), end: 'station' }),
      transaction(8, { startedAt: at(30), connectorId: 3 }),
    ];
    expect(fold([start], [started, ...others])).toMatchObject([{ connectorId: 2, transactionId: 7, learntAt: at(2) }]);
    expect(ids([start], [{ ...started, end: 'station', stoppedAt: at(20) }, ...others])).toEqual([]);
    expect(ids([{ ...start, state: 'answered', endedAt: null }], [started])).toEqual([]);
    expect(ids([{ ...start, state: 'notObserved' }], [started])).toEqual([]);
    expect(ids([accepted(2, 'RemoteStartTransaction', { idTag: 'TAG' })], [started])).toEqual([]);
    const replaced = set(4, 2, profile(2, 'TxProfile', { transactionId: 7 }));
    expect(ids([start, replaced], [started])).toEqual([2]);
  });

  it('end when they are valid no longer', () => {
    const until = (minute: number) => profile(1, 'TxDefaultProfile', { validTo: at(minute) });
    expect(ids([set(1, 1, until(100))])).toEqual([]);
    expect(ids([set(1, 1, until(101))])).toEqual([1]);
  });

  it('odd answers are skipped', () => {
    const good = set(1, 1, profile(1, 'TxDefaultProfile'));
    const other = set(1, 1, profile(2, 'TxDefaultProfile'));
    const commands = [
      good,
      ...ODD.map((answer, i) => ({ ...other, answeredAt: at(2 + i), answer })),
      ...ODD.map((answer, i) => answered(20 + i, 'ClearChargingProfile', {}, answer)),
      ...ODD.map((payload, i) => accepted(40 + i, 'SetChargingProfile', payload)),
      set(60, 1, { ...profile(3, 'TxDefaultProfile'), chargingSchedule: null }),
    ];
    expect(ids(commands)).toEqual([1]);
  });
});

describe('reservations', () => {
  const NOW = at(100);
  const reserve = (minute: number, reservationId: number, rest: object = {}) =>
    accepted(minute, 'ReserveNow', { reservationId, connectorId: 1, idTag: 'TAG', expiryDate: at(500), ...rest });
  const cancel = (minute: number, reservationId: number, status = 'Accepted') =>
    answered(minute, 'CancelReservation', { reservationId }, { status });
  const start = (minute: number, rest: Partial<ReservingTransaction>): ReservingTransaction => ({
    transactionId: 1_000 + minute,
    connectorId: 1,
    idTag: 'OTHER',
    parentIdTag: null,
    reservationId: null,
    startedAt: at(minute),
    ...rest,
  });
  const outOfOrder = (minute: number, connectorId: number, received = minute) => ({
    connectorId,
    at: at(minute),
    receivedAt: at(received),
  });
  const fold = (
    commands: AnsweredCommand[],
    transactions: ReservingTransaction[] = [],
    broken: ReturnType<typeof outOfOrder>[] = [],
    now = NOW,
  ) => foldReservations(commands, { transactions, outOfOrder: broken }, now);

  it('are active once the station has accepted them', () => {
    const refused = answered(2, 'ReserveNow', reserve(2, 8).payload, { status: 'Occupied' });
    expect(fold([reserve(1, 7, { parentIdTag: 'P' }), refused])).toEqual([
      {
        reservationId: 7,
        connectorId: 1,
        idTag: 'TAG',
        parentIdTag: 'P',
        expiryDate: at(500),
        state: 'active',
        endedAt: null,
        transactionId: null,
        learntAt: at(1),
        commandId: 'c1',
      },
    ]);
  });

  it('one of the same id replaces an active one, and follows one that has ended', () => {
    expect(fold([reserve(1, 7), reserve(2, 7, { connectorId: 2 })])).toMatchObject([
      { connectorId: 2, learntAt: at(2) },
    ]);
    expect(fold([reserve(1, 7), cancel(2, 7), reserve(3, 7)])).toMatchObject([
      { state: 'active', learntAt: at(3) },
      { state: 'cancelled', endedAt: at(2) },
    ]);
  });

  it('are cancelled, or are unknown to the station', () => {
    expect(fold([reserve(1, 7), cancel(2, 7)])).toMatchObject([{ state: 'cancelled', endedAt: at(2) }]);
    expect(fold([reserve(1, 7), cancel(2, 7, 'Rejected')])).toMatchObject([
      { state: 'unknown to station', endedAt: at(2) },
    ]);
    expect(fold([reserve(1, 7), cancel(2, 8)])).toMatchObject([{ state: 'active' }]);
  });

  it('are used by the transaction that says so, or that is of the reserved id tag at the reserved connector', () => {
    const used = (transactionId: number, minute: number) => [{ state: 'used', endedAt: at(minute), transactionId }];
    expect(fold([reserve(1, 7)], [start(5, { reservationId: 7 })])).toMatchObject(used(1_005, 5));
    // Its clock is behind ours.
    expect(fold([reserve(1, 7)], [start(-1, { reservationId: 7 })])).toMatchObject(used(999, -1));
    expect(fold([reserve(1, 7)], [start(5, { idTag: 'tag' })])).toMatchObject(used(1_005, 5));
    expect(fold([reserve(1, 7, { parentIdTag: 'P' })], [start(5, { parentIdTag: 'p' })])).toMatchObject(used(1_005, 5));
    expect(fold([reserve(1, 7, { connectorId: 0 })], [start(5, { idTag: 'TAG', connectorId: 3 })])).toMatchObject(
      used(1_005, 5),
    );
    const others = [
      start(5, {}),
      start(5, { idTag: 'TAG', connectorId: 2 }),
      start(0, { idTag: 'TAG' }),
      start(5, { idTag: 'TAG', reservationId: 8 }),
      start(-10, { reservationId: 7 }),
    ];
    expect(fold([reserve(1, 7)], others)).toMatchObject([{ state: 'active' }]);
  });

  it('a transaction uses one reservation, where its id is given again', () => {
    expect(fold([reserve(1, 7), reserve(4, 7)], [start(3, { reservationId: 7 })])).toMatchObject([
      { state: 'active', learntAt: at(4) },
      { state: 'used', endedAt: at(3) },
    ]);
    const expired = reserve(1, 7, { expiryDate: at(3) });
    expect(fold([expired, reserve(4, 7)], [start(6, { reservationId: 7 })])).toMatchObject([
      { state: 'used', learntAt: at(4) },
      { state: 'expired', learntAt: at(1) },
    ]);
  });

  it('expire, unless they were used', () => {
    const commands = [reserve(1, 7, { expiryDate: at(50) })];
    expect(fold(commands)).toMatchObject([{ state: 'expired', endedAt: at(50) }]);
    expect(fold(commands, [start(51, { reservationId: 7 })])).toMatchObject([{ state: 'used', endedAt: at(51) }]);
    expect(fold(commands, [start(51, { idTag: 'TAG' })])).toMatchObject([{ state: 'expired' }]);
    expect(fold([...commands, cancel(60, 7, 'Rejected')])).toMatchObject([{ state: 'expired', endedAt: at(50) }]);
  });

  it('end when their connector or the station is Faulted or Unavailable', () => {
    const byStatus = [{ state: 'ended by status', endedAt: at(5) }];
    expect(fold([reserve(1, 7)], [], [outOfOrder(9, 1), outOfOrder(5, 1)])).toMatchObject(byStatus);
    expect(fold([reserve(1, 7)], [], [outOfOrder(5, 0)])).toMatchObject(byStatus);
    expect(fold([reserve(1, 7, { connectorId: 0 })], [], [outOfOrder(5, 0)])).toMatchObject(byStatus);
    const others = [outOfOrder(5, 2), outOfOrder(0, 1), outOfOrder(0, 1, 5), outOfOrder(2, 1, 0)];
    expect(fold([reserve(1, 7)], [], others)).toMatchObject([{ state: 'active' }]);
    expect(fold([reserve(1, 7, { connectorId: 0 })], [], [outOfOrder(5, 1)])).toMatchObject([{ state: 'active' }]);
  });

  it('are shown for 7 days after their end, after the active ones', () => {
    const commands = [
      reserve(1, 1),
      cancel(2, 1),
      reserve(3, 2),
      cancel(9, 2),
      reserve(5, 3, { expiryDate: at(999_999) }),
    ];
    expect(fold(commands).map(({ reservationId }) => reservationId)).toEqual([3, 2, 1]);
    const weekLater = at(7 * 24 * 60 + 5);
    expect(fold(commands, [], [], weekLater).map(({ reservationId }) => reservationId)).toEqual([3, 2]);
  });

  it('odd answers are skipped', () => {
    const commands = [
      reserve(1, 7),
      ...ODD.map((answer, i) => answered(2 + i, 'CancelReservation', { reservationId: 7 }, answer)),
      ...ODD.map((answer, i) => answered(20 + i, 'ReserveNow', reserve(1, 8).payload, answer)),
      ...ODD.map((payload, i) => accepted(40 + i, 'ReserveNow', payload)),
      reserve(60, 9, { expiryDate: 'tomorrow' }),
    ];
    expect(fold(commands)).toMatchObject([{ reservationId: 7, state: 'active' }]);
  });
});

/** A root of its own, CN=Test Root, serial number 123. */
const PEM = `-----BEGIN CERTIFICATE-----
MIIBazCCARCgAwIBAgIBezAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlUZXN0IFJv
b3QwHhcNMjYxMTIzMTExNDE0WhcNMzYxMTIwMTExNDE0WjAUMRIwEAYDVQQDDAlU
ZXN0IFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARVd/0CMIsyowyxrPfb
/yWlwZeXVnBa6BVczSN9oR0d47LzSlbHcZZqKV0GoS5VRL8Hv2YSK714x6Q/eM0Z
NKJ4o1MwUTAdBgNVHQ4EFgQUc7MGKQMpUFcj3WjWlJhbZZ9PLyQwHwYDVR0jBBgw
FoAUc7MGKQMpUFcj3WjWlJhbZZ9PLyQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjO
PQQDAgNJADBGAiEA3PAR3spA+4HCfKtkO5z+0258WKJFaMvwyuVurTFMKIcCIQCH
O1oYeMsqotpNCLPuHvVpAhfJHbTajfOkBARvfuy6Iw==
-----END CERTIFICATE-----`;
const PEM_VALID_TO = '2036-11-20T11:14:14.000Z';
