/** What takes the whole program: operators, actors and the database. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Station } from '../../../src/simulator/station.ts';
import { ApiTest, boot, newId } from '../../api/support.ts';
import { rule } from '../rule.ts';

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

const SOON = { timeout: 20_000, interval: 50 };

const put = (id: string, body: object) => test.request('PUT', `/v1/charge-points/${id}`, { body });
const command = async (id: string, action: string, payload: object) => {
  const { status, headers } = await test.request('POST', `/v1/charge-points/${id}/commands`, {
    body: { action, payload },
  });
  expect(status).toBe(202);
  return headers.get('location')!;
};
const becomes = (path: string, expected: object) =>
  expect.poll(async () => (await test.get(path)).body as object, SOON).toMatchObject(expected);
const isOnline = (id: string) => becomes(`/v1/charge-points/${id}`, { online: true });
const actions = (station: Station) => station.received.map(({ action }) => action);
const statusOf = (reply: object) => (reply as { result?: { status?: string } }).result?.status;

describe('a secret', () => {
  rule(10, 'a command that carries one is refused in words, never sent; the password stays', async () => {
    const id = newId('secret');
    const key = '00112233445566778899aabbccddeeff';
    await put(id, { password: key });
    const station = test.station(id, { password: Buffer.from(key, 'hex') });
    await station.call('BootNotification', boot);
    await isOnline(id);
    const other = 'ffeeddccbbaa99887766554433221100';
    const refused = await test.request('POST', `/v1/charge-points/${id}/commands`, {
      body: { action: 'ChangeConfiguration', payload: { key: 'AuthorizationKey', value: other } },
    });
    expect(refused).toMatchObject({ status: 400, body: { detail: expect.any(String) } });
    expect(JSON.stringify(refused.body)).toContain('AuthorizationKey is a secret');
    expect(JSON.stringify(refused.body)).not.toContain(other);
    expect((await test.get(`/v1/charge-points/${id}/commands`)).body).toMatchObject({ items: [] });
    expect(station.received).toEqual([]);
    station.cut();
    expect(await station.call('Heartbeat', {})).toHaveProperty('result');
    expect(test.program.output).not.toContain(key);
  });

  for (const [status, counts] of [
    ['Accepted', 'the new one'],
    ['Rejected', 'the old one'],
  ] as const) {
    rule(10, `answered ${status}, ${counts} counts alone`, async () => {
      const id = newId('new-key');
      const old = '00112233445566778899aabbccddeeff';
      await put(id, { password: old });
      const station = test.station(id, { password: Buffer.from(old, 'hex'), onCall: () => ({ status }) });
      await station.call('BootNotification', boot);
      const { body } = await test.request('PUT', `/v1/charge-points/${id}/authorization-key`, { body: {} });
      const key = body.authorizationKey as string;
      await becomes(`/v1/commands/${body.commandId}`, { answer: { status } });
      expect(station.received.map(({ payload }) => payload)).toEqual([{ key: 'AuthorizationKey', value: key }]);
      const [right, wrong] = status === 'Accepted' ? [key, old] : [old, key];
      station.stop();
      // 429: it has knocked too often.
      const knocks = async () => [401, 429].includes(await test.knocks(id, Buffer.from(wrong, 'hex')));
      await expect.poll(knocks, SOON).toBe(true);
      const back = test.station(id, { password: Buffer.from(right, 'hex') });
      expect(await back.call('Heartbeat', {})).toHaveProperty('result');
      expect(test.program.output).not.toContain(key);
    });
  }
});

describe('commands', () => {
  rule(28, 'further ones wait for the answer to the first, and go out in their order', async () => {
    const id = newId('one-at-a-time');
    const messageIds: string[] = [];
    const station = test.station(id, {
      onCall(_action, _payload, messageId) {
        messageIds.push(messageId);
        return undefined;
      },
    });
    await station.call('BootNotification', boot);
    await isOnline(id);
    const locations: string[] = [];
    for (const key of ['A', 'B', 'C']) locations.push(await command(id, 'GetConfiguration', { key: [key] }));
    for (let open = 1; open <= 3; open++) {
      await expect.poll(() => messageIds.length, SOON).toBe(open);
      expect(await station.call('Heartbeat', {})).toHaveProperty('result');
      expect(messageIds).toHaveLength(open);
      station.send(JSON.stringify([3, messageIds[open - 1], {}]));
    }
    for (const location of locations) await becomes(location, { state: 'completed' });
    expect(station.received.map(({ payload }) => payload)).toEqual([{ key: ['A'] }, { key: ['B'] }, { key: ['C'] }]);
  });

  rule(34, 'RemoteStart waits, what asks and configures is sent', async () => {
    const id = newId('pending');
    await put(id, { registration: 'pending' });
    const station = test.station(id);
    expect(statusOf(await station.call('BootNotification', boot))).toBe('Pending');
    await isOnline(id);
    const idTag = `P${Date.now().toString(36)}`;
    await test.request('PUT', `/v1/id-tags/${idTag}`, { body: {} });
    const start = await command(id, 'RemoteStartTransaction', { idTag, connectorId: 1 });
    const change = await command(id, 'ChangeConfiguration', { key: 'MeterValueSampleInterval', value: '60' });
    await becomes(change, { state: 'completed' });
    await becomes(start, { state: 'queued' });
    expect(actions(station)).toEqual(['ChangeConfiguration']);
    await put(id, { registration: 'accepted' });
    expect(statusOf(await station.call('BootNotification', boot))).toBe('Accepted');
    await becomes(start, { state: 'answered' });
    expect(actions(station)).toContain('RemoteStartTransaction');
  });

  rule(35, 'none is sent', async () => {
    const id = newId('rejected');
    await put(id, { registration: 'rejected' });
    const station = test.station(id);
    expect(statusOf(await station.call('BootNotification', boot))).toBe('Rejected');
    await isOnline(id);
    const location = await command(id, 'GetConfiguration', {});
    // Another station's command is answered meanwhile: this one's has had its time.
    const other = test.station(newId('accepted'));
    await other.call('BootNotification', boot);
    await isOnline(other.chargePointId);
    await becomes(await command(other.chargePointId, 'GetConfiguration', {}), { state: 'completed' });
    await becomes(location, { state: 'queued' });
    expect(station.received).toEqual([]);
    expect(station.connected).toBe(true);
  });

  rule(38, 'an operator is told so; the approval of one that waited triggers its boot', async () => {
    const id = newId('boots');
    await put(id, { registration: 'pending' });
    const station = test.station(id);
    await station.call('BootNotification', boot);
    await isOnline(id);
    await put(id, { registration: 'accepted' });
    await expect
      .poll(() => station.received, SOON)
      .toContainEqual({
        action: 'TriggerMessage',
        payload: { requestedMessage: 'BootNotification' },
      });
    expect(statusOf(await station.call('BootNotification', boot))).toBe('Accepted');
    const location = await command(id, 'TriggerMessage', { requestedMessage: 'BootNotification' });
    await becomes(location, { state: 'refused', reason: expect.stringContaining('errata 3.40') });
    expect(station.received).toHaveLength(1);
  });
});

describe('what operators see', () => {
  rule(40, 'the newest status by its own time', async () => {
    const id = newId('status');
    const station = test.station(id);
    await station.call('BootNotification', boot);
    const [older, newer] = [120_000, 60_000].map((ms) => new Date(Date.now() - ms).toISOString());
    const status = { connectorId: 1, errorCode: 'NoError' };
    await station.call('StatusNotification', { ...status, status: 'Charging', timestamp: newer });
    await station.call('StatusNotification', { ...status, status: 'Preparing', timestamp: older });
    await station.call('StatusNotification', { ...status, connectorId: 0, status: 'Available' });
    const connectors = `/v1/charge-points/${id}/connectors`;
    await becomes(connectors, { items: [{ connectorId: 0 }, { connectorId: 1 }] });
    await becomes(connectors, { items: [{ status: 'Available' }, { status: 'Charging', at: newer }] });
  });

  rule(41, async () => {
    const id = newId('connectors');
    const station = test.station(id);
    await station.call('BootNotification', boot);
    for (const connectorId of [7, 2 ** 31 - 1]) {
      const payload = { connectorId, status: 'Faulted', errorCode: 'OtherError', vendorErrorCode: 'E7' };
      expect(await station.call('StatusNotification', payload)).toEqual({ result: {} });
    }
    await becomes(`/v1/charge-points/${id}/connectors`, {
      items: [{ connectorId: 7, status: 'Faulted', vendorErrorCode: 'E7' }, { connectorId: 2 ** 31 - 1 }],
    });
  });

  rule(42, 'tags as operators have registered them', async () => {
    const prefix = `T${Date.now().toString(36)}`.slice(0, 12).toUpperCase();
    const tag = (name: string, body: object) => test.request('PUT', `/v1/id-tags/${prefix}${name}`, { body });
    await tag('GOOD', { parentIdTag: 'Family' });
    await tag('BLOCKED', { status: 'Blocked' });
    await tag('OLD', { expiryDate: '2026-01-01T00:00:00Z' });
    const station = test.station(newId('tags'));
    await station.call('BootNotification', boot);
    for (const [name, idTagInfo] of Object.entries({
      GOOD: { status: 'Accepted', parentIdTag: 'Family' },
      BLOCKED: { status: 'Blocked' },
      OLD: { status: 'Expired', expiryDate: '2026-01-01T00:00:00.000Z' },
      NONE: { status: 'Invalid' },
    })) {
      const reply = await station.call('Authorize', { idTag: `${prefix}${name}`.toLowerCase() });
      expect([name, reply]).toEqual([name, { result: { idTagInfo } }]);
    }
  });
});
