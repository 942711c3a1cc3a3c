import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findCommand } from '../../drizzle/queries/commands.ts';
import { sendLocalList } from '../../src/operators/localList.ts';
import type { Actors } from '../../src/temporal/actors.ts';
import type { Submission } from '../../workflows/state/inbound.ts';
import type { Command } from '../../workflows/state/model.ts';
import { accepted, input, later, lost, openStore, type Said, sentTo, type Store } from './support.ts';

let stored: Store;

beforeAll(async () => {
  stored = await openStore(inject('databaseUrl'));
});
afterAll(() => stored.close());

/** What comes of one command when its actor is told to cancel it: how it stands then, and what was queued before that. */
type Told = Record<string, { state: Command['state']; queues?: Said & { commandId: string } }>;

/** Sends a list to a charge point that was sent these; its actor answers like this. */
async function send(said: Said[], told: Told = {}, idTags = ['A', 'B']) {
  const id = await sentTo(stored.writer, ...said);
  const submitted: Submission[] = [];
  const cancelled: string[] = [];
  let version = 1_000;
  const store = async (command: Partial<Command>) => {
    version += 1;
    await stored.writer.persist(input(id, [], { commands: [{ ...blank, ...command, version } as Command] }));
  };
  const actors: Pick<Actors, 'submit' | 'cancel'> = {
    submit: async (_, submission) => {
      submitted.push(submission);
      return { commandId: submission.commandId! };
    },
    cancel: async (_, { commandId }) => {
      cancelled.push(commandId);
      const { state, queues } = told[commandId]!;
      const { chargePointId: _id, ...row } = (await findCommand(stored.database, id, commandId))!;
      const command = { ...row, state, endedAt: state === 'sent' ? null : later(900) };
      await store({ connection: row.sentAt && 'a connection', ...command });
      if (queues) await store({ requestedAt: later(900), deadline: later(4_000), ...queues });
      return { ...command, connection: null, version };
    },
  };
  const wanted = idTags.map((idTag) => ({ idTag, status: 'Accepted' as const }));
  const parts = { database: stored.database, actors: () => actors as Actors };
  const result = await sendLocalList(parts, id, wanted, { requestedBy: 'ada' }).catch(
    (error: unknown) => error as Error,
  );
  return { result, submitted, cancelled };
}

const blank = {
  reason: null,
  via: 'rest',
  options: null,
  requestedBy: null,
  sentAt: null,
  connection: null,
  answer: null,
  answeredAt: null,
  outcome: null,
  endedAt: null,
};

const list = (listVersion: number, updateType: string, ...idTags: string[]) => ({
  listVersion,
  updateType,
  localAuthorizationList: idTags.map((idTag) => ({ idTag, idTagInfo: { status: 'Accepted' } })),
});
const full = accepted('SendLocalList', list(4, 'Full', 'A'));
const unfinished = { endedAt: null };
const queued = { state: 'queued', sentAt: null, connection: null, ...unfinished } as const;
const question = (fields: Partial<Command>): Said => ({
  ...lost('GetLocalListVersion', {}, fields),
  options: { expected: { listVersion: 5 } },
});
const sent = ({ submitted }: Awaited<ReturnType<typeof send>>) =>
  submitted.map(({ payload }) => {
    const { updateType, listVersion } = payload as Record<string, unknown>;
    return [updateType, listVersion];
  });

describe('a local list that is sent', () => {
  it('is one submission, whose commands are named with whether they are queued', async () => {
    const { result, submitted } = await send([full]);
    expect(submitted).toHaveLength(1);
    const [{ commandId, options }] = submitted as [Submission];
    expect(submitted[0]).toMatchObject({
      action: 'SendLocalList',
      requestedBy: 'ada',
      payload: list(5, 'Differential', 'B'),
    });
    expect(result).toEqual({
      listVersion: 5,
      commands: [
        { commandId, action: 'SendLocalList', entries: 1, queued: true },
        { commandId: options!.next![0]!.commandId, action: 'GetLocalListVersion', entries: 0, queued: false },
      ],
      otherwise: [
        { commandId: options!.otherwise![0]!.commandId, action: 'SendLocalList', entries: 2, queued: false },
        { commandId: options!.otherwise![1]!.commandId, action: 'GetLocalListVersion', entries: 0, queued: false },
      ],
    });
  });

  it('is sent in full after one that was not answered, with a version above it', async () => {
    const unanswered = lost('SendLocalList', list(9, 'Differential', 'B'));
    expect(sent(await send([full, unanswered]))).toEqual([['Full', 10]]);
    // It would have that list, if it were not for the doubt.
    expect(sent(await send([full, unanswered], {}, ['A']))).toEqual([['Full', 10]]);
    expect((await send([full], {}, ['A'])).submitted).toEqual([]);
  });

  it('takes the place of what is queued of an earlier one', async () => {
    const waiting = lost('SendLocalList', list(5, 'Differential', 'C'), queued);
    const earlier = await send([full, waiting, question(queued)], {
      c2: { state: 'cancelled' },
      c3: { state: 'cancelled' },
    });
    expect(earlier.cancelled).toEqual(['c2', 'c3']);
    // Nothing of it was sent.
    expect(sent(earlier)).toEqual([['Differential', 5]]);
  });

  it('cuts off what is to follow one that is under way, and is sent in full', async () => {
    const underWay = lost('SendLocalList', list(5, 'Differential', 'C'), { state: 'sent', ...unfinished });
    const earlier = await send([full, underWay], { c2: { state: 'sent' } });
    expect(earlier.cancelled).toEqual(['c2']);
    expect(sent(earlier)).toEqual([['Full', 6]]);
    const asked = await send([full, question({ state: 'sent', ...unfinished })], { c2: { state: 'sent' } });
    expect(asked.cancelled).toEqual(['c2']);
    expect(sent(asked)).toEqual([['Differential', 5]]);
  });

  it('also cancels what has followed meanwhile', async () => {
    const underWay = lost('SendLocalList', list(5, 'Full', 'C'), { state: 'sent', ...unfinished });
    const part = { commandId: 'next', ...lost('SendLocalList', list(6, 'Differential', 'D'), queued) };
    const told: Told = { c2: { state: 'completed', queues: part }, next: { state: 'cancelled' } };
    const earlier = await send([full, underWay], told);
    expect(earlier.cancelled).toEqual(['c2', 'next']);
    expect(sent(earlier)).toEqual([['Full', 6]]);
  });

  it('leaves alone who only asks for the version, and an earlier list where it cannot be sent itself', async () => {
    const asked = lost('GetLocalListVersion', {}, queued);
    expect((await send([full, asked])).cancelled).toEqual([]);
    const waiting = lost('SendLocalList', list(5, 'Differential', 'C'), queued);
    const twice = await send([full, waiting], {}, ['A', 'a']);
    expect(twice.result).toMatchObject({ name: 'BadLocalList' });
    expect(twice.cancelled).toEqual([]);
  });
});
