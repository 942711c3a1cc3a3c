import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { readBirth } from '../../drizzle/queries/chargePoint.ts';
import { decideChargePoint } from '../../drizzle/queries/chargePoints.ts';
import { readCursors } from '../../drizzle/queries/cursors.ts';
import {
  connection,
  deadEvent,
  firmwareEvent,
  heartbeat,
  message,
  meterValue,
  securityEvent,
  statusNotification,
} from '../../drizzle/schema.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import type { ChargePoint } from '../../workflows/state/model.ts';
import {
  connectorRow,
  input,
  JOURNAL,
  later,
  log,
  messageEvent,
  meterValuesEvent,
  newChargePointId,
  open,
  T0,
  transactionRow,
} from './support.ts';

let database: Database;
let breaker: Breaker;
let writer: Writer;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  breaker = createBreaker({ database, log });
  writer = createWriter({ database, breaker, log });
});

afterAll(async () => {
  await writer.close();
  breaker.close();
  await database.close();
});

type Table =
  | typeof message
  | typeof meterValue
  | typeof heartbeat
  | typeof statusNotification
  | typeof connection
  | typeof firmwareEvent
  | typeof securityEvent
  | typeof deadEvent;

const rowsOf = (table: Table, id: string) =>
  database.run((db) => db.select().from(table).where(eq(table.chargePointId, id)));

