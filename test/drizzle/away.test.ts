import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import { openDatabase, type Database } from '../../drizzle/client.ts';
import { DatabaseAway, DatabaseTimeout, describeDatabaseError } from '../../drizzle/errors.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { heartbeat } from '../../drizzle/schema.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import { input, log, messageEvent, newChargePointId, open, startProxy, type Proxy } from './support.ts';

let direct: Database;
let proxy: Proxy;
let database: Database;
let breaker: Breaker;
let writer: Writer;

beforeAll(async () => {
  direct = open(inject('databaseUrl'));
  await migrate(direct);
});
afterAll(() => direct.close());

beforeEach(async () => {
  proxy = await startProxy(inject('databaseUrl'));
  database = open(proxy.url);
  breaker = createBreaker({ database, log, probeEveryMs: 100 });
  // Long enough for a loaded machine to store what it should; only silence takes longer.
  writer = createWriter({ database, breaker, log, deadlineMs: 2_000 });
});
afterEach(async () => {
  breaker.close();
  await database.close();
  await proxy.close();
});

const stored = async (id: string) =>
  (await direct.run((db) => db.select().from(heartbeat).where(eq(heartbeat.chargePointId, id)))).length;
const persist = (id: string) => writer.persist(input(id, [messageEvent(1)]));

describe('when the database is away', () => {
  it.each(['cut', 'silent'] as const)('rejects at once what waits, and goes on when it is back (%s)', async (mode) => {
    const id = newChargePointId();
    await persist(id);
    proxy.mode(mode);

    const waiting = [newChargePointId(), newChargePointId(), newChargePointId()].map(persist);
    const results = await Promise.allSettled(waiting);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseAway) });
    expect(breaker.down).toMatchObject({ since: expect.any(Date), reason: expect.any(String) });

    const before = performance.now();
    await expect(persist(id)).rejects.toThrow(DatabaseAway);
    // The deadline is 2 s.
    expect(performance.now() - before).toBeLessThan(1_000);

    proxy.mode('open');
    await breaker.whenClosed();
    expect(breaker.down).toBeUndefined();
    const again = newChargePointId();
    await persist(again);
    expect(await stored(again)).toBe(1);
  });

  it('stops waiting for it when told so', async () => {
    proxy.mode('cut');
    await expect(persist(newChargePointId())).rejects.toThrow(DatabaseAway);
    const abort = new AbortController();
    const waiting = breaker.whenClosed(abort.signal);
    abort.abort(new Error('told so'));
    await expect(waiting).rejects.toThrow('told so');
  });
});

describe('run', () => {
  it('ends a query that the server does not answer, and the next one works', async () => {
    await database.run((db) => db.execute(sql`select 1`));
    proxy.mode('silent');
    await expect(database.run((db) => db.execute(sql`select 1`), 100)).rejects.toThrow(DatabaseTimeout);
    proxy.mode('open');
    expect(await database.run((db) => db.execute(sql`select 2 as two`))).toEqual([{ two: 2 }]);
  });

  it('rejects what runs and what waits when the connection is cut, and the next one works', async () => {
    const select = (number: number) =>
      database.run((db) => db.execute(sql`select ${number}::int as number, pg_sleep(0.2)::text as slept`));
    await database.run((db) => db.execute(sql`select 1`));
    const cut = [select(1), select(2), select(3)];
    proxy.mode('cut');
    for (const result of await Promise.allSettled(cut)) {
      expect(result.status === 'rejected' && describeDatabaseError(result.reason).kind).toBe('away');
    }
    proxy.mode('open');
    expect(await select(4)).toMatchObject([{ number: 4 }]);
  });
});

describe('describeDatabaseError', () => {
  const failure = async (work: Promise<unknown>) => describeDatabaseError(await work.catch((error: unknown) => error));

  it('tells that nothing listens', async () => {
    const nowhere = openDatabase({ url: 'postgres://postgres:postgres@127.0.0.1:1/postgres', log });
    expect(await failure(nowhere.run((db) => db.execute(sql`select 1`)))).toEqual({
      kind: 'away',
      message: 'nothing listens at 127.0.0.1:1: is the database running? Is DATABASE_URL right?',
    });
    await nowhere.close();
  });

  it.each([
    [sql`select 'x'::int`, 'refused-value'],
    [sql`select 1 / 0`, 'refused-value'],
    [sql`select * from no_such_table`, 'misconfigured'],
    [sql`select from where`, 'other'],
  ])('sorts what PostgreSQL says (%#)', async (query, kind) => {
    expect(await failure(direct.run((db) => db.execute(query)))).toMatchObject({ kind });
  });

  it('does not repeat the statement and its parameters', async () => {
    const { message } = await failure(direct.run((db) => db.execute(sql`select ${'a secret'}::int`)));
    expect(message).not.toContain('select');
  });
});
