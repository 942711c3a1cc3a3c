import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { eventually, startTestEdge, type Client, type TestEdge } from '../edge/edge.ts';
import { available, boot, entry, messages } from './rows.ts';
import { rule } from './rule.ts';

/** Sends a CALL over the newest connection of a charge point, as its actor would. */
async function command(test: TestEdge, chargePointId: string, action: string, payload: Record<string, unknown>) {
  const { connection } = test.events(chargePointId).findLast(({ kind }) => kind === 'connected')!;
  await test.edge.calls.send({ chargePointId, connection, commandId: randomUUID(), action, payload });
}

/** Answers the next CALL of the Central System. */
async function accept(client: Client): Promise<void> {
  const [, messageId] = await client.nextCall();
  client.send([3, messageId, { status: 'Accepted' }]);
}

const codeOf = async (client: Client, action: string, payload: object) => {
  const reply = await client.call(action, payload);
  return reply[0] === 4 ? reply[2] : 'CALLRESULT';
};
const timestamp = new Date().toISOString();

describe('an accepted station', () => {
  let test: TestEdge;
  beforeAll(async () => {
    const rows = {
      chargePoints: [entry('SLOW', 'accepted', { heartbeatInterval: 3_600 }), entry('KNOWN', 'accepted')],
    };
    test = await startTestEdge({ rows });
  });
  afterAll(() => test.close());

  rule(32, async () => {
    const full = {
      chargePointVendor: 'v'.repeat(20),
      chargePointModel: 'm'.repeat(20),
      chargePointSerialNumber: 's'.repeat(25),
      chargeBoxSerialNumber: 'b'.repeat(25),
      firmwareVersion: 'f'.repeat(50),
      iccid: 'i'.repeat(20),
      imsi: 'j'.repeat(20),
      meterType: 't'.repeat(25),
      meterSerialNumber: 'n'.repeat(25),
    };
    const empty = {
      ...boot,
      ...Object.fromEntries(
        Object.keys(full)
          .slice(2)
          .map((name) => [name, '']),
      ),
    };
    const client = await test.connect('/CP32');
    for (const payload of [full, full, empty, boot]) {
      const [type, , answer] = await client.call('BootNotification', payload);
      expect([type, answer]).toEqual([3, { status: 'Accepted', interval: 300, currentTime: expect.any(String) }]);
    }
    expect(messages(test, 'CP32').map(({ payload, notes }) => [payload, notes])).toEqual(
      [full, full, empty, boot].map((payload) => [payload, undefined]),
    );
  });

  rule(32, 'the interval of this very station', async () => {
    const client = await test.connect('/SLOW');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ interval: 3_600 });
  });

  rule(33, async () => {
    const client = await test.connect('/CP33');
    expect(await codeOf(client, 'BootNotification', { chargePointModel: 'M' })).toBe('OccurenceConstraintViolation');
    expect(await codeOf(client, 'BootNotification', { chargePointVendor: 'V' })).toBe('OccurenceConstraintViolation');
    const [, , answer] = await client.call('BootNotification', { chargePointVendor: '', chargePointModel: '' });
    expect(answer).toMatchObject({ status: 'Accepted' });
  });

  rule(36, async () => {
    const client = await test.connect('/CP36');
    expect(await codeOf(client, 'StatusNotification', available)).toBe('CALLRESULT');
    expect(await codeOf(client, 'Authorize', { idTag: 'T' })).toBe('CALLRESULT');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Accepted' });
  });

  rule(37, async () => {
    const first = await test.connect('/KNOWN');
    await first.call('BootNotification', boot);
    first.socket.terminate();
    const client = await test.connect('/KNOWN');
    expect(await codeOf(client, 'StatusNotification', available)).toBe('CALLRESULT');
    await command(test, 'KNOWN', 'Reset', { type: 'Soft' });
    await accept(client);
    await client.answersHeartbeatOnly();
  });

  rule(38, async () => {
    const client = await test.connect('/CP38');
    await client.call('BootNotification', boot);
    const trigger = (action: string) => command(test, 'CP38', action, { requestedMessage: 'BootNotification' });
    for (const action of ['TriggerMessage', 'ExtendedTriggerMessage']) {
      await expect(trigger(action)).rejects.toMatchObject({ name: 'InvalidCommand' });
    }
    await client.answersHeartbeatOnly();
    await command(test, 'CP38', 'TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 });
    await accept(client);
  });

  rule(39, async () => {
    const client = await test.connect('/CP39');
    const before = Date.now();
    const [, , answer] = await client.call('Heartbeat', {});
    const { currentTime } = answer as { currentTime: string };
    expect(currentTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(currentTime)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(currentTime)).toBeLessThanOrEqual(Date.now());
  });

  const statuses = ['Available', 'Preparing', 'Charging', 'SuspendedEVSE', 'SuspendedEV', 'Finishing', 'Reserved'];
  const errors = ['ConnectorLockFailure', 'EVCommunicationError', 'GroundFailure', 'HighTemperature', 'InternalError'];
  const moreErrors = [
    'LocalListConflict',
    'NoError',
    'OtherError',
    'OverCurrentFailure',
    'OverVoltage',
    'UnderVoltage',
  ];
  const lastErrors = ['PowerMeterFailure', 'PowerSwitchFailure', 'ReaderFailure', 'ResetFailure', 'WeakSignal'];

  rule(40, '9 statuses with 16 error codes', async () => {
    const client = await test.connect('/CP40');
    const sent = [...statuses, 'Unavailable', 'Faulted'].flatMap((status) =>
      [...errors, ...moreErrors, ...lastErrors].map((errorCode) => ({ connectorId: 1, status, errorCode })),
    );
    sent.forEach((payload, i) => client.send([2, `s${i}`, 'StatusNotification', payload]));
    const replies = await Promise.all(sent.map((_, i) => client.reply(`s${i}`)));
    expect(replies.map((reply) => reply[2])).toEqual(sent.map(() => ({})));
    expect(messages(test, 'CP40').filter(({ notes }) => notes !== undefined)).toEqual([]);
    expect(sent).toHaveLength(9 * 16);
  });

  rule(40, 'connector 0, further details, old and unreadable times', async () => {
    const client = await test.connect('/CP40-times');
    const details = { info: 'x'.repeat(50), vendorId: 'v'.repeat(255), vendorErrorCode: 'e'.repeat(50) };
    for (const payload of [
      { ...available, connectorId: 0 },
      { ...available, ...details, timestamp: '2026-01-01T00:00:00Z' },
      { ...available, timestamp: '1970-01-01T00:00:00Z' },
      { ...available, timestamp: 'yesterday' },
      { ...available, connectorId: 2 ** 31 - 1 },
    ]) {
      expect((await client.call('StatusNotification', payload))[2]).toEqual({});
    }
  });

  rule(40, 'a connector that cannot be', async () => {
    const client = await test.connect('/CP40-connectors');
    for (const connectorId of [-1, 2 ** 31, 1.5, 1e300]) {
      expect(await codeOf(client, 'StatusNotification', { ...available, connectorId })).toMatch(/ConstraintViolation$/);
    }
    await client.answersHeartbeatOnly();
  });
});

