/** What is done to actors from outside: terminated, cancelled, reset to an earlier point, and sent what nobody can read. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { workflowId } from '../../src/temporal/actors.ts';
import { UNSTORED_MS, type Expected, type Scenario, type World } from '../scenario.ts';
import { until, type System } from '../system.ts';
import { meanwhile } from './meanwhile.ts';

const answered: Expected = { during: 'answered', servedWithin: 5 };
const lost = 'commands that the actor took in the last moments before, and that the database did not have';

export const actors: Scenario[] = [
  {
    name: 'actors-terminated',
    fault:
      'a third of the actors terminated at random moments, again and again, half of the times while the database hangs',
    expected: { journal: { ...answered, lost }, actor: { ...answered, lost } },
    async run(world) {
      const { system, random, mayLoseCommands, note } = world;
      let terminated = 0;
      let hanging = true;
      await meanwhile(world, 60_000, async () => {
        const from = Date.now();
        if (hanging) system.database.pause();
        try {
          await sleep(random.between(1_000, 4_000));
          terminated += await toAThird(world, (actor) => actor.terminate('by an operator'));
          mayLoseCommands(from - UNSTORED_MS, Date.now() + 1_000);
        } finally {
          if (hanging) system.database.resume();
        }
        hanging = random.chance(0.5);
        await sleep(random.between(500, 2_000));
      });
      note(`${terminated} actors terminated`);
    },
  },
  {
    name: 'actors-cancelled',
    fault: 'a third of the actors cancelled at random moments, again and again',
    // Temporal takes no signals for a workflow that is about to close; who has sent one asks again after 1, 2 and 4 s.
    expected: { journal: answered, actor: { during: 'served', servedWithin: 15 } },
    async run(world) {
      let cancelled = 0;
      await meanwhile(world, 60_000, async () => {
        cancelled += await toAThird(world, (actor) => actor.cancel());
        await sleep(world.random.between(200, 3_000));
      });
      world.note(`${cancelled} actors cancelled`);
    },
  },
  {
    name: 'actors-reset',
    fault:
      'a third of the actors reset to an earlier workflow task, again and again: with what came since applied again, without the signals, without signals and updates',
    expected: { journal: { ...answered, lost }, actor: { ...answered, lost } },
    async run(world) {
      const { system, random, mayLoseCommands, note } = world;
      let times = 0;
      let back = 0;
      await meanwhile(world, 60_000, async () => {
        const without = random.pick(EXCLUDED);
        const from = Date.now();
        times += await toAThird(world, async (actor) => {
          back += await resetToEarlier(system, actor, random.next(), without);
        });
        if (without.includes(UPDATES)) mayLoseCommands(from - UNSTORED_MS, Date.now() + 1_000);
        await sleep(random.between(500, 3_000));
      });
      note(`${times} resets, ${Math.round(back / Math.max(1, times))} history events back on average`);
    },
  },
  {
    name: 'actors-garbage',
    fault: 'signals that cannot be decoded, of unknown name and of wrong shape, updates and queries likewise',
    expected: { journal: answered, actor: answered },
    async run(world) {
      const { system, load, random, times, note } = world;
      const rounds = times(60);
      let signals = 0;
      for (let round = 0; round < rounds; round++) {
        const actor = actorOf(system, random.pick(load.stations).chargePointId);
        signals += await garbage(actor);
        await refusedAtOnce(actor);
        await sleep(random.between(0, 200));
      }
      await load.more(load.stations.length);
      await until(`${signals} signals are refused`, async () => (await refusals(world)).length >= signals, 60_000);
      const rows = await refusals(world);
      if (rows.length !== signals) throw new Error(`${signals} signals of garbage, ${rows.length} refused commands`);
      const silent = rows.filter(({ reason }) => !reason);
      if (silent.length > 0) throw new Error(`${silent.length} commands are refused without a reason`);
      note(`${signals} signals refused, ${rounds * 3} updates and queries`);
    },
  },
];

/** At moments of their own within half a second. Resolves to how many there were. */
async function toAThird(
  { system, load, random }: World,
  what: (actor: WorkflowHandle) => Promise<unknown>,
): Promise<number> {
  const chosen = load.stations.filter(() => random.chance(1 / 3));
  const done = chosen.map(async ({ chargePointId }) => {
    await sleep(random.between(0, 500));
    try {
      await what(actorOf(system, chargePointId));
      return 1;
    } catch (error) {
      // Ended by the one before, and nothing has been said since.
      if (error instanceof WorkflowNotFoundError) return 0;
      throw error;
    }
  });
  return (await Promise.all(done)).reduce<number>((sum, each) => sum + each, 0);
}

