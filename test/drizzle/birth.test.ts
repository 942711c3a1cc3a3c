import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBirth, readTransactions } from '../../drizzle/queries/chargePoint.ts';
import { dropCursors, readCursors } from '../../drizzle/queries/cursors.ts';
import type { Command } from '../../workflows/state/model.ts';
import { input, later, messageEvent, newChargePointId, openStore, type Store, T0, transactionRow } from './support.ts';

let stored: Store;

beforeAll(async () => {
  stored = await openStore(inject('databaseUrl'));
});
afterAll(() => stored.close());

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const ended = (id: number, at: string) => transactionRow(id, 1, { startedAt: at, stoppedAt: at, end: 'station' });

function commandRow(commandId: string, fields: Partial<Command> = {}): Command {
  return {
    commandId,
    action: 'Reset',
    payload: { type: 'Hard', odd: '\0' },
    state: 'queued',
    reason: null,
    via: 'signal',
    options: null,
    requestedBy: null,
    requestedAt: T0,
    deadline: later(3600),
    sentAt: null,
    connection: null,
    answer: null,
    answeredAt: null,
    outcome: null,
    endedAt: null,
    version: 1,
    ...fields,
  };
}

describe('the birth of an actor', () => {
  it('of an unknown charge point starts from nothing', async () => {
    expect(await readBirth(stored.database, newChargePointId())).toEqual({
      chargePoint: null,
      cursors: {},
      heard: [],
      openConnections: [],
      connectors: [],
      transactions: [],
      commands: [],
      version: 0,
    });
  });

  it('knows open transactions, recent estimates and the newest others', async () => {
    const id = newChargePointId();
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const transactions = [
      ...numbers(30).map((n) => ended(100 + n, later(n * 3600))),
      transactionRow(1, 1, { startedAt: '2020-01-01T00:00:00.000Z' }),
      transactionRow(2, 1, { startedAt: '2020-01-01T00:00:00.000Z', stoppedAt: yesterday, end: 'estimated' }),
      transactionRow(3, 9, {
        startedAt: '2020-01-01T00:00:00.000Z',
        stoppedAt: '2020-01-01T00:00:00.000Z',
        end: 'estimated',
      }),
      transactionRow(4, 1, { startedAt: null, stoppedAt: later(31 * 3600), end: 'station' }),
    ];
    await stored.writer.persist(input(id, [], { transactions }));
    const found = (await readBirth(stored.database, id)).transactions.map(({ transactionId }) => transactionId);
    expect(found.toSorted((a, b) => a - b)).toEqual([1, 2, 4, ...numbers(19).map((n) => 111 + n)]);
  });

  it('knows unfinished commands and the newest others, in their order, letter by letter', async () => {
    const id = newChargePointId();
    const queued = commandRow('queued');
    const finished = numbers(25).map((n) =>
      commandRow(`c${n}`, {
        state: 'completed',
        requestedAt: later(n),
        endedAt: later(n),
        answer: { status: 'Accepted' },
      }),
    );
    await stored.writer.persist(input(id, [], { commands: [queued, ...finished] }));
    const { commands } = await readBirth(stored.database, id);
    expect(commands).toEqual([...finished.slice(-20), queued]);
  });

  it('knows no more of ended commands than fits into what an actor carries', async () => {
    const id = newChargePointId();
    const payload = { localAuthorizationList: 'x'.repeat(90_000) };
    const finished = numbers(4).map((n) =>
      commandRow(`c${n}`, { state: 'completed', requestedAt: later(n), endedAt: later(n), payload, version: n }),
    );
    await stored.writer.persist(input(id, [], { commands: finished }));
    const { commands, version } = await readBirth(stored.database, id);
    expect([commands.map(({ commandId }) => commandId), version]).toEqual([['c3', 'c4'], 4]);
  });
});

it('transactions are found by id and by alias', async () => {
  const id = newChargePointId();
  await stored.writer.persist(
    input(id, [], {
      transactions: [transactionRow(1, 1, { aliases: [10, 11] }), transactionRow(2, 1), transactionRow(3, 1)],
    }),
  );
  const found = await readTransactions(stored.database, id, [11, 3, 99]);
  expect(new Set(found.map(({ transactionId }) => transactionId))).toEqual(new Set([1, 3]));
});

it('cursors of a closed journal are dropped, others stay', async () => {
  const id = newChargePointId();
  const run = (journal: number) => ({ journal, upTo: 1, events: [{ event: messageEvent(1) }] });
  await stored.writer.persist(input(id, [], { runs: [run(9001), run(9002)] }));
  await dropCursors(stored.database, 9001);
  expect(await readCursors(stored.database, [id], [9001, 9002])).toEqual([
    { chargePointId: id, journal: 9002, seq: 1 },
  ]);
});
