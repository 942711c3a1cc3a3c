import { WorkflowIdConflictPolicy, WorkflowNotFoundError } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { ActorNotFound } from '../edge/outbox.ts';
import type { Registration } from '../../workflows/events.ts';
import type { Submission } from '../../workflows/state/inbound.ts';
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
  /** Queues a command; creates the actor where there is none: a command for an offline station waits. */
  submit(chargePointId: string, submission: Submission): Promise<{ commandId: string }>;
  /** Tells what an operator has decided; creates the actor where there is none, but not to retire it. */
  registered(chargePointId: string, registration: Registration): Promise<void>;
  command(chargePointId: string, commandId: string): Promise<Command | undefined>;
  state(chargePointId: string): Promise<ActorState | undefined>;
}

export function createActors({ connection, client }: Temporal): Actors {
  const within = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + RPC_DEADLINE_MS, call);
  const start = (chargePointId: string) => ({
    workflowId: workflowId(chargePointId),
    taskQueue: ACTOR_TASK_QUEUE,
    staticSummary: `charge point ${chargePointId}`.slice(0, 200),
    args: [],
  });
  return {
    async deliver(chargePointId, batch, options) {
      const payload = RawValue.fromPayload({ metadata: JSON_PLAIN, data: Buffer.from(batch) });
      if (options.start) {
        await within(() =>
          client.workflow.signalWithStart('chargePoint', {
            ...start(chargePointId),
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
    async submit(chargePointId, submission) {
      await within(() =>
        client.workflow.start('chargePoint', {
          ...start(chargePointId),
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        }),
      );
      const handle = client.workflow.getHandle(workflowId(chargePointId));
      return within(() => handle.executeUpdate<{ commandId: string }, [Submission]>('submit', { args: [submission] }));
    },
    async registered(chargePointId, registration) {
      if (registration !== 'retired') {
        await within(() =>
          client.workflow.signalWithStart('chargePoint', {
            ...start(chargePointId),
            signal: 'registration',
            signalArgs: [registration],
          }),
        );
        return;
      }
      try {
        await within(() => client.workflow.getHandle(workflowId(chargePointId)).signal('registration', registration));
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
    command: (chargePointId, commandId) =>
      within(() =>
        client.workflow.getHandle(workflowId(chargePointId)).query<Command | undefined, [string]>('command', commandId),
      ),
    state: (chargePointId) =>
      within(() => client.workflow.getHandle(workflowId(chargePointId)).query<ActorState | undefined>('state')),
  };
}

const JSON_PLAIN = { encoding: Buffer.from('json/plain') };
