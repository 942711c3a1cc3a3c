import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ApiTest, boot, newId } from './support.ts';

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

const T0 = Date.now() - 3_600_000;
const at = (seconds: number) => new Date(T0 + seconds * 1_000).toISOString();

/** What a path shows, as soon as it is so. */
async function becomes(path: string, expected: unknown): Promise<void> {
  await expect.poll(async () => (await test.get(path)).body, { timeout: 20_000, interval: 100 }).toEqual(expected);
}

describe('registering', () => {
  it('PUT makes a charge point that has never connected, and an actor for it', async () => {
    const id = newId('new');
    const body = {
      registration: 'pending',
      heartbeatInterval: 60,
      labels: { site: 'A/1', floor: '2' },
      password: 'correct horse',
    };
    const made = await test.request('PUT', `/v1/charge-points/${id}`, { body });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/v1/charge-points/${id}`);
    const { password: _secret, ...shown } = body;
    expect(made.body).toMatchObject({ chargePointId: id, ...shown, hasPassword: true, online: false });
    expect(JSON.stringify(made.body)).not.toMatch(/correct horse|passwordHash/);
    const got = await test.get(`/v1/charge-points/${id}`);
    expect(got.body).toEqual({ ...made.body, clockOffset: null });
    expect(got.headers.get('etag')).toBe(`"${made.body.revision}"`);
  });

  it('what is left out stays; null takes away', async () => {
    const id = newId('change');
    await test.request('PUT', `/v1/charge-points/${id}`, { body: { labels: { a: 'b' }, password: 'correct horse' } });
    const changed = await test.request('PUT', `/v1/charge-points/${id}`, { body: { heartbeatInterval: 30 } });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      heartbeatInterval: 30,
      labels: { a: 'b' },
      hasPassword: true,
      registration: 'accepted',
    });
    const cleared = await test.request('PUT', `/v1/charge-points/${id}`, {
      body: { heartbeatInterval: null, password: null },
    });
    expect(cleared.body).toMatchObject({ heartbeatInterval: null, labels: { a: 'b' }, hasPassword: false });
  });

  it('If-Match changes only what nobody else has changed, If-None-Match only makes', async () => {
    const id = newId('etag');
    const put = (body: object, headers: Record<string, string>) =>
      test.request('PUT', `/v1/charge-points/${id}`, { body, headers });
    expect((await put({}, { 'If-Match': '"1"' })).status).toBe(404);
    const first = await put({}, { 'If-None-Match': '*' });
    expect(first.status).toBe(201);
    expect((await put({}, { 'If-None-Match': '*' })).status).toBe(412);
    const etag = first.headers.get('etag')!;
    const second = await put({ heartbeatInterval: 40 }, { 'If-Match': etag });
    expect(second.status).toBe(200);
    expect(second.headers.get('etag')).not.toBe(etag);
    const late = await put({ heartbeatInterval: 50 }, { 'If-Match': etag });
    expect({ status: late.status, body: late.body }).toMatchObject({
      status: 412,
      body: { title: 'changed meanwhile' },
    });
    expect((await test.request('DELETE', `/v1/charge-points/${id}`, { headers: { 'If-Match': etag } })).status).toBe(
      412,
    );
    expect((await test.get(`/v1/charge-points/${id}`)).body.heartbeatInterval).toBe(40);
  });

  it('DELETE retires: it is let in no more, what is stored stays, PUT brings it back', async () => {
    const id = newId('retired');
    const station = test.station(id);
    await station.call('BootNotification', boot);
    await becomes(`/v1/charge-points/${id}`, expect.objectContaining({ online: true, vendor: 'Simulated' }));
    const retired = await test.request('DELETE', `/v1/charge-points/${id}`);
    expect(retired.body).toMatchObject({ registration: 'retired', vendor: 'Simulated' });
    expect((await test.get(`/v1/charge-points/${id}`)).body).toMatchObject({ registration: 'retired' });
    const listed = (query: string) => test.all(`/v1/charge-points${query}`, 1_000);
    expect((await listed('')).map((row) => row.chargePointId)).not.toContain(id);
    expect((await listed('?registration=retired')).map((row) => row.chargePointId)).toContain(id);
    const command = { body: { action: 'Reset', payload: { type: 'Soft' } } };
    expect((await test.request('POST', `/v1/charge-points/${id}/commands`, command)).status).toBe(404);
    expect((await test.request('PUT', `/v1/charge-points/${id}`, { body: {} })).body).toMatchObject({
      registration: 'accepted',
    });
    expect((await test.request('DELETE', `/v1/charge-points/${newId('nobody')}`)).status).toBe(404);
  });
});

describe('lists', () => {
  it('filters by presence, vendor, model, firmware, registration and labels', async () => {
    const site = newId('site');
    const [here, away] = [newId('here'), newId('away')];
    const station = test.station(here);
    await station.call('BootNotification', boot);
    await becomes(`/v1/charge-points/${here}`, expect.objectContaining({ online: true, vendor: 'Simulated' }));
    await test.request('PUT', `/v1/charge-points/${here}`, { body: { labels: { site, row: '1' } } });
    await test.request('PUT', `/v1/charge-points/${away}`, { body: { labels: { site }, registration: 'pending' } });
    const found = async (query: string) =>
      (await test.all(`/v1/charge-points?label=site:${site}&${query}`, 1)).map((row) => row.chargePointId);
    expect(await found('')).toEqual([away, here].sort());
    expect(await found('presence=online')).toEqual([here]);
    expect(await found('presence=offline')).toEqual([away]);
    expect(await found('vendor=Simulated&model=One&firmware=1.0')).toEqual([here]);
    expect(await found('vendor=simulated')).toEqual([]);
    expect(await found('registration=pending')).toEqual([away]);
    expect(await found('label=row:1')).toEqual([here]);
  });

  it('show every row once, in order, while others are added', async () => {
    const site = newId('pages');
    const names = Array.from({ length: 25 }, (_, i) => `${site}-${String(i * 2).padStart(2, '0')}`);
    const add = (id: string) => test.request('PUT', `/v1/charge-points/${id}`, { body: { labels: { site } } });
    for (const id of names) await add(id);
    let added = 0;
    const rows = await test.all(`/v1/charge-points?label=site:${site}`, 4, () =>
      // One before and one after where the reader is.
      Promise.all([add(`${site}-${String(added * 2 + 1).padStart(2, '0')}`), add(`${site}-9${added++}`)]),
    );
    const ids = rows.map((row) => String(row.chargePointId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(ids.toSorted());
    expect(ids).toEqual(expect.arrayContaining(names));
  });
});

describe('what a charge point did', () => {
  const id = newId('day');
  let station: Station;
  let transactionId: number;

  beforeAll(async () => {
    station = test.station(id, { onCall: () => ({ status: 'Rejected' }) });
    await station.call('BootNotification', boot);
    await station.call('StatusNotification', {
      connectorId: 1,
      errorCode: 'NoError',
      status: 'Charging',
      timestamp: at(0),
    });
    for (const n of [0, 1, 2]) {
      const begin = n * 1_000;
      const started = await station.call('StartTransaction', {
        connectorId: 1,
        idTag: `Tag${n}`,
        meterStart: n * 500,
        timestamp: at(begin),
      });
      if (!('result' in started)) throw new Error(JSON.stringify(started));
      transactionId = started.result.transactionId as number;
      for (const reading of [1, 2, 3]) {
        await station.call('MeterValues', {
          connectorId: 1,
          transactionId,
          meterValue: [
            {
              timestamp: at(begin + reading * 60),
              sampledValue: [
                { value: String(n * 500 + reading * 100), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
                { value: String(reading), measurand: 'Power.Active.Import', unit: 'kW' },
              ],
            },
          ],
        });
      }
      if (n < 2)
        await station.call('StopTransaction', { transactionId, meterStop: n * 500 + 300, timestamp: at(begin + 300) });
    }
    await vi.waitFor(
      async () => {
        const { body } = await test.get(`/v1/charge-points/${id}/meter-values?limit=1000`);
        expect(body.items).toHaveLength(18);
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  it('connectors', async () => {
    await becomes(`/v1/charge-points/${id}/connectors`, {
      items: [expect.objectContaining({ connectorId: 1, status: 'Charging', errorCode: 'NoError' })],
      next: null,
    });
  });

  it('transactions, its newest first, open ones, by id tag and by time', async () => {
    const found = async (path: string) => (await test.all(path, 1)).map((row) => row.idTag);
    await expect.poll(() => found(`/v1/charge-points/${id}/transactions`)).toEqual(['Tag2', 'Tag1', 'Tag0']);
    expect(await found(`/v1/charge-points/${id}/transactions?open=true`)).toEqual(['Tag2']);
    expect(await found(`/v1/transactions?chargePointId=${id}&open=false`)).toEqual(['Tag1', 'Tag0']);
    expect(await found(`/v1/transactions?chargePointId=${id}&idTag=tag1`)).toEqual(['Tag1']);
    expect(await found(`/v1/transactions?chargePointId=${id}&from=${at(1)}&to=${at(1_001)}`)).toEqual(['Tag1']);
    const { body } = await test.get(`/v1/charge-points/${id}/transactions/${transactionId}`);
    expect(body).toMatchObject({ transactionId, idTag: 'Tag2', meterStart: 1_000, end: null, lastReadingWh: 1_300 });
    const all = await test.all('/v1/transactions', 7);
    const keys = all.map((row) => `${String(row.chargePointId)} ${String(row.transactionId)}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toContain(`${id} ${transactionId}`);
  });

  it('meter values one by one, each once, and by measurand, transaction and time', async () => {
    const path = `/v1/charge-points/${id}/meter-values`;
    const all = await test.all(path, 5);
    expect(all).toHaveLength(18);
    expect(all.map((row) => row.at)).toEqual(
      all
        .map((row) => String(row.at))
        .toSorted()
        .toReversed(),
    );
    expect(new Set(all.map((row) => `${String(row.at)} ${String(row.measurand)}`)).size).toBe(18);
    const power = await test.all(`${path}?measurand=Power.Active.Import&transactionId=${transactionId}`, 100);
    expect(power.map((row) => row.normalised)).toEqual([3_000, 2_000, 1_000]);
    expect(power[0]).toMatchObject({ value: '3', unit: 'kW', normalisedUnit: 'W', connectorId: 1 });
    expect(await test.all(`${path}?from=${at(60)}&to=${at(61)}`, 100)).toHaveLength(2);
  });

  it('meter values per interval, and the energy per hour and day', async () => {
    const from = new Date(Math.floor(T0 / 86_400_000) * 86_400_000).toISOString();
    const path = `/v1/charge-points/${id}/meter-values?measurand=Power.Active.Import&from=${from}`;
    const days = await test.all(`${path}&interval=1d`, 1);
    expect(days.reduce((sum, row) => sum + Number(row.samples), 0)).toBe(9);
    const minutes = await test.all(`${path}&interval=1m`, 2);
    expect(minutes).toHaveLength(9);
    expect(minutes[0]).toMatchObject({
      measurand: 'Power.Active.Import',
      unit: 'W',
      samples: 1,
      average: 3_000,
      last: 3_000,
    });
    const whole = await test.all(`${path}&interval=40d`, 10);
    expect(whole.length).toBeLessThanOrEqual(2);
    for (const per of ['hour', 'day']) {
      const energy = await test.all(`/v1/charge-points/${id}/energy?per=${per}&from=${from}`, 1);
      // From the first reading of the register, 100 Wh, to the last.
      expect(energy.reduce((sum, row) => sum + Number(row.energyWh), 0)).toBe(1_200);
      expect(energy[0]).toMatchObject({ registerWh: 1_300, connectorId: 1 });
    }
  });

  it('messages, the newest first, by action and direction', async () => {
    const all = await test.all(`/v1/charge-points/${id}/messages`, 3);
    expect(all.at(-1)).toMatchObject({ action: 'BootNotification', direction: 'in', kind: 'call', payload: boot });
    expect(all.filter((row) => row.direction === 'in')).toHaveLength(1 + 1 + 3 * 4 + 2);
    const starts = await test.all(`/v1/charge-points/${id}/messages?action=StartTransaction&direction=in`, 2);
    expect(starts.map((row) => (row.payload as { idTag: string }).idTag)).toEqual(['Tag2', 'Tag1', 'Tag0']);
    expect(await test.all(`/v1/charge-points/${id}/messages?direction=out&action=StartTransaction`, 2)).toEqual([]);
  });

  it('commands: queued, sent, and how they went', async () => {
    const asked = await test.request('POST', `/v1/charge-points/${id}/commands`, {
      body: { action: 'Reset', payload: { type: 'Soft' }, deadlineSeconds: 60, commandId: 'mine' },
    });
    expect({ status: asked.status, body: asked.body }).toEqual({ status: 202, body: { commandId: 'mine' } });
    const location = asked.headers.get('location')!;
    expect((await test.get(location)).body).toMatchObject({
      commandId: 'mine',
      action: 'Reset',
      requestedBy: 'OPERATOR_TOKEN from 127.0.0.1',
    });
    await becomes(location, expect.objectContaining({ state: 'rejected', answer: { status: 'Rejected' } }));
    const again = await test.request('POST', `/v1/charge-points/${id}/commands`, {
      body: { action: 'Reset', payload: { type: 'Soft' }, commandId: 'mine' },
    });
    expect(again.status).toBe(202);
    await test.request('POST', `/v1/charge-points/${id}/commands`, {
      body: { action: 'Reset', payload: { type: 'Hard' } },
    });
    await expect
      .poll(async () =>
        (await test.all(`/v1/charge-points/${id}/commands?unfinished=false`, 1)).map((row) => row.payload),
      )
      .toEqual([{ type: 'Hard' }, { type: 'Soft' }]);
  });

  it('refuses commands that no station could understand', async () => {
    const submit = async (body: object) =>
      (await test.request('POST', `/v1/charge-points/${id}/commands`, { body })).body;
    expect(await submit({ action: 'reset', payload: {} })).toMatchObject({
      status: 400,
      errors: [
        { field: 'body.action', message: expect.stringContaining('there is no command "reset": expected one of') },
      ],
    });
    expect(await submit({ action: 'Reset', payload: { type: 'soft', force: true } })).toMatchObject({
      status: 400,
      errors: [{ field: 'body.payload', message: expect.stringMatching(/type: .*force/) }],
    });
    expect((await test.get(`/v1/charge-points/${id}/commands/none`)).status).toBe(404);
  });

  it('is nothing where there is no such charge point', async () => {
    for (const part of [
      '',
      '/connectors',
      '/transactions',
      '/meter-values',
      '/messages',
      '/commands',
      '/energy',
      '/deviations',
    ]) {
      const { status, body } = await test.get(`/v1/charge-points/nobody${part}`);
      expect({ part, status, detail: body.detail }).toMatchObject({
        part,
        status: 404,
        detail: expect.stringContaining('nobody'),
      });
    }
  });
});

