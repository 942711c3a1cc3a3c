import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addNextPassword } from '../../drizzle/queries/nextPasswords.ts';
import { findChargePoints } from '../../drizzle/queries/registrations.ts';
import type { Command } from '../../workflows/state/model.ts';
import { chargePointRow, input, later, newChargePointId, openStore, type Store, T0 } from './support.ts';

let stored: Store;

beforeAll(async () => {
  stored = await openStore(inject('databaseUrl'));
});
afterAll(() => stored.close());

/** Which of two new keys, of commands `first` and `second`, still count when the second has ended so. */
async function countAfter(fields: Partial<Command>): Promise<string[]> {
  const id = newChargePointId();
  await stored.writer.persist(input(id, [], { chargePoint: chargePointRow(id, 1) }));
  for (const commandId of ['first', 'second'])
    await addNextPassword(stored.database, id, { commandId, passwordHash: 'hash' });
  await stored.writer.persist(input(id, [], { commands: [{ ...change, state: 'sent', version: 1 }] }));
  await stored.writer.persist(input(id, [], { commands: [{ ...change, endedAt: later(2), version: 2, ...fields }] }));
  const [found] = await findChargePoints(stored.database, [id]);
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
