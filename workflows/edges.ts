/** What an actor asks of the edges that hold its station's sockets: beside its loop, which is told what came of it. */
import { ActivityFailure, ApplicationFailure, proxyActivities, sleep, TimeoutFailure } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { HasChange } from './changes.ts';
import type { ActorState } from './state/actor.ts';
import { isOffered } from './state/commands.ts';
import { newest } from './state/connections.ts';
import type { Input } from './state/inputs.ts';
import type { Command, Connection } from './state/model.ts';

/** Wait after the edge refused a CALL before it is offered again. */
const RETRY_SEND_MS = 2_000;
/** Offers of one CALL to the same edge, where it is not known what came of the one before. */
const OFFERS_MOST = 10;

/** The actor whose loop it is. */
interface Loop {
  chargePointId: string;
  has: HasChange;
  state: () => ActorState;
  reported: (input: Input) => void;
  /** Nothing else may come that would wake it. */
  wake: () => void;
}

export class Edges {
  /** Until then nothing is offered; ms since 1970. */
  notBefore = 0;
  readonly #loop: Loop;
  /** Ids of the commands being offered. */
  readonly #offered = new Set<string>();
  /** Connections whose edges are being asked whether they still hold them. */
  #asking = 0;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  get isOffering(): boolean {
    return this.#offered.size > 0;
  }

  get isAsking(): boolean {
    return this.#asking > 0;
  }

  /** Offers a command to the edge that holds the socket. `again`: it may have taken an earlier offer. */
  offer(connection: Connection, command: Command, { again = false } = {}): void {
    this.#offered.add(command.commandId);
    void this.#call(connection, command, again ? 2 : 1).finally(() => {
      this.#offered.delete(command.commandId);
      // Whose turn it is now.
      if (this.#loop.has('next-turn')) this.#loop.wake();
    });
  }

  /** Asks the edge that a command was offered to before this actor was born: it alone knows what it has sent. */
  settle(command: Command): void {
    if (this.#offered.has(command.commandId) || command.connection === null) return;
    const connection = this.#loop.state().connections.find((c) => c.connection === command.connection);
    if (connection) this.offer(connection, command, { again: true });
    else this.#loop.reported(this.#gone(command.connection));
  }

  /** Asks the edges of a silent station whether they still hold its sockets: an edge may never have come back. */
  async askAll(connections: Connection[]): Promise<void> {
    const open = await Promise.all(connections.map((connection) => this.#ask(connection)));
    // A station that is gone was not seen.
    if (open.includes(true) || !this.#loop.has('seen-if-open'))
      this.#loop.reported({ kind: 'silenceChecked', at: now() });
  }

  /** `first`: 1, or more where an earlier offer may have been taken. */
  async #call(connection: Connection, command: Command, first: number): Promise<void> {
    const { commandId, action, payload, options } = command;
    const { chargePointId, has, reported } = this.#loop;
    const kind = typeof payload.type === 'string' ? ` ${payload.type}` : '';
    const { callStation } = proxyActivities<Activities>({
      taskQueue: connection.taskQueue,
      scheduleToStartTimeout: '5s',
      startToCloseTimeout: '10s',
      retry: { maximumAttempts: 1 },
      summary: `call • ${action}${kind} → ${chargePointId}`,
    });
    const call = { chargePointId, connection: connection.connection, commandId, action, payload };
    for (let nth = first; ; nth++) {
      try {
        await callStation(options?.grantIdTag ? { ...call, grantIdTag: true } : call);
        if (has('taken')) reported({ kind: 'taken', commandId, at: now() });
        return;
      } catch (error) {
        const cause = error instanceof ActivityFailure ? error.cause : undefined;
        const type = cause instanceof ApplicationFailure ? cause.type : undefined;
        const told = { commandId, at: now(), reason: cause instanceof Error ? cause.message : '' };
        if (edgeIsGone(cause) && (nth === 1 || !has('sent-once'))) return this.#withoutEdge(connection, told, nth);
        if (type === 'NotSent') {
          this.notBefore = Date.now() + RETRY_SEND_MS;
          return reported({ kind: 'notSent', commandId, reason: told.reason });
        }
        if (type === 'InvalidCommand') return reported({ kind: 'invalid', ...told });
        if (type === 'AlreadySent') return reported({ kind: 'sentBefore', ...told });
        // It is not known whether the CALL was written. The journal will say, but only if it was, or when the connection
        // ends; the edge refuses an id that it has written, so that it can be asked again.
        if (!has('offer-again')) return;
        if (nth >= OFFERS_MOST) {
          if (has('sent-once')) reported({ kind: 'fateUnknown', commandId, at: now() });
          return;
        }
        if (!edgeIsGone(cause)) await sleep(RETRY_SEND_MS);
        else if (!(await this.#ask(connection))) return;
        if (!isOffered(this.#loop.state().commands, commandId, connection.connection)) return;
      }
    }
  }

  /** The edge did not take the offer in time. It may only be slow: it has longer to say whether it still holds the socket. */
  #withoutEdge(connection: Connection, { commandId }: { commandId: string }, nth: number): void {
    const { has, reported, state } = this.#loop;
    this.notBefore = Date.now() + RETRY_SEND_MS;
    const isNewest = newest(state().connections)?.connection === connection.connection;
    if (!has('slow-edge') || !isNewest) {
      // The first offer was never taken, so nothing was sent.
      if (nth === 1 && has('sent-once')) reported({ kind: 'notSent', commandId, reason: 'its edge is gone' });
      reported(this.#gone(connection.connection));
      return;
    }
    // What came of an earlier offer is not known.
    if (nth === 1) reported({ kind: 'notSent', commandId, reason: 'its edge does not answer' });
    if (!this.isAsking) void this.#ask(connection);
  }

  async #ask({ connection, taskQueue }: Connection): Promise<boolean> {
    const { isOpen } = proxyActivities<Activities>({
      taskQueue,
      scheduleToStartTimeout: '30s',
      startToCloseTimeout: '10s',
      retry: { maximumAttempts: 1 },
      summary: 'silent for long • does the edge still hold the socket?',
    });
    let open = true;
    this.#asking += 1;
    try {
      open = await isOpen(connection);
    } catch (error) {
      open = !(error instanceof ActivityFailure && edgeIsGone(error.cause));
    } finally {
      this.#asking -= 1;
    }
    if (!open) this.#loop.reported(this.#gone(connection));
    return open;
  }

  /** What an edge that is gone has written nobody else knows. */
  #gone(connection: string): Input {
    return { kind: 'connectionGone', connection, at: now(), told: !this.#loop.has('sent-once') };
  }
}

function edgeIsGone(cause: unknown): boolean {
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}

function now(): string {
  return new Date().toISOString();
}