it('shows by how much its clock is wrong: not what waited in the station, but what came last', async () => {
  const station = test.station(newId('clock'));
  await station.call('BootNotification', boot);
  const path = `/v1/charge-points/${station.chargePointId}`;
  const says = async (hours: number) => {
    const timestamp = new Date(Date.now() + hours * 3_600_000).toISOString();
    await station.call('StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError', timestamp });
  };
  const isOff = (seconds: number) =>
    expect
      .poll(async () => (await test.get(path)).body.clockOffset as number | null, { timeout: 20_000, interval: 100 })
      .toSatisfy((offset) => offset !== null && Math.abs(Number(offset) - seconds) < 10);
  await says(-26);
  await says(-2);
  await isOff(-2 * 3_600);
  await says(1);
  await isOff(3_600);
  for (let i = 0; i < 10; i++) await says(0);
  await isOff(0);
});

it('dead events, the newest first', async () => {
  const id = newId('dead');
  await test.sql`
    INSERT INTO dead_event (table_name, charge_point_id, key, reason, raw)
    SELECT 'message', ${id}, n::text, 'refused', '{}' FROM generate_series(1, 5) n`;
  const rows = await test.all(`/v1/dead-events?chargePointId=${id}`, 2);
  expect(rows.map((row) => row.key)).toEqual(['5', '4', '3', '2', '1']);
  expect((await test.all('/v1/dead-events', 2)).length).toBeGreaterThanOrEqual(5);
});

