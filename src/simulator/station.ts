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
  /** Takes CALLs as they came instead of `onCall`, and answers with `send`. */
  onCallFrame?: (messageId: string, action: unknown, payload: unknown) => void;
  /** Offered in the handshake, best first. */
  subprotocols?: string[];
  /** For basic authentication; may be replaced later by `password`. Bytes go as they are (OCPP-J 1.6 §6.2.2). */
  password?: string | Buffer;
  /** An answer that nobody waits for: its CALL was given up or answered before, or (not `known`) never sent. */
  onUnawaited?: (messageId: string, reply: Reply, known: boolean) => void;
  /** A frame that is no OCPP-J message. */
  onUnreadable?: (text: string) => void;
}

/** What has a default. */
type Settled = 'url' | 'chargePointId' | 'answerTimeoutMs' | 'reconnectMs' | 'subprotocols';

/** Ids of CALLs remembered to tell a late answer from an answer to nothing. */
const REMEMBERED_IDS = 500;

/**
 * A charge point over a real WebSocket. Like the real ones it keeps what it has to say until it is answered: a CALL whose
 * answer does not come, or whose connection is cut, is sent again after reconnecting (OCPP 1.6 §3.7.1).
 */
export class Station {
  readonly options: Required<Pick<StationOptions, Settled>> & Omit<StationOptions, Settled>;
  password: string | Buffer | undefined;
  /** Connections made so far. */
  connects = 0;
  /** CALLs that had to be sent more than once. */
  repeats = 0;
  /** Actions of the CALLs that the central system sent. */
  readonly received: { action: string; payload: Record<string, unknown> }[] = [];
  /** Why the last attempt to connect failed. */
  lastError: string | undefined;
  #socket: WebSocket | undefined;
  readonly #abandoned: WebSocket[] = [];
  readonly #sent = new Set<string>();
  #waiting = new Map<string, (reply: Reply | undefined) => void>();
  #stopped = false;

  constructor(options: StationOptions) {
    this.options = { answerTimeoutMs: 10_000, reconnectMs: 250, subprotocols: ['ocpp1.6'], ...options };
    this.password = options.password;
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
      this.#remember(messageId);
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

  /** Closes with a close frame. */
  close(): void {
    this.#socket?.close();
  }

  /** Resolves when the connection there is has ended; at once without one. */
  closed(): Promise<void> {
    const socket = this.#socket;
    return socket ? new Promise((resolve) => socket.once('close', () => resolve())) : Promise.resolve();
  }

  /** Leaves the connection half-open, as after a loss of mobile data: neither closed nor read any more. */
  abandon(): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.pause();
    this.#abandoned.push(socket);
    socket.emit('close', 1006, Buffer.alloc(0));
  }

  ping(): void {
    if (this.connected) this.#socket?.ping();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.close();
    for (const socket of this.#abandoned) socket.terminate();
  }

  #open(): Promise<boolean> {
    const { url, chargePointId, subprotocols } = this.options;
    const socket = new WebSocket(`${url}/${encodeURIComponent(chargePointId)}`, subprotocols, {
      perMessageDeflate: false,
      ...(this.password === undefined ? {} : { headers: { Authorization: this.#authorization(this.password) } }),
    });
    return new Promise((resolve) => {
      socket.on('open', () => {
        this.#socket = socket;
        this.connects += 1;
        if (this.#stopped) socket.close();
        resolve(true);
      });
      socket.on('message', (data: Buffer) => this.#heard(socket, data.toString()));
      socket.on('error', (error) => {
        this.lastError = reasonOf(error);
        resolve(false);
      });
      socket.on('close', () => {
        resolve(false);
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        for (const settle of this.#waiting.values()) settle(undefined);
      });
    });
  }

  #heard(socket: WebSocket, text: string): void {
    const [type, messageId, ...rest] = parsed(text) ?? [];
    if (typeof messageId !== 'string') return this.options.onUnreadable?.(text);
    if (type === 3) return this.#answered(messageId, { result: rest[0] as Record<string, unknown> });
    if (type === 4) return this.#answered(messageId, { error: String(rest[0]), description: String(rest[1]) });
    if (type !== 2) return this.options.onUnreadable?.(text);
    const [action, payload] = rest as [string, Record<string, unknown>];
    this.received.push({ action, payload });
    if (this.options.onCallFrame) return this.options.onCallFrame(messageId, action, payload);
    const answer = this.options.onCall ? this.options.onCall(action, payload, messageId) : { status: 'Accepted' };
    if (answer) socket.send(JSON.stringify([3, messageId, answer]));
  }

  #answered(messageId: string, reply: Reply): void {
    const settle = this.#waiting.get(messageId);
    if (settle) settle(reply);
    else this.options.onUnawaited?.(messageId, reply, this.#sent.has(messageId));
  }

  #remember(messageId: string): void {
    this.#sent.add(messageId);
    if (this.#sent.size <= REMEMBERED_IDS) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      return;
    }
  }

  #authorization(password: string | Buffer): string {
    const user = Buffer.from(`${this.chargePointId}:`);
    return `Basic ${Buffer.concat([user, Buffer.from(password as string)]).toString('base64')}`;
  }
}

function parsed(text: string): unknown[] | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return Array.isArray(message) ? (message as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Of an AggregateError (localhost with two addresses) the message is empty. */
function reasonOf(error: Error & { code?: string }): string {
  return error.message || error.code || String(error);
}
