import { usage } from '../bench/processes.ts';
import type { System } from './system.ts';

/** Greatest figures seen, next to what Temporal allows. */
export interface Limits {
  historyEvents: number;
  historyBytes: number;
  signalsPerRun: number;
  signalsDuringATask: number;
  payloadBytes: number;
  pendingActivities: number;
  edgeMegabytes: number;
  workerMegabytes: number;
}

/** Of a Temporal server as it comes, per workflow run; memory has no limit but the machine's. */
export const ALLOWED: Partial<Limits> = {
  historyEvents: 51_200,
  historyBytes: 50 * 1_048_576,
  signalsPerRun: 10_000,
  signalsDuringATask: 100,
  payloadBytes: 2 * 1_048_576,
  pendingActivities: 2_000,
};

export const NONE: Limits = {
  historyEvents: 0,
  historyBytes: 0,
  signalsPerRun: 0,
  signalsDuringATask: 0,
  payloadBytes: 0,
  pendingActivities: 0,
  edgeMegabytes: 0,
  workerMegabytes: 0,
};

const SAMPLE_MS = 2_000;
/** Runs whose history is read. */
const READ_MOST = 3;

/** Watches what comes near a limit while a scenario runs. */
export class LimitsRecorder {
  readonly #system: System;
  readonly #prefix: string;
  readonly #stations: string[];
  readonly #timer: NodeJS.Timeout;
  #most = NONE;
  #sampling = false;

  constructor(system: System, prefix: string, stations: string[]) {
    this.#system = system;
    this.#prefix = prefix;
    this.#stations = stations;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  /** Ends the watch and reads the histories of the largest runs. */
  async end(): Promise<Limits> {
    clearInterval(this.#timer);
    await this.#readHistories();
    return this.#most;
  }

  #saw(seen: Partial<Limits>): void {
    this.#most = larger(this.#most, seen);
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return;
    this.#sampling = true;
    try {
      this.#saw({ edgeMegabytes: usage(this.#system.edge.pid).megabytes });
      this.#saw({ workerMegabytes: usage(this.#system.worker.pid).megabytes });
      const id = this.#stations[Math.floor(Math.random() * this.#stations.length)];
      const { client } = this.#system;
      const { raw } = await client.connection.withDeadline(Date.now() + 1_500, () =>
        client.workflow.getHandle(`charge-point/${id}`).describe(),
      );
      this.#saw({ pendingActivities: raw.pendingActivities?.length ?? 0 });
    } catch {
      // What is away is not asked.
    } finally {
      this.#sampling = false;
    }
  }

  async #readHistories(): Promise<void> {
    const { client } = this.#system;
    const runs: { workflowId: string; runId: string; size: number }[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId STARTS_WITH "charge-point/${this.#prefix}"` })) {
      const { workflowId, runId } = run;
      const described = await client.workflow.getHandle(workflowId, runId).describe();
      const size = Number(described.raw.workflowExecutionInfo?.historySizeBytes ?? 0);
      this.#saw({ historyEvents: described.historyLength, historyBytes: size });
      runs.push({ workflowId, runId, size });
    }
    for (const { workflowId, runId } of runs.toSorted((a, b) => b.size - a.size).slice(0, READ_MOST)) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      this.#saw(ofHistory(events ?? []));
    }
  }
}

export function larger(one: Limits, other: Partial<Limits>): Limits {
  const entries = Object.entries(one) as [keyof Limits, number][];
  return Object.fromEntries(
    entries.map(([name, most]) => [name, Math.max(most, other[name] ?? 0)]),
  ) as unknown as Limits;
}

type History = NonNullable<
  Awaited<ReturnType<ReturnType<System['client']['workflow']['getHandle']>['fetchHistory']>>['events']
>;

function ofHistory(events: History): Partial<Limits> {
  const most = { signalsPerRun: 0, payloadBytes: 0, signalsDuringATask: 0 };
  let during = 0;
  let taskStarted = 0;
  let taskCompleted = 0;
  for (const event of events) {
    const at = millis(event.eventTime);
    if (event.workflowTaskStartedEventAttributes) taskStarted = at;
    if (event.workflowTaskCompletedEventAttributes) {
      taskCompleted = at;
      during = 0;
    }
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (!signal) continue;
    most.signalsPerRun += 1;
    // What comes during a workflow task is buffered, and written after the task's end.
    if (at >= taskStarted && at <= taskCompleted) most.signalsDuringATask = Math.max(most.signalsDuringATask, ++during);
    for (const payload of signal.input?.payloads ?? []) {
      most.payloadBytes = Math.max(most.payloadBytes, payload.data?.length ?? 0);
    }
  }
  return most;
}

function millis(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;
}
