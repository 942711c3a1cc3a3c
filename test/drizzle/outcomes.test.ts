import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import { Outcomes } from '../../src/operators/outcomes.ts';
import type { Command } from '../../workflows/state/model.ts';
import { input, later, log, newChargePointId, open, T0 } from './support.ts';

let database: Database;
let breaker: Breaker;
let writer: Writer;
let looks: number;
let outcomes: Outcomes;
let version = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  database = open(inject('databaseUrl'));
  await migrate(database);
  breaker = createBreaker({ database, log });
  writer = createWriter({ database, breaker, log });
  looks = 0;
  const counted: Database = {
    ...database,
    run: (work, deadlineMs) => {
      looks += 1;
      return database.run(work, deadlineMs);
    },
  };
  outcomes = new Outcomes(counted);
});
afterAll(async () => {
  breaker.close();
  await database.close();
});

describe('Outcomes', () => {
  it('tells each who waits of his command when it has ended, and nobody of another', async () => {
    const [one, other] = [newChargePointId(), newChargePointId()];
    const waiting = [one, other].map((chargePointId) => {
      return outcomes.of({ chargePointId, commandId: 'same' }, 60_000, never);
    });
    await store(one, { state: 'sent' });
    await store(other, { state: 'rejected', endedAt: later(1) });
    expect(await waiting[1]).toMatchObject({ chargePointId: other, commandId: 'same', state: 'rejected' });
    await store(one, { state: 'completed', endedAt: later(2), outcome: 'done' });
    expect(await waiting[0]).toMatchObject({ chargePointId: one, state: 'completed', outcome: 'done' });
  });

  it('looks for all together, however many begin to wait', async () => {
    const ids = Array.from({ length: 50 }, newChargePointId);
    const before = looks;
    const waiting: Promise<unknown>[] = [];
    for (const chargePointId of ids) {
      waiting.push(outcomes.of({ chargePointId, commandId: 'same' }, 60_000, never));
      await sleep(5);
    }
    expect(looks).toBeGreaterThan(before);
    for (const id of ids) await store(id, { state: 'completed', endedAt: later(1) });
    await Promise.all(waiting);
    expect(looks - before).toBeLessThan(50 * 5);
  });

  it('gives up when the time is over, also where garbage is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const waiting = outcomes.of(
      { chargePointId: newChargePointId(), commandId: 'same' },
      500,
      new AbortController().signal,
    );
    for (let round = 0; round < 3; round++) {
      await sleep(50);
      collect();
    }
    expect(await waiting).toBeUndefined();
  });

  it('gives up when the time is over, and when nobody wants to know any more', async () => {
    const command = { chargePointId: newChargePointId(), commandId: 'same' };
    expect(await outcomes.of(command, 50, never)).toBeUndefined();
    const gone = new AbortController();
    const waiting = outcomes.of(command, 60_000, gone.signal);
    gone.abort();
    expect(await waiting).toBeUndefined();
    expect(await outcomes.of(command, 60_000, gone.signal)).toBeUndefined();
    const before = looks;
    await sleep(400);
    expect(looks - before).toBeLessThan(3);
  });
});

async function store(chargePointId: string, fields: Partial<Command>): Promise<void> {
  const command: Command = {
    commandId: 'same',
    action: 'ClearCache',
    payload: {},
    state: 'queued',
    reason: null,
    via: 'update',
    options: null,
    requestedBy: null,
    requestedAt: T0,
    deadline: later(3600),
    connection: null,
    sentAt: null,
    answer: null,
    answeredAt: null,
    outcome: null,
    endedAt: null,
    version: (version += 1),
    ...fields,
  };
  await writer.persist(input(chargePointId, [], { commands: [command] }));
}
