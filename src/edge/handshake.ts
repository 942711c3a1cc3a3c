import type { Logger } from 'pino';
import type { HttpResponse } from 'uWebSockets.js';
import type { Directory } from '../directory/directory.ts';
import { chargePointIdFrom } from '../ocpp/identity.ts';
import { registrationOf, type RegistrationMode } from './registration.ts';
import type { SocketData } from './station.ts';

/** The subprotocol of OCPP 1.6-J, registered at IANA (OCPP-J 1.6 §3.1.2). */
const SUBPROTOCOL = 'ocpp1.6';

export interface HandshakeSettings {
  registration: RegistrationMode;
  /**
   * Serve stations that offer no subprotocol at all (Grizzl-E, https://github.com/lbbrhzn/ocpp/issues/442) as OCPP 1.6
   * stations. The answer then carries no subprotocol either (RFC 6455 §4.2.2).
   */
  allowMissingSubprotocol: boolean;
}

/** A handshake answered with an HTTP status instead of 101. The station tries again, with back-off. */
export interface Refusal {
  status: '400 Bad Request' | '404 Not Found' | '426 Upgrade Required' | '503 Service Unavailable';
  /** For whoever reads the station's log or ours. */
  reason: string;
}

/** Who may open a WebSocket, and with which subprotocol. */
export class Handshake {
  /** Set for good when the edge stops. */
  draining = false;

  readonly #directory: Directory;
  readonly #settings: HandshakeSettings;
  readonly #log: Logger;

  constructor(directory: Directory, settings: HandshakeSettings, log: Logger) {
    this.#directory = directory;
    this.#settings = settings;
    this.#log = log;
  }

  /** @param offered header `Sec-WebSocket-Protocol`, empty if absent */
  judge(path: string, offered: string): SocketData | Refusal | Promise<SocketData | Refusal> {
    if (this.draining) return this.#refused(path, '503 Service Unavailable', 'shutting down');
    if (!this.#directory.ready) return this.#refused(path, '503 Service Unavailable', 'starting: no directory yet');
    const identity = chargePointIdFrom(path);
    if ('problem' in identity) return this.#refused(path, '400 Bad Request', identity.problem);
    const protocol = chooseSubprotocol(offered);
    if (protocol === '' && !this.#settings.allowMissingSubprotocol) {
      const reason = `no Sec-WebSocket-Protocol header: a charge point has to offer ${SUBPROTOCOL}`;
      return this.#refused(path, '400 Bad Request', reason);
    }
    const row = this.#directory.chargePoint(identity.id);
    const conclude = (found: Awaited<typeof row>) => this.#admit(path, identity.id, protocol, offered, found);
    return row instanceof Promise ? row.then(conclude) : conclude(row);
  }

  #admit(
    path: string,
    chargePointId: string,
    protocol: Subprotocol,
    offered: string,
    row: Parameters<typeof registrationOf>[0],
  ): SocketData | Refusal {
    // The edge may have begun to stop while the directory was asked.
    if (this.draining) return this.#refused(path, '503 Service Unavailable', 'shutting down');
    const registration = registrationOf(row, this.#settings.registration);
    if (registration === 'unavailable') {
      return this.#refused(path, '503 Service Unavailable', 'the directory of charge points cannot be asked');
    }
    // A rejected one is told so at its boot (§4.2).
    if (registration === 'unknown' || registration === 'retired') {
      return this.#refused(path, '404 Not Found', `charge point ${chargePointId} is ${registration}`);
    }
    if (protocol !== undefined) return { chargePointId, registration, protocol };
    // §3.2: upgrade without a subprotocol in the answer, "and then immediately close the WebSocket connection".
    const unsupported = `only ${SUBPROTOCOL} is served`;
    this.#log.warn({ chargePoint: chargePointId, offered }, `handshake without result: ${unsupported}`);
    return { chargePointId, registration, protocol: '', unsupported };
  }

  #refused(path: string, status: Refusal['status'], reason: string): Refusal {
    this.#log.warn({ path, status, reason }, 'handshake refused');
    return { status, reason };
  }
}

/** '' if none is offered, undefined if none of the offered is served. */
type Subprotocol = typeof SUBPROTOCOL | '' | undefined;

/**
 * A station may offer several versions in one list, with or without blanks (OCPP-J 1.6 §3.1.3,
 * https://github.com/lbbrhzn/ocpp/issues/497).
 */
function chooseSubprotocol(offered: string): Subprotocol {
  if (offered.trim() === '') return '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL) ? SUBPROTOCOL : undefined;
}

export function refuse(response: HttpResponse, { status, reason }: Refusal): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'text/plain; charset=utf-8');
    if (status === '426 Upgrade Required') response.writeHeader('Upgrade', 'websocket');
    response.end(`${reason}\n`, true);
  });
}
