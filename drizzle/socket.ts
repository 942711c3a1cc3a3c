import { once } from 'node:events';
import { connect, isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** As in libpq: `require` encrypts without looking at the certificate, `verify-full` looks. */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface SocketTarget {
  host: string[];
  port: number[];
  /** Of a Unix socket */
  path: string | false;
}

/** PostgreSQL's SSLRequest: length and code. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const YES = 'S'.charCodeAt(0);
const CONNECT_MS = 2000;

/**
 * A socket to a PostgreSQL server, encrypted as `mode` says. Never rejects: postgres.js would lose the connection from
 * its pool; what fails comes as the socket's `error`.
 */
export async function openSocket(target: SocketTarget, mode: SslMode): Promise<Socket> {
  const [host = 'localhost'] = target.host;
  const [port = 5432] = target.port;
  const socket = target.path ? connect(target.path) : connect(port, host);
  socket.setNoDelay(true);
  // postgres.js waits for the server's first word, not for the connection: that may be shorter than TCP's patience.
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error(`no connection to ${host}:${port}`), { code: 'CONNECT_TIMEOUT' }));
  }, CONNECT_MS);
  try {
    await once(socket, 'connect');
    const encrypted = mode === 'disable' ? socket : await encrypt(socket, host, mode);
    // postgres.js shows both in its messages.
    return Object.assign(encrypted, { host, port });
  } catch (error) {
    socket.destroy();
    return failedSocket(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails as soon as somebody listens. */
export function failedSocket(error: unknown): Socket {
  const socket = new Socket();
  setImmediate(() => socket.destroy(error instanceof Error ? error : new Error(String(error))));
  return socket;
}

async function encrypt(socket: Socket, host: string, mode: SslMode): Promise<Socket> {
  const answered = once(socket, 'data');
  const closed = once(socket, 'close').then(() => undefined);
  socket.write(SSL_REQUEST);
  const answer: unknown[] | undefined = await Promise.race([answered, closed]);
  const [bytes] = answer ?? [];
  if (!Buffer.isBuffer(bytes)) throw Object.assign(new Error('connection closed'), { code: 'CONNECTION_CLOSED' });
  if (bytes[0] !== YES) {
    if (mode === 'prefer') return socket;
    throw Object.assign(new Error('the server offers no TLS'), { code: 'NO_TLS' });
  }
  const encrypted = connectTls({
    socket,
    host,
    // An address is no server name (RFC 6066); the certificate is then compared with `host`.
    servername: isIP(host) ? '' : host,
    rejectUnauthorized: mode.startsWith('verify'),
  });
  await once(encrypted, 'secureConnect');
  return encrypted;
}
