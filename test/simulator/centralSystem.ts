import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

type Payload = Record<string, unknown>;
export type Answer = Payload | { callError: string } | string | undefined;

/** As small as a central system can be: it answers CALLs as told, and sends CALLs. Not the one of this project. */
export class CentralSystem {
  readonly heard: { action: string; payload: Payload }[] = [];
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'ocpp1.6' });
  readonly #answers: Record<string, (payload: Payload) => Answer>;
  readonly #waiting = new Map<string, (frame: unknown[]) => void>();
  #socket: WebSocket | undefined;
  #lastId = 0;
  #lastTransaction = 0;

  private constructor(answers: Record<string, (payload: Payload) => Answer> = {}) {
    this.#answers = { ...this.#right(), ...answers };
    this.#server.on('connection', (socket) => {
      this.#socket = socket;
      socket.on('message', (data: Buffer) => this.#received(socket, data.toString()));
    });
  }

  /** @param answers by action, instead of the right ones; a text goes out as it is. */
  static async start(answers?: Record<string, (payload: Payload) => Answer>): Promise<CentralSystem> {
    const central = new CentralSystem(answers);
    await once(central.#server, 'listening');
    return central;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends `[2, id, …frame]`; resolves to the answer's frame. */
  call(...frame: unknown[]): Promise<unknown[]> {
    const id = `command-${++this.#lastId}`;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket?.send(JSON.stringify([2, id, ...frame]));
    });
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #received(socket: WebSocket, text: string): void {
    const [type, id, action, payload] = JSON.parse(text) as [number, string, string, Payload];
    if (type !== 2) return this.#waiting.get(id)?.(JSON.parse(text) as unknown[]);
    this.heard.push({ action, payload });
    const answer = this.#answers[action]?.(payload);
    if (typeof answer === 'string') socket.send(answer);
    else if (answer && 'callError' in answer) socket.send(JSON.stringify([4, id, answer.callError, 'no', {}]));
    else if (answer) socket.send(JSON.stringify([3, id, answer]));
  }

  #right(): Record<string, (payload: Payload) => Answer> {
    const idTagInfo = { status: 'Accepted' };
    return {
      Authorize: () => ({ idTagInfo }),
      BootNotification: () => ({ status: 'Accepted', currentTime: new Date().toISOString(), interval: 300 }),
      DiagnosticsStatusNotification: () => ({}),
      FirmwareStatusNotification: () => ({}),
      Heartbeat: () => ({ currentTime: new Date().toISOString() }),
      MeterValues: () => ({}),
      StartTransaction: () => ({ transactionId: ++this.#lastTransaction, idTagInfo }),
      StatusNotification: () => ({}),
      StopTransaction: () => ({}),
    };
  }
}
