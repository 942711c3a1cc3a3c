/** What can be said to an actor, and asked. Nothing here waits or throws: whatever comes is pushed to the loop. */
import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setDefaultSignalHandler,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { EventBatch } from './events.ts';
import type { ActorState } from './state/actor.ts';
import type { CommandRequest } from './state/commands.ts';
import { asCancellation, asEventBatch, asSubmission, type Cancellation, type Submission } from './state/inbound.ts';
import type { Input } from './state/inputs.ts';
import type { Command, RecordedInput } from './state/model.ts';
import { isRegistration } from './state/presence.ts';
import type { Course } from './state/steps.ts';

const events = defineSignal<[EventBatch]>('events');
const reset = defineSignal<[unknown?]>('reset');
const command = defineSignal<[unknown]>('command');
const registration = defineSignal<[unknown]>('registration');
const submit = defineUpdate<{ commandId: string }, [Submission]>('submit');
const cancelCommand = defineUpdate<Command | undefined, [Cancellation]>('cancelCommand');
const stateQuery = defineQuery<ActorState | undefined>('state');
const commandQuery = defineQuery<Command | undefined, [string]>('command');
const stepQuery = defineQuery<LiveStep | undefined>('step');

/** What the actor knows, the last step that it stored, and what it has taken in since. */
export interface LiveStep {
  state: ActorState;
  /** 0: none yet. */
  step: number;
  pending: RecordedInput[];
}

/** Where what is heard goes. */
export interface Heard {
  course(): Course | undefined;
  received(batch: EventBatch): void;
  requested(request: CommandRequest): void;
  reported(input: Input): void;
  /** The same; resolves when it has been applied and stored. */
  settled(input: Input): Promise<void>;
}

export function installHandlers(heard: Heard): void {
  const request = (submission: Partial<Submission>, via: Command['via'], refusal?: string): string => {
    const asked = requestOf(submission, via);
    heard.requested(refusal === undefined ? asked : { ...asked, refusal });
    return asked.commandId;
  };

  setHandler(reset, (payload) => void request({ action: 'Reset', payload }, 'signal'), {
    description:
      'Resets the charge point, now or when it is back. Input: {"type":"Soft"} or {"type":"Hard"}; none: Soft.',
  });
  setHandler(
    command,
    (input) => {
      const checked = asSubmission(input);
      if ('problem' in checked) request({ action: 'command' }, 'signal', checked.problem);
      else request(checked.submission, 'signal');
    },
    { description: 'Queues a command. Input: {"action":"Reset","payload":{"type":"Hard"},"requestedBy":"name"}.' },
  );
  setHandler(
    events,
    (batch) => {
      const checked = asEventBatch(batch);
      if ('problem' in checked) request({ action: 'events' }, 'signal', checked.problem);
      else heard.received(checked.batch);
    },
    { description: 'Events of the station, sent by an edge. Not for people.' },
  );
  setHandler(
    registration,
    (decided) => {
      if (!isRegistration(decided)) {
        return void request({ action: 'registration' }, 'signal', 'accepted, pending, rejected or retired is expected');
      }
      const payload = { requestedMessage: 'BootNotification' };
      const triggerBoot = requestOf({ action: 'TriggerMessage', payload, requestedBy: 'registration' }, 'signal');
      heard.reported({ kind: 'registered', registration: decided, triggerBoot });
    },
    { description: 'What an operator has decided: told by the API and the CLI, which keep it in the database.' },
  );
  setDefaultSignalHandler((name) => {
    request({ action: name }, 'signal', `there is no signal "${name.slice(0, 60)}": reset and command are for people`);
  });
  setHandler(
    submit,
    (submission) => {
      const checked = asSubmission(submission);
      return { commandId: 'problem' in checked ? '' : request(checked.submission, checked.submission.via ?? 'update') };
    },
    {
      description: 'Queues a command and returns its id at once. Input as for signal "command".',
      validator(submission) {
        const checked = asSubmission(submission);
        if ('problem' in checked) throw ApplicationFailure.nonRetryable(checked.problem, 'InvalidCommand');
      },
    },
  );
  setHandler(
    cancelCommand,
    async (cancellation) => {
      const checked = asCancellation(cancellation);
      if ('problem' in checked) return undefined;
      const { commandId, requestedBy = null } = checked.cancellation;
      await heard.settled({ kind: 'cancelled', commandId, at: new Date().toISOString(), by: requestedBy });
      return heard.course()?.state.commands.find((c) => c.commandId === commandId);
    },
    {
      description: 'Cancels a command that was not sent yet, and returns how it stands. Input: {"commandId":"…"}.',
      validator(cancellation) {
        const checked = asCancellation(cancellation);
        if ('problem' in checked) throw ApplicationFailure.nonRetryable(checked.problem, 'InvalidCommand');
      },
    },
  );
  setHandler(stateQuery, () => heard.course()?.state, { description: 'All the actor knows.' });
  setHandler(commandQuery, (id) => heard.course()?.state.commands.find((c) => c.commandId === id), {
    description: 'One command by its id.',
  });
  setHandler(stepQuery, () => liveStep(heard.course()), {
    description:
      'All the actor knows, the last step it stored, and what it has taken in since: see ocpp-actors replay.',
  });
}

function liveStep(course: Course | undefined): LiveStep | undefined {
  if (!course) return undefined;
  const { state, steps } = course;
  return { state, step: steps.born ? 0 : steps.last, pending: steps.pending };
}

function requestOf(submission: Partial<Submission>, via: Command['via']): CommandRequest {
  return {
    commandId: submission.commandId ?? uuid4(),
    action: submission.action ?? '?',
    payload: submission.payload,
    via,
    requestedBy: submission.requestedBy ?? null,
    requestedAt: new Date().toISOString(),
    ...(submission.deadlineMs === undefined ? {} : { deadlineMs: submission.deadlineMs }),
    ...(submission.options === undefined ? {} : { options: submission.options }),
  };
}
