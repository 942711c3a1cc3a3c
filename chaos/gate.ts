import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../test/support/freePort.ts';

/** A TCP proxy in front of a server: it can be shut, then connections are cut and new ones refused, and it can be slow. */
export class Gate {
  readonly port: number;
  /** What passes, in either direction, is held back for so long (ms). */
  delayMs = 0;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    this.#server.on('connection', (socket) => this.#connected(socket));
  }

  /** In front of a port of the loopback interface. */
  static async before(target: number): Promise<Gate> {
    const server = createServer();
    // It is shut and opened again: no outgoing connection may have its port meanwhile.
    const port = await freePort();
    await listening(server, port);
    return new Gate(server, port, target);
  }

  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  async open(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = createServer((socket) => this.#connected(socket));
    await listening(this.#server, this.port);
  }

  /** Cuts the connections there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on('data', (data) => this.#pass(data, one, other));
    }
  }

  #pass(data: Buffer, from: Socket, to: Socket): void {
    const write = () => {
      if (!to.destroyed && !to.write(data)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    if (this.delayMs > 0) setTimeout(write, this.delayMs);
    else write();
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
