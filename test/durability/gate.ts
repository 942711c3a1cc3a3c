import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that can be shut: then connections are cut, and new ones refused. */
export class Gate {
  readonly port: number;
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
    await listening(server, 0);
    return new Gate(server, (server.address() as { port: number }).port, target);
  }

  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async open(): Promise<void> {
    this.#server = createServer((socket) => this.#connected(socket));
    await listening(this.#server, this.port);
  }

  #connected(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