describe('persist', () => {
  it('stores events, their facts, the state and the cursor', async () => {
    const id = newChargePointId();
    const transaction = transactionRow(7, 3, {
      aliases: [8],
      notes: ['a note'],
      grace: { reason: 'boot', since: T0, remainingMs: 1 },
    });
    const connector = connectorRow(1, 2, { info: `it's "fine"` });
    await writer.persist(
      input(id, [meterValuesEvent(1, ['100', '200']), messageEvent(2)], {
        connectors: [connector],
        transactions: [transaction],
      }),
    );

    expect(await rowsOf(message, id)).toHaveLength(2);
    expect(await rowsOf(heartbeat, id)).toEqual([{ chargePointId: id, at: later(2), journal: JOURNAL, seq: 2 }]);
    expect(await rowsOf(meterValue, id)).toMatchObject([
      { index: 0, at: later(1), value: '100', number: 100, normalised: 100, normalisedUnit: 'Wh' },
      { index: 1, at: later(1), value: '200' },
    ]);
    const birth = await readBirth(database, id);
    expect(birth.connectors).toEqual([connector]);
    expect(birth.transactions).toEqual([transaction]);
    expect(birth.cursors).toEqual({ [JOURNAL]: 2 });
    expect(birth.version).toBe(3);
  });

  it('stores progress of firmware and security events', async () => {
    const id = newChargePointId();
    const status = messageEvent(1, { action: 'FirmwareStatusNotification', payload: { status: 'Installed' } });
    const alarm = messageEvent(2, { action: 'SecurityEventNotification', payload: { type: 'MemoryExhaustion' } });
    await writer.persist(input(id, [status, alarm]));
    expect(await rowsOf(firmwareEvent, id)).toMatchObject([{ action: status.action, status: 'Installed', seq: 1 }]);
    expect(await rowsOf(securityEvent, id)).toMatchObject([{ type: 'MemoryExhaustion', techInfo: null, seq: 2 }]);
  });

  it('changes nothing when it is repeated', async () => {
    const id = newChargePointId();
    const dead = { event: messageEvent(3), dead: 'the reducer threw' };
    const once = input(id, [meterValuesEvent(1, ['1', '2']), messageEvent(2), dead], {
      connectors: [connectorRow(1, 1)],
    });
    await writer.persist(once);
    await writer.persist(once);
    expect(await rowsOf(message, id)).toHaveLength(3);
    expect(await rowsOf(meterValue, id)).toHaveLength(2);
    expect(await rowsOf(heartbeat, id)).toHaveLength(1);
    expect(await rowsOf(deadEvent, id)).toHaveLength(1);
  });

  it('takes the same events twice at the same time', async () => {
    const id = newChargePointId();
    const once = input(id, [meterValuesEvent(1, ['1'])], { connectors: [connectorRow(1, 1)] });
    await Promise.all([writer.persist(once), writer.persist(once), writer.persist(once)]);
    expect(await rowsOf(meterValue, id)).toHaveLength(1);
  });

  it('never writes an older version over a newer one', async () => {
    const id = newChargePointId();
    await writer.persist(input(id, [], { connectors: [connectorRow(1, 5, { status: 'Charging' })] }));
    await writer.persist(input(id, [], { connectors: [connectorRow(1, 4, { status: 'Available' })] }));
    expect((await readBirth(database, id)).connectors).toMatchObject([{ status: 'Charging', version: 5 }]);
    await writer.persist(input(id, [], { connectors: [connectorRow(1, 6, { status: 'Finishing' })] }));
    expect((await readBirth(database, id)).connectors).toMatchObject([{ status: 'Finishing', version: 6 }]);
  });

  it('leaves rows alone for an actor that has seen less than the database, and tells it so', async () => {
    const id = newChargePointId();
    const ahead = { transactions: [transactionRow(7, 10, { meterStop: 500 })] };
    expect(await writer.persist(input(id, [messageEvent(1), messageEvent(2), messageEvent(3)], ahead))).toBeUndefined();
    const behind = { transactions: [transactionRow(7, 99, { meterStop: null }), transactionRow(8, 99)] };
    expect(await writer.persist(input(id, [messageEvent(1), messageEvent(2)], behind))).toBe('behind');
    const { transactions } = await readBirth(database, id);
    expect(transactions.map((row) => [row.transactionId, row.meterStop])).toEqual([[7, 500]]);
  });

  it('has the events of an actor that has seen less come again, also those of a newer journal', async () => {
    const id = newChargePointId();
    const now = new Date().toISOString();
    const stop = (seq: number) => {
      const event = messageEvent(seq, { action: 'StopTransaction', hash: `hash ${seq}`, receivedAt: now });
      return { ...input(id, [event]), runs: [{ journal: JOURNAL + 1, upTo: seq, events: [{ event }] }] };
    };
    await writer.persist(input(id, [messageEvent(1), messageEvent(2), messageEvent(3)]));
    const cursors = { [JOURNAL]: 2, [JOURNAL + 1]: 1 };
    expect(await writer.persist({ ...stop(1), cursors })).toBe('behind');
    const born = await readBirth(database, id);
    expect(born).toMatchObject({ cursors: { [JOURNAL]: 3 }, heard: [] });
    expect(born.cursors).not.toHaveProperty(String(JOURNAL + 1));
    expect(await writer.persist({ ...stop(1), cursors: { [JOURNAL]: 3, [JOURNAL + 1]: 1 } })).toBeUndefined();
    expect(await readBirth(database, id)).toMatchObject({
      cursors: { [JOURNAL]: 3, [JOURNAL + 1]: 1 },
      heard: [{ hash: 'hash 1', event: `${JOURNAL + 1}:1` }],
    });
  });

  it('tells an actor that the database lacks events it had', async () => {
    const id = newChargePointId();
    expect(await writer.persist(input(id, [messageEvent(1)]))).toBeUndefined();
    expect(await writer.persist(input(id, [messageEvent(2)]))).toBeUndefined();
    expect(await writer.persist(input(id, [messageEvent(7)]))).toBe('lacking');
    expect(await writer.persist(input(id, [messageEvent(8)]))).toBeUndefined();
  });

  it('is not told so where other, older journals were left behind', async () => {
    const id = newChargePointId();
    await writer.persist(input(id, [messageEvent(1)]));
    expect(await writer.persist(input(id, [], { cursors: { [JOURNAL + 1]: 4 } }))).toBeUndefined();
    expect(await writer.persist(input(id, [], { cursors: {}, connectors: [connectorRow(1, 5)] }))).toBe('behind');
  });

  it('takes the newest of several versions in one input', async () => {
    const id = newChargePointId();
    const connectors = [connectorRow(1, 2), connectorRow(1, 3, { status: 'Faulted' }), connectorRow(1, 1)];
    await writer.persist(input(id, [], { connectors }));
    expect((await readBirth(database, id)).connectors).toMatchObject([{ status: 'Faulted', version: 3 }]);
  });

  it('moves a cursor only forward', async () => {
    const id = newChargePointId();
    await writer.persist(input(id, [messageEvent(9)]));
    await writer.persist(input(id, [messageEvent(4)]));
    expect(await readCursors(database, [id], [JOURNAL])).toEqual([{ chargePointId: id, journal: JOURNAL, seq: 9 }]);
  });

  it('leaves the columns that operators own alone', async () => {
    const id = newChargePointId();
    const chargePoint: ChargePoint = {
      chargePointId: id,
      vendor: 'V',
      model: 'M',
      serialNumber: null,
      firmwareVersion: null,
      iccid: null,
      imsi: null,
      meterType: null,
      meterSerialNumber: null,
      registration: 'pending',
      lastBootAt: T0,
      online: true,
      onlineSince: T0,
      offlineSince: null,
      lastSeenAt: T0,
      version: 1,
    };
    await writer.persist(input(id, [], { chargePoint }));
    expect((await readBirth(database, id)).chargePoint).toEqual(chargePoint);

    await decideChargePoint(database, id, { registration: 'accepted' });
    await writer.persist(input(id, [], { chargePoint: { ...chargePoint, vendor: 'W', version: 2 } }));
    expect((await readBirth(database, id)).chargePoint).toMatchObject({ registration: 'accepted', vendor: 'W' });
  });

  it('keeps payloads letter by letter and text as far as PostgreSQL can hold it', async () => {
    const id = newChargePointId();
    const payload = {
      connectorId: 1,
      status: 'Faulted',
      errorCode: 'NoError',
      info: 'nul \0, half \ud800, whole 😀, \\u0000',
    };
    await writer.persist(
      input(id, [messageEvent(1, { action: 'StatusNotification', payload })], {
        connectors: [connectorRow(1, 1, payload)],
      }),
    );
    expect(await rowsOf(message, id)).toMatchObject([{ payload }]);
    const info = 'nul \\u0000, half \ufffd, whole 😀, \\u0000';
    expect(await rowsOf(statusNotification, id)).toMatchObject([{ info }]);
    expect((await readBirth(database, id)).connectors).toMatchObject([{ info }]);
    expect(await rowsOf(deadEvent, id)).toEqual([]);
  });

  it('stores both ends of a connection in any order, once', async () => {
    const id = newChargePointId();
    const first = `${JOURNAL}-1`;
    const connected = {
      kind: 'connected',
      seq: 1,
      receivedAt: T0,
      connection: first,
      taskQueue: 'edge-1',
      remoteAddress: '::1',
      protocol: 'ocpp1.6',
    } as const;
    const disconnected = {
      kind: 'disconnected',
      seq: 2,
      receivedAt: later(9),
      connection: first,
      code: 1006,
      reason: '',
    } as const;

    await writer.persist(input(id, [disconnected]));
    await writer.persist(input(id, [connected]));
    await writer.persist(input(id, [{ ...disconnected, seq: 3, receivedAt: later(99) }]));
    expect(await rowsOf(connection, id)).toMatchObject([
      { openedAt: T0, taskQueue: 'edge-1', closedAt: later(9), closeCode: 1006, journal: JOURNAL },
    ]);
    expect(await readBirth(database, id)).toMatchObject({ openConnections: [] });

    await writer.persist(input(id, [{ ...connected, connection: `${JOURNAL}-2` }]));
    expect(await readBirth(database, id)).toMatchObject({
      openConnections: [{ connection: `${JOURNAL}-2`, journal: JOURNAL, taskQueue: 'edge-1', openedAt: T0 }],
    });
  });
});

