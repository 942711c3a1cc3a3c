import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../src/simulator/random.ts';
import type { Station } from '../src/simulator/station.ts';
import type { Actors } from '../src/temporal/actors.ts';

/** A command that an actor has taken. */
export interface Accepted {
  chargePointId: string;
  commandId: string;
  /** What is to follow it once it is done. */
  next?: string;
  at: number;
}

/** Not sent later than this: longer than any fault, so that a command is expired only if something is stuck. */
const DEADLINE_MS = 10 * 60_000;

/**
 * Asks charge points for commands that carry their own id in what is sent, so that a station's CALLs can be counted by
 * command. What was not taken is asked for again under the same id.
 */
export class Operator {
  readonly accepted: Accepted[] = [];
  readonly #actors: Actors;
  readonly #random: Random;
  readonly #meanMs: number;
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;
  #ended = false;

  constructor({ actors, random, meanMs }: { actors: Actors; random: Random; meanMs: number }) {
    this.#actors = actors;
    this.#random = random;
    this.#meanMs = meanMs;
  }

  start(stations: readonly Station[]): this {
    // Some at a time: one that waits for an actor whose worker is away does not hold up all.
    this.#running = Promise.all([1, 2, 3].map(() => this.#work(stations))).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error;
      },
    );
    return this;
  }

  /** Resolves when what was asked for is taken. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
    if (this.#failure) throw this.#failure;
  }

  async #work(stations: readonly Station[]): Promise<void> {
    while (!this.#ended) {
      await sleep(Math.min(2_000, this.#random.wait(this.#meanMs * 3)));
      if (!this.#ended) await this.ask(this.#random.pick(stations).chargePointId);
    }
  }

  async ask(chargePointId: string): Promise<void> {
    const commandId = randomUUID();
    const next = this.#random.pick([undefined, undefined, randomUUID()]);
    const submission = {
      ...this.#command(commandId),
      commandId,
      deadlineMs: DEADLINE_MS,
      requestedBy: 'chaos',
      ...(next === undefined ? {} : { options: { next: [{ ...this.#command(next), commandId: next }] } }),
    };
    let reason: unknown;
    for (let attempt = 1; attempt <= 200; attempt++) {
      try {
        await this.#actors.submit(chargePointId, submission);
        this.accepted.push({ chargePointId, commandId, at: Date.now(), ...(next === undefined ? {} : { next }) });
        return;
      } catch (error) {
        reason = error instanceof Error && error.cause ? error.cause : error;
        await sleep(500);
      }
    }
    throw new Error(`${chargePointId}: no command was taken in 200 attempts: ${String(reason)}`);
  }

  #command(commandId: string): { action: string; payload: Record<string, unknown> } {
    return this.#random.pick([
      { action: 'DataTransfer', payload: { vendorId: 'org.example', messageId: 'chaos', data: commandId } },
      { action: 'GetConfiguration', payload: { key: [commandId] } },
      { action: 'ChangeConfiguration', payload: { key: 'LocationText', value: commandId } },
    ]);
  }
}

/** The answers of a station to the operator's commands. */
export function answerTo(action: string, payload: Record<string, unknown>): Record<string, unknown> {
  return action === 'GetConfiguration' ? { unknownKey: payload.key } : { status: 'Accepted' };
}

/** The id of the command that a CALL was sent for. */
export function commandIdOf({ payload }: { payload: Record<string, unknown> }): string | undefined {
  const carried = [payload.data, payload.value, (payload.key as unknown[] | undefined)?.[0]];
  return carried.find((each): each is string => typeof each === 'string' && /^[0-9a-f]{8}-/.test(each));
}