it('deviations, by charge point, the most frequent first', async () => {
  const id = newId('odd');
  const station = test.station(id);
  await station.call('BootNotification', boot);
  const status = { connectorId: 1, status: 'Available', errorCode: 'NoError', timestamp: '1970-01-01T00:00:00Z' };
  for (let i = 0; i < 3; i += 1) await station.call('StatusNotification', status);
  await station.call('MeterValues', {
    connectorId: 1,
    meterValue: [{ timestamp: at(1), sampledValue: [{ value: 5 }] }],
  });
  const mine = { chargePointId: id, vendor: 'Simulated', model: 'One', lastAt: expect.any(String) };
  const expected = [
    { ...mine, name: 'implausibleTime', count: 3, example: expect.stringContaining('1970') },
    { ...mine, name: expect.any(String), count: 1, example: expect.stringContaining('value') },
  ];
  await becomes(`/v1/charge-points/${id}/deviations`, { items: expected });
  const { items } = (await test.get('/v1/deviations')).body;
  expect(items.filter((row: { chargePointId: string }) => row.chargePointId === id)).toEqual(expected);
  const byVendor = (await test.get('/v1/deviations?by=vendor')).body.items as { vendor: string; name: string }[];
  const summed = byVendor.filter(({ vendor, name }) => vendor === 'Simulated' && name === 'implausibleTime');
  expect(summed).toEqual([
    {
      vendor: 'Simulated',
      name: 'implausibleTime',
      count: expect.any(Number),
      chargePoints: expect.any(Number),
      lastAt: expect.any(String),
      example: expect.stringMatching(/^implausibleTime: /),
    },
  ]);
  expect((await test.get('/v1/deviations?by=model')).status).toBe(400);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect((await test.get(`/v1/charge-points/${id}/deviations?from=${later}`)).body).toEqual({ items: [] });
});
