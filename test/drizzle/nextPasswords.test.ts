import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBreaker, type Breaker } from '../../drizzle/breaker.ts';
import type { Database } from '../../drizzle/client.ts';
import { migrate } from '../../drizzle/migrate.ts';
import { addNextPassword } from '../../drizzle/queries/nextPasswords.ts';
import { findChargePoints } from '../../drizzle/queries/registrations.ts';
import { createWriter, type Writer } from '../../drizzle/writer.ts';
import type { Command } from '../../workflows/state/model.ts';
import { chargePointRow, input, later, log, newChargePointId, open, T0 } from './support.ts';

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
  breaker.close();
  await database.close();
});

/** Which of two new keys, of commands `first` and `second`, still count when the second has ended so. */
async function countAfter(fields: Partial<Command>): Promise<string[]> {
  const id = newChargePointId();
  await writer.persist(input(id, [], { chargePoint: chargePointRow(id, 1) }));
  for (const commandId of ['first', 'second']) await addNextPassword(database, id, { commandId, passwordHash: 'hash' });
  await writer.persist(input(id, [], { commands: [{ ...change, state: 'sent', version: 1 }] }));
  await writer.persist(input(id, [], { commands: [{ ...change, endedAt: later(2), version: 2, ...fields }] }));
  const [found] = await findChargePoints(database, [id]);
  return found!.nextPasswords.map(({ commandId }) => commandId);
}

describe('a new AuthorizationKey', () => {
  it.each([
    ['CALLERROR', { state: 'failed', reason: 'NotSupported: no' }],
    ['CALLERROR without words', { state: 'failed', reason: 'GenericError: ' }],
    ['Rejected', { state: 'rejected', answer: { status: 'Rejected' }, answeredAt: later(2) }],
  ] as const)('is dropped by %s, and no other one is', async (_, fields) => {
    expect(await countAfter(fields)).toEqual(['first']);
  });

  it.each([
    ['could not be read', { state: 'failed', reason: 'FormationViolation: ChangeConfiguration.conf: status: Invalid' }],
    ['did not come', { state: 'timedOut', reason: 'the station did not answer in time' }],
    ['asks for a reboot', { state: 'completed', answer: { status: 'RebootRequired' }, answeredAt: later(2) }],
  ] as const)('counts on where the answer %s: the station may have it', async (_, fields) => {
    expect(await countAfter(fields)).toEqual(['first', 'second']);
  });
});

const change: Omit<Command, 'version'> = {
  commandId: 'second',
  action: 'ChangeConfiguration',
  payload: { key: 'AuthorizationKey', value: 'sealed' },
  state: 'queued',
  reason: null,
  via: 'rest',
  options: null,
  requestedBy: null,
  requestedAt: T0,
  deadline: later(60),
  sentAt: later(1),
  connection: '1-1',
  answer: null,
  answeredAt: null,
  outcome: null,
  endedAt: null,
};
