import { newFact } from './answers.ts';
import type { Payload } from './payload.ts';

/** A CALL with the name of what it tells: the same again is the same fact. */
export interface Entry {
  action: string;
  /** Made when it is sent: the transaction id of a StartTransaction that waits before it is known by then. */
  payload: () => Payload;
  fact: string;
  messageId?: string;
}

/** What came of sending a CALL once: undefined when there is no connection or no answer. */
export type Sending = { result: Payload } | { refused: true } | undefined;

interface Queued extends Entry {
  /** A transaction message: kept until it is answered (OCPP 1.6 §3.7.1). */
  lasting: boolean;
  /** Called before the next message is made, which may need what was answered. */
  answered?: (result: Payload) => void;
  settle: (result: Payload | undefined) => void;
}

/** What a charge point has to say, one CALL at a time (OCPP-J 1.6 §4.1.1), in order, also over a time without connection. */
export class Outgoing {
  readonly #send: (entry: Entry) => Promise<Sending>;
  readonly #queue: Queued[] = [];
  #emptied: (() => void)[] = [];
  #open = false;
  #flowing: Promise<void> = Promise.resolve();
  #isFlowing = false;

  constructor(send: (entry: Entry) => Promise<Sending>) {
    this.#send = send;
  }

  /** Transaction messages that wait. */
  get waiting(): number {
    return this.#queue.filter(({ lasting }) => lasting).length;
  }

  /** Said once, if there is a connection. Resolves to the CALLRESULT's payload. */
  call(action: string, payload: Payload): Promise<Payload | undefined> {
    if (!this.#open) return Promise.resolve(undefined);
    return this.#add({ action, payload: () => payload, fact: newFact(), lasting: false });
  }

  /** Said until it is answered. Resolves to the CALLRESULT's payload, to undefined if it was refused. */
  keep(
    action: string,
    payload: () => Payload,
    { fact = newFact(), answered }: { fact?: string; answered?: (result: Payload) => void } = {},
  ): Promise<Payload | undefined> {
    return this.#add({ action, payload, fact, lasting: true, ...(answered ? { answered } : {}) });
  }

  /** Said now, ahead of all that waits: BootNotification, while nothing else may be sent (OCPP 1.6 §4.2). */
  async direct(
    action: string,
    payload: Payload,
    { messageId, fact = newFact() }: { messageId?: string; fact?: string } = {},
  ): Promise<Payload | undefined> {
    await this.#flowing;
    const sending = await this.#send({ action, payload: () => payload, fact, ...(messageId ? { messageId } : {}) });
    return sending && 'result' in sending ? sending.result : undefined;
  }

  open(): void {
    this.#open = true;
    this.#flow();
  }

  /** From now on only transaction messages wait; the others are given up. */
  close(): void {
    this.#open = false;
    for (const entry of this.#queue.filter(({ lasting }) => !lasting)) this.#remove(entry, undefined);
  }

  /** Resolves when nothing waits any more. */
  empty(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Resolves when nothing is on its way and nothing that could be sent waits. */
  async idle(): Promise<void> {
    await this.#flowing;
  }

  #add(entry: Omit<Queued, 'settle'>): Promise<Payload | undefined> {
    return new Promise((settle) => {
      this.#queue.push({ ...entry, settle });
      this.#flow();
    });
  }

  #flow(): void {
    if (this.#isFlowing || !this.#open) return;
    this.#isFlowing = true;
    this.#flowing = this.#sendAll().finally(() => {
      this.#isFlowing = false;
      // Something may have come between the last look and now.
      if (this.#open && this.#queue.length > 0) this.#flow();
    });
  }

  async #sendAll(): Promise<void> {
    for (let entry = this.#queue[0]; entry && this.#open; entry = this.#queue[0]) {
      const sending = await this.#send(entry);
      if (sending === undefined && entry.lasting) {
        // Repeated when the charge point is connected again.
        this.#open = false;
        return;
      }
      this.#remove(entry, sending && 'result' in sending ? sending.result : undefined);
    }
  }

  #remove(entry: Queued, result: Payload | undefined): void {
    const place = this.#queue.indexOf(entry);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    if (result) entry.answered?.(result);
    entry.settle(result);
    if (this.#queue.length === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }
}
