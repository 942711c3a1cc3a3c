import { randomUUID } from 'node:crypto';
import { type Client, WorkflowIdConflictPolicy, WorkflowNotFoundError } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { ActorNotFound } from '../edge/outbox.ts';
import type { Registration } from '../../workflows/events.ts';
import type { Cancellation, Submission } from '../../workflows/state/inbound.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import type { Command } from '../../workflows/state/model.ts';
import { RPC_DEADLINE_MS, type Temporal } from './connection.ts';

/** Task queue of the actors and of the activities any worker can run. */
export const ACTOR_TASK_QUEUE = 'ocpp-actors';

export function workflowId(chargePointId: string): string {
  return `charge-point/${chargePointId}`;
}

/** Calls to the actors of charge points, each with a deadline. */
export interface Actors {
  /** Signals a batch of events given as JSON text (`EventBatch`); `start` creates the actor where there is none. */
  deliver(chargePointId: string, batch: string, options: { start: boolean }): Promise<void>;
  /**
   * Queues a command; creates the actor where there is none: a command for an offline station waits. Without `start` it
   * rejects there with `ActorNotFound`.
   */
  submit(chargePointId: string, submission: Submission, options?: { start: boolean }): Promise<{ commandId: string }>;
  /** Cancels a command that was not sent yet; resolves, when that is stored, to how it stands. */
  cancel(chargePointId: string, cancellation: Cancellation): Promise<Command | undefined>;
  /** Creates the actor where there is none. */
  start(chargePointId: string): Promise<void>;
  /** Tells what an operator has decided; creates the actor where there is none, also to end what a retired one leaves. */
  registered(chargePointId: string, registration: Registration): Promise<void>;
  /**
   * Begins a new run where the actor's history, as Temporal has it, ends, with every signal and update that it has not
   * taken in yet (as `temporal workflow reset`): for one that is stuck in a worker, which may remember more than
   * Temporal does. Nothing where it does not run, or waits for a worker.
   */
  restart(chargePointId: string, reason: string): Promise<void>;
  /** Ends the actor as it is: what the database does not have of it is lost. The next delivery starts it anew. */
  end(chargePointId: string, reason: string): Promise<void>;
  command(chargePointId: string, commandId: string): Promise<Command | undefined>;
  state(chargePointId: string): Promise<ActorState | undefined>;
}

/**
 * Instead of Temporal's 10 s: where a worker has too little of a processor, tasks that take longer are replayed from the
 * beginning, which takes longer still. A task that was with a worker that dies waits as long.
 */
const TASK_TIMEOUT = '20s';
/** temporal.api.enums.v1.PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED */
const TASK_SCHEDULED = 1;
/** temporal.api.enums.v1.ResetReapplyType.RESET_REAPPLY_TYPE_ALL_ELIGIBLE */
const REAPPLY_ALL = 3;

export function createActors({ connection, client, namespace }: Temporal): Actors {
  const within = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + RPC_DEADLINE_MS, call);
  const workflow = (chargePointId: string) => ({
    workflowId: workflowId(chargePointId),
    taskQueue: ACTOR_TASK_QUEUE,
    staticSummary: `charge point ${chargePointId}`.slice(0, 200),
    workflowTaskTimeout: TASK_TIMEOUT,
    args: [],
  });
  const start = async (chargePointId: string): Promise<void> => {
    const workflowIdConflictPolicy = WorkflowIdConflictPolicy.USE_EXISTING;
    await within(() => client.workflow.start('chargePoint', { ...workflow(chargePointId), workflowIdConflictPolicy }));
  };
  /** Nearly always the actor is there: it is started only where it is not. */
  const update = async <Result, Arg>(
    chargePointId: string,
    name: string,
    arg: Arg,
    options = { start: true },
  ): Promise<Result> => {
    const handle = client.workflow.getHandle(workflowId(chargePointId));
    const asked = () => within(() => handle.executeUpdate<Result, [Arg]>(name, { args: [arg] }));
    try {
      return await asked();
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    if (!options.start) throw new ActorNotFound(chargePointId);
    await start(chargePointId);
    return asked();
  };
  /** Undefined where there is no such actor, or it has ended. */
  const whereItRuns = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await within(call);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  };
  return {
    async deliver(chargePointId, batch, options) {
      const payload = RawValue.fromPayload({ metadata: JSON_PLAIN, data: Buffer.from(batch) });
      if (options.start) {
        await within(() =>
          client.workflow.signalWithStart('chargePoint', {
            ...workflow(chargePointId),
            signal: 'events',
            signalArgs: [payload],
          }),
        );
        return;
      }
      try {
        await within(() => client.workflow.getHandle(workflowId(chargePointId)).signal('events', payload));
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? new ActorNotFound(chargePointId) : error;
      }
    },
    submit: (chargePointId, submission, options) => update(chargePointId, 'submit', submission, options),
    cancel: (chargePointId, cancellation) => update(chargePointId, 'cancelCommand', cancellation),
    async start(chargePointId) {
      // Asking costs Temporal's store nothing; a start that finds it running leaves it a history that nobody reads.
      const run = await whereItRuns(() => client.workflow.getHandle(workflowId(chargePointId)).describe());
      if (run?.status.name !== 'RUNNING') await start(chargePointId);
    },
    async registered(chargePointId, registration) {
      await within(() =>
        client.workflow.signalWithStart('chargePoint', {
          ...workflow(chargePointId),
          signal: 'registration',
          signalArgs: [registration],
        }),
      );
    },
    async restart(chargePointId, reason) {
      const handle = client.workflow.getHandle(workflowId(chargePointId));
      const run = await whereItRuns(() => handle.describe());
      if (run?.status.name !== 'RUNNING' || isQueued(run.raw.pendingWorkflowTask)) return;
      const workflowExecution = { workflowId: handle.workflowId, runId: run.runId };
      const task = await within(() => lastTask(client, namespace, workflowExecution));
      if (task === undefined) return;
      await within(() =>
        client.workflowService.resetWorkflowExecution({
          namespace,
          workflowExecution,
          reason,
          requestId: randomUUID(),
          workflowTaskFinishEventId: task,
          resetReapplyType: REAPPLY_ALL,
        }),
      );
    },
    async end(chargePointId, reason) {
      await whereItRuns(() => client.workflow.getHandle(workflowId(chargePointId)).terminate(reason));
    },
    command: (chargePointId, commandId) =>
      within(() =>
        client.workflow.getHandle(workflowId(chargePointId)).query<Command | undefined, [string]>('command', commandId),
      ),
    state: (chargePointId) =>
      within(() => client.workflow.getHandle(workflowId(chargePointId)).query<ActorState | undefined>('state')),
  };
}

/** A worker has not come to it yet: it is late, not stuck. */
function isQueued(task: { state?: number | null; attempt?: number | null } | null | undefined): boolean {
  return task?.state === TASK_SCHEDULED && (task.attempt ?? 1) <= 1;
}

/** Event id of the run's last workflow task that was completed. */
async function lastTask(
  { workflowService }: Client,
  namespace: string,
  execution: { workflowId: string; runId: string },
) {
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution,
      maximumPageSize: 200,
      nextPageToken,
    });
    const task = page.history?.events?.find((event) => event.workflowTaskCompletedEventAttributes);
    if (task?.eventId) return task.eventId;
    nextPageToken = page.nextPageToken;
  } while (nextPageToken?.length);
  return undefined;
}

const JSON_PLAIN = { encoding: Buffer.from('json/plain') };