describe('groups', () => {
  it('are as large as allowed, and what does not fit goes with the next', async () => {
    const small = createWriter({ database, breaker, log, maxRows: 5 });
    const ids = Array.from({ length: 10 }, newChargePointId);
    await Promise.all(ids.map((id) => small.persist(input(id, [messageEvent(1), messageEvent(2)]))));
    const cursors = await readCursors(database, ids, [JOURNAL]);
    expect(cursors.map(({ seq }) => seq)).toEqual(ids.map(() => 2));
  });

  it('store an input that is too large for one in several, the cursor last', async () => {
    const small = createWriter({ database, breaker, log, maxRows: 5 });
    const id = newChargePointId();
    const values = Array.from({ length: 12 }, (_, index) => String(index));
    await small.persist(input(id, [meterValuesEvent(1, values)], { connectors: [connectorRow(1, 1)] }));
    expect(await rowsOf(meterValue, id)).toHaveLength(12);
    expect(await readBirth(database, id)).toMatchObject({
      cursors: { [JOURNAL]: 1 },
      connectors: [{ connectorId: 1 }],
    });
  });

  it('under way are stored when the writer is closed, and nothing more is taken', async () => {
    const closing = createWriter({ database, breaker, log });
    const [id, other] = [newChargePointId(), newChargePointId()];
    const stored = closing.persist(input(id, [messageEvent(1)]));
    await closing.close();
    await stored;
    expect(await readCursors(database, [id], [JOURNAL])).toHaveLength(1);
    await expect(closing.persist(input(other, [messageEvent(1)]))).rejects.toThrow('the writer is closed');
  });
});