describe('one that is not accepted', () => {
  let test: TestEdge;
  afterEach(() => test.close());
  const stop = { transactionId: 1, meterStop: 0, timestamp };
  const meterValues = { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value: '1' }] }] };

  rule(34, 'what is answered', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('CP1', 'pending')] } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending', interval: 300 });
    for (const [action, payload] of [
      ['StatusNotification', available],
      ['Heartbeat', {}],
      ['Authorize', { idTag: 'T' }],
      ['DataTransfer', { vendorId: 'V' }],
    ] as const) {
      expect([action, await codeOf(client, action, payload)]).toEqual([action, 'SecurityError']);
    }
    const start = { connectorId: 1, idTag: 'T', meterStart: 0, timestamp };
    expect(await codeOf(client, 'StartTransaction', start)).toBe('CALLRESULT');
    expect(await codeOf(client, 'MeterValues', meterValues)).toBe('CALLRESULT');
    expect(await codeOf(client, 'StopTransaction', stop)).toBe('CALLRESULT');
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  rule(34, 'what was triggered is answered, once', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('CP1', 'pending')] } });
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    await command(test, 'CP1', 'TriggerMessage', { requestedMessage: 'StatusNotification' });
    await accept(client);
    expect(await codeOf(client, 'StatusNotification', available)).toBe('CALLRESULT');
    expect(await codeOf(client, 'StatusNotification', available)).toBe('SecurityError');
    await command(test, 'CP1', 'GetConfiguration', {});
    const [, messageId, action] = await client.nextCall();
    expect(action).toBe('GetConfiguration');
    client.send([3, messageId, { configurationKey: [] }]);
  });

  rule(34, 'what an extended trigger was for is answered, whatever it is called', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('CP1', 'pending')] } });
    const client = await test.connect('/CP1');
    await client.call('BootNotification', boot);
    const csr = { csr: 'PEM' };
    expect(await codeOf(client, 'SignCertificate', csr)).toBe('SecurityError');
    await command(test, 'CP1', 'ExtendedTriggerMessage', { requestedMessage: 'SignChargePointCertificate' });
    await accept(client);
    expect(await codeOf(client, 'SignCertificate', csr)).toBe('CALLRESULT');
    expect(await codeOf(client, 'SignCertificate', csr)).toBe('SecurityError');
    const idle = { status: 'Idle' };
    await command(test, 'CP1', 'TriggerMessage', { requestedMessage: 'FirmwareStatusNotification' });
    await accept(client);
    expect(await codeOf(client, 'SignedFirmwareStatusNotification', idle)).toBe('SecurityError');
    expect(await codeOf(client, 'FirmwareStatusNotification', idle)).toBe('CALLRESULT');
    for (const action of ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification']) {
      await command(test, 'CP1', 'ExtendedTriggerMessage', { requestedMessage: 'FirmwareStatusNotification' });
      await accept(client);
      expect([action, await codeOf(client, action, idle)]).toEqual([action, 'CALLRESULT']);
    }
  });

  rule(
    34,
    'no RemoteStart and no RemoteStop before its boot is answered Accepted, also just after its approval',
    async () => {
      test = await startTestEdge({
        rows: { chargePoints: [entry('CP1', 'pending')] },
        directoryTimes: { changes: 10 },
      });
      const client = await test.connect('/CP1');
      await client.call('BootNotification', boot);
      const remoteStart = () => command(test, 'CP1', 'RemoteStartTransaction', { idTag: 'T', connectorId: 1 });
      await expect(remoteStart()).rejects.toMatchObject({ reason: 'not accepted yet' });
      await expect(command(test, 'CP1', 'RemoteStopTransaction', { transactionId: 1 })).rejects.toMatchObject({
        reason: 'not accepted yet',
      });
      test.rows.chargePoints = [entry('CP1', 'accepted')];
      await expect(remoteStart()).rejects.toMatchObject({ reason: 'not accepted yet' });
      expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Accepted' });
      await remoteStart();
      await accept(client);
    },
  );

  rule(34, 'one that is approved is told so at its next boot, with its own interval', async () => {
    test = await startTestEdge({ settings: { registration: 'pending' } });
    const client = await test.connect('/NEW');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Pending' });
    await eventually(() => test.events('NEW').length > 0, 'journalled');
    expect(test.events('NEW')[0]).toMatchObject({ kind: 'connected', registration: 'pending' });
    test.rows.chargePoints = [entry('NEW', 'accepted', { heartbeatInterval: 60 })];
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Accepted', interval: 60 });
    expect(await codeOf(client, 'StatusNotification', available)).toBe('CALLRESULT');
  });

  rule(35, 'what is answered', async () => {
    test = await startTestEdge({ rows: { chargePoints: [entry('CP1', 'rejected')] } });
    const client = await test.connect('/CP1');
    expect((await client.call('BootNotification', boot))[2]).toMatchObject({ status: 'Rejected', interval: 300 });
    expect(await codeOf(client, 'Heartbeat', {})).toBe('SecurityError');
    expect(await codeOf(client, 'StopTransaction', stop)).toBe('CALLRESULT');
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });
});