function actorOf({ client }: System, chargePointId: string): WorkflowHandle {
  return client.workflow.getHandle(workflowId(chargePointId));
}

/** temporal.api.enums.v1.ResetReapplyType: ALL_ELIGIBLE; ResetReapplyExcludeType: SIGNAL, UPDATE. */
const ALL_ELIGIBLE = 3;
const SIGNALS = 1;
const UPDATES = 2;
const EXCLUDED = [[], [SIGNALS], [SIGNALS, UPDATES]];

/**
 * As `temporal workflow reset` does it.
 *
 * @param share of the run's workflow tasks that stay: from 0 to below 1
 * @returns how many history events it goes back
 */
async function resetToEarlier(
  { client }: System,
  actor: WorkflowHandle,
  share: number,
  without: number[],
): Promise<number> {
  const { runId } = await actor.describe();
  const { events } = await client.workflow.getHandle(actor.workflowId, runId).fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const task = tasks[Math.floor(share * tasks.length)];
  if (!task?.eventId) return 0;
  try {
    await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: actor.workflowId, runId },
      reason: 'by an operator',
      requestId: randomUUID(),
      workflowTaskFinishEventId: task.eventId,
      resetReapplyType: ALL_ELIGIBLE,
      resetReapplyExcludeTypes: without,
    });
  } catch (error) {
    throw new Error(`${actor.workflowId} could not be reset: ${String(error)}`, { cause: error });
  }
  return (events ?? []).length - Number(task.eventId);
}

/** Resolves to the number of signals. */
async function garbage(actor: WorkflowHandle): Promise<number> {
  const names = ['events', 'reset', 'command', 'registration', 'rest'];
  for (const name of names) await actor.signal(name, undecodable());
  const shapes: [name: string, argument: unknown][] = [
    ['events', null],
    ['events', { journal: 'x', after: 0, events: [null] }],
    ['events', { journal: 1, after: 0, events: [{ seq: 1, kind: 'message' }] }],
    ['events', { journal: 1, after: 0.5, events: [] }],
    ['reset', { type: 'Sideways' }],
    ['command', 'Reset'],
    ['command', { action: 'Reset', deadlineMs: -1 }],
    ['command', { action: 'SelfDestruct', payload: {} }],
    ['registration', 'divorced'],
    ['a\u0000b', { text: '\ud800' }],
  ];
  for (const [name, argument] of shapes) await actor.signal(name, argument);
  return names.length + shapes.length;
}

/** What is refused by the actor before it is taken leaves no trace. */
async function refusedAtOnce(actor: WorkflowHandle): Promise<void> {
  const tries: [what: string, call: Promise<unknown>][] = [
    ['an update of wrong shape', actor.executeUpdate('submit', { args: [{ action: 7 }] })],
    ['an update of unknown name', actor.executeUpdate('obey', { args: [undecodable()] })],
    ['a query of unknown name', actor.query('thoughts', undecodable())],
  ];
  for (const [i, { status }] of (await Promise.allSettled(tries.map(([, call]) => call))).entries()) {
    if (status === 'fulfilled') throw new Error(`${tries[i]?.[0]} was taken`);
  }
}

function undecodable(): RawValue {
  return RawValue.fromPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{{{') });
}

function refusals({ system, load }: World) {
  return system.sql<{ reason: string | null }[]>`
    SELECT reason FROM command WHERE starts_with(charge_point_id, ${load.prefix}) AND state = 'refused'`;
}