describe('a value the database refuses', () => {
  const BEYOND_BIGINT = 1e30;

  it('goes to dead_event alone, and the cursor moves past it', async () => {
    const id = newChargePointId();
    const status = (seq: number, connectorId: number) =>
      messageEvent(seq, {
        action: 'StatusNotification',
        payload: { connectorId, status: 'Available', errorCode: 'NoError' },
      });
    await writer.persist(
      input(id, [status(1, 1), status(2, BEYOND_BIGINT), status(3, 3)], {
        connectors: [connectorRow(1, 1), connectorRow(BEYOND_BIGINT, 2)],
      }),
    );

    expect((await rowsOf(statusNotification, id)).map((row) => 'connectorId' in row && row.connectorId)).toEqual([
      1, 3,
    ]);
    expect(await rowsOf(message, id)).toHaveLength(3);
    expect((await readBirth(database, id)).connectors).toMatchObject([{ connectorId: 1 }]);
    expect((await readBirth(database, id)).cursors).toEqual({ [JOURNAL]: 3 });
    const dead = await rowsOf(deadEvent, id);
    expect(dead).toHaveLength(2);
    expect(dead).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          tableName: 'status_notification',
          journal: JOURNAL,
          seq: 2,
          reason: expect.stringContaining('22'),
        }),
        expect.objectContaining({ tableName: 'connector', raw: expect.stringContaining('1e+30') }),
      ]),
    );
  });

  it('harms nobody else in the same group', async () => {
    const ids = Array.from({ length: 20 }, newChargePointId);
    await Promise.all(
      ids.map((id, index) => {
        const connectorId = index % 7 === 3 ? BEYOND_BIGINT : 1;
        return writer.persist(
          input(id, [messageEvent(1)], { connectors: [connectorRow(connectorId, 1), connectorRow(2, 1)] }),
        );
      }),
    );
    const births = await Promise.all(ids.map((id) => readBirth(database, id)));
    expect(births.map(({ connectors }) => connectors.length)).toEqual(ids.map((_, index) => (index % 7 === 3 ? 1 : 2)));
    expect(births.every(({ cursors }) => cursors[JOURNAL] === 1)).toBe(true);
    expect(breaker.down).toBeUndefined();
  });

  it('is not buried twice when the events come again', async () => {
    const id = newChargePointId();
    const again = input(id, [messageEvent(1)], { connectors: [connectorRow(BEYOND_BIGINT, 1)] });
    await writer.persist(again);
    await writer.persist(again);
    expect(await rowsOf(deadEvent, id)).toHaveLength(1);
  });
});
