import { request, type IncomingMessage } from 'node:http';

export const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

export interface Upgraded {
  status: number;
  /** Header `Sec-WebSocket-Protocol`. */
  protocol: string | undefined;
  /** Header `WWW-Authenticate`. */
  challenge: string | undefined;
  /** Of a refusal. */
  body: string;
  /** The server closed the connection again. */
  closed: boolean;
}

/** Masked, with no data. */
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const PONG = 0x8a;

/** Asks for a WebSocket and says nothing but a ping after the upgrade; '' offers no subprotocol. */
export function upgraded(
  url: string,
  { offer = 'ocpp1.6', credentials }: { offer?: string; credentials?: string | Buffer } = {},
): Promise<Upgraded> {
  const headers: Record<string, string> = { ...UPGRADE };
  if (offer !== '') headers['Sec-WebSocket-Protocol'] = offer;
  if (credentials !== undefined) headers.Authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const upgrade = request(url, { headers });
    const answered = (response: IncomingMessage, body: string, closed: boolean) =>
      resolve({
        status: response.statusCode ?? 0,
        protocol: response.headers['sec-websocket-protocol'],
        challenge: response.headers['www-authenticate'],
        body: body.trim(),
        closed,
      });
    upgrade.on('upgrade', (response, socket) => {
      const told = (closed: boolean) => {
        socket.destroy();
        answered(response, '', closed);
      };
      socket.on('end', () => told(true));
      socket.on('error', () => told(true));
      // The answer to a ping shows that it was left open; a close frame comes before it.
      socket.on('data', (data: Buffer) => {
        if (data[0] === PONG) told(false);
      });
      socket.write(PING);
    });
    upgrade.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => answered(response, body, true));
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
}
