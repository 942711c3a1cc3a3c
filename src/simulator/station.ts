import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What a CALL of the station was answered with. */
export type Reply = { result: Record<string, unknown> } | { error: string; description: string };

export interface StationOptions {
  /** `ws://host:port`; the station adds its id. */
  url: string;
  chargePointId: string;
  /** How long an answer is waited for (ms) before the CALL is sent again. */
  answerTimeoutMs?: number;
  /** Wait between attempts to connect (ms), jittered. */
  reconnectMs?: number;
  /** Answers CALLs of the central system, nothing where it returns undefined; by default every one is accepted. */
  onCall?: (action: string, payload: Record<string, unknown>, messageId: string) => Record<string, unknown> | undefined;
}

/**
 * A charge point over a real WebSocket. Like the real ones it keeps what it has to say until it is answered: a CALL whose
 * answer does not come, or whose connection is cut, is sent again after reconnecting (OCPP 1.6 §3.7.1).
 */
export class Station {
  readonly options: Required<Omit<StationOptions, 'onCall'>> & Pick<StationOptions, 'onCall'>;
  /** Connections made so far. */
  connects = 0;
  /** CALLs that had to be sent more than once. */
  repeats = 0;
  /** Actions of the CALLs that the central system sent. */
  readonly received: { action: string; payload: Record<string, unknown> }[] = [];
  #socket: WebSocket | undefined;
  #waiting = new Map<string, (reply: Reply | undefined) => void>();
  #stopped = false;

  constructor(options: StationOptions) {
    this.options = { answerTimeoutMs: 10_000, reconnectMs: 250, ...options };
  }

  get chargePointId(): string {
    return this.options.chargePointId;
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects, however long it takes; `onOpen` runs after each connect. */
  async connect(): Promise<void> {
    while (!this.#stopped && !this.connected) {
      if (await this.#open()) return;
      await sleep(this.options.reconnectMs * (0.5 + Math.random()));
    }
  }

  /** Sends a CALL until it is answered. */
  async call(action: string, payload: unknown): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      await this.connect();
      if (this.#stopped) throw new Error(`${this.chargePointId} was stopped before ${action} was answered`);
      if (attempt > 1) this.repeats += 1;
      const reply = await this.tryCall(action, payload);
      if (reply) return reply;
      this.cut();
    }
  }

  /** Sends a CALL once; undefined when the connection ended, or no answer came in time. */
  tryCall(action: string, payload: unknown, messageId: string = randomUUID()): Promise<Reply | undefined> {
    return this.tryText(JSON.stringify([2, messageId, action, payload]), messageId);
  }

  /** Like `tryCall`, for a frame that JSON.stringify would not write. `messageId` is the one in the text. */
  tryText(text: string, messageId: string): Promise<Reply | undefined> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), this.options.answerTimeoutMs);
      const settle = (reply: Reply | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(messageId);
        resolve(reply);
      };
      this.#waiting.set(messageId, settle);
      socket.send(text);
    });
  }

  /** Sends text as it is. */
  send(text: string): void {
    this.#socket?.send(text);
  }

  /** Drops the TCP connection without a close frame. */
  cut(): void {
    this.#socket?.terminate();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.close();
  }

  #open(): Promise<boolean> {
    const { url, chargePointId } = this.options;
    const socket = new WebSocket(`${url}/${encodeURIComponent(chargePointId)}`, ['ocpp1.6'], {
      perMessageDeflate: false,
    });
    return new Promise((resolve) => {
      socket.on('open', () => {
        this.#socket = socket;
        this.connects += 1;
        resolve(true);
      });
      socket.on('message', (data: Buffer) => this.#heard(socket, data.toString()));
      socket.on('error', () => resolve(false));
      socket.on('close', () => {
        resolve(false);
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        for (const settle of this.#waiting.values()) settle(undefined);
      });
    });
  }

  #heard(socket: WebSocket, text: string): void {
    const [type, messageId, ...rest] = JSON.parse(text) as [number, string, ...unknown[]];
    if (type === 3) this.#waiting.get(messageId)?.({ result: rest[0] as Record<string, unknown> });
    if (type === 4) this.#waiting.get(messageId)?.({ error: String(rest[0]), description: String(rest[1]) });
    if (type !== 2) return;
    const [action, payload] = rest as [string, Record<string, unknown>];
    this.received.push({ action, payload });
    const answer = this.options.onCall ? this.options.onCall(action, payload, messageId) : { status: 'Accepted' };
    if (answer) socket.send(JSON.stringify([3, messageId, answer]));
  }
}
