import type { Logger } from 'pino';
import type { HttpResponse } from 'uWebSockets.js';
import type { ChargePointEntry, Directory } from '../directory/directory.ts';
import { chargePointIdFrom } from '../ocpp/identity.ts';
import { Attempts } from '../security/attempts.ts';
import { basicPassword } from '../security/basicAuth.ts';
import { Passwords } from '../security/passwords.ts';
import { registrationOf, type RegistrationMode } from './registration.ts';
import type { SocketData } from './station.ts';

/** The subprotocol of OCPP 1.6-J, registered at IANA (OCPP-J 1.6 §3.1.2). */
const SUBPROTOCOL = 'ocpp1.6';

export interface HandshakeSettings {
  registration: RegistrationMode;
  /** Whether one without a password is let in. One that has a password always has to give it. */
  authentication: 'optional' | 'required';
  /**
   * Serve stations that offer no subprotocol at all (Grizzl-E, https://github.com/lbbrhzn/ocpp/issues/442) as OCPP 1.6
   * stations. The answer then carries no subprotocol either (RFC 6455 §4.2.2).
   */
  allowMissingSubprotocol: boolean;
}

/** A handshake answered with an HTTP status instead of 101. The station tries again, with back-off. */
export interface Refusal {
  status:
    | '400 Bad Request'
    | '401 Unauthorized'
    | '404 Not Found'
    | '426 Upgrade Required'
    | '429 Too Many Requests'
    | '503 Service Unavailable';
  /** For whoever reads the station's log or ours. */
  reason: string;
  /** Seconds */
  retryAfter?: number;
}

/** What of an HTTP request tells who wants to connect. */
export interface Upgrade {
  path: string;
  /** Header `Sec-WebSocket-Protocol`, empty if absent. */
  offered: string;
  /** Header `Authorization`, empty if absent. */
  authorization: string;
  remoteAddress: string;
}

/** A charge point has connected with an AuthorizationKey of which nobody knew whether it has it. */
export type NextPasswordGiven = (chargePointId: string, passwordHash: string) => void;

/** Of the passwords that let a charge point in: its own, then those on their way to it. undefined: it may give none. */
export function passwordHashesOf({
  passwordHash,
  nextPasswords = [],
}: Pick<ChargePointEntry, 'passwordHash' | 'nextPasswords'>): (string | undefined)[] {
  return [passwordHash ?? undefined, ...nextPasswords.map((next) => next.passwordHash)];
}

/** Who may open a WebSocket, and with which subprotocol. */
export class Handshake {
  /** Set for good when the edge stops. */
  draining = false;

  readonly #directory: Directory;
  readonly #settings: HandshakeSettings;
  readonly #log: Logger;
  readonly #nextPasswordGiven: NextPasswordGiven;
  readonly #passwords = new Passwords();
  readonly #attempts = new Attempts({ free: 5, most: 60_000 });

  constructor(
    directory: Directory,
    settings: HandshakeSettings,
    { log, nextPasswordGiven }: { log: Logger; nextPasswordGiven: NextPasswordGiven },
  ) {
    this.#directory = directory;
    this.#settings = settings;
    this.#log = log;
    this.#nextPasswordGiven = nextPasswordGiven;
  }

  judge(upgrade: Upgrade): SocketData | Refusal | Promise<SocketData | Refusal> {
    const { path, offered } = upgrade;
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
    const conclude = (found: Awaited<typeof row>) => this.#admit(upgrade, identity.id, protocol, found);
    return row instanceof Promise ? row.then(conclude) : conclude(row);
  }

  #admit(
    upgrade: Upgrade,
    chargePointId: string,
    protocol: Subprotocol,
    row: ChargePointEntry | 'unavailable' | undefined,
  ): SocketData | Refusal | Promise<SocketData | Refusal> {
    const { path, offered, remoteAddress } = upgrade;
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
    const [own, ...next] = row === 'unavailable' || row === undefined ? [] : passwordHashesOf(row);
    const data = { chargePointId, registration, remoteAddress };
    const admitted = (passwordHash?: string): SocketData => {
      if (passwordHash !== undefined && next.includes(passwordHash)) {
        this.#nextPasswordGiven(chargePointId, passwordHash);
      }
      if (protocol !== undefined) return { ...data, passwordHash, protocol };
      // §3.2: upgrade without a subprotocol in the answer, "and then immediately close the WebSocket connection".
      const unsupported = `only ${SUBPROTOCOL} is served`;
      this.#log.warn({ chargePoint: chargePointId, offered }, `handshake without result: ${unsupported}`);
      return { ...data, passwordHash, protocol: '', unsupported };
    };
    const withoutPassword = (): SocketData | Refusal => {
      if (this.#settings.authentication === 'optional') return admitted();
      if (row === 'unavailable') {
        return this.#refused(path, '503 Service Unavailable', 'the directory of charge points cannot be asked');
      }
      return this.#refused(path, '401 Unauthorized', `charge point ${chargePointId} has no password yet`);
    };
    if (own !== undefined) {
      const found = this.#authenticate(upgrade, chargePointId, [own, ...next]);
      const conclude = (given: string | Refusal) => (typeof given === 'string' ? admitted(given) : given);
      return found instanceof Promise ? found.then(conclude) : conclude(found);
    }
    if (next.length > 0) {
      // Its first password may have reached it.
      const found = this.#fitting(upgrade, chargePointId, next);
      const conclude = (given: string | undefined) => (given === undefined ? withoutPassword() : admitted(given));
      return found instanceof Promise ? found.then(conclude, () => conclude(undefined)) : conclude(found);
    }
    return withoutPassword();
  }

  /** The hash that fits what is given. A check is rejected where too many are waiting. */
  #fitting(
    { authorization }: Upgrade,
    chargePointId: string,
    hashes: (string | undefined)[],
  ): string | undefined | Promise<string | undefined> {
    const given = basicPassword(authorization, chargePointId);
    if (given === undefined) return undefined;
    const verified = hashes.map((hash) => hash !== undefined && this.#passwords.verify(given, hash));
    const fitting = (right: boolean[]) => hashes[right.indexOf(true)];
    if (verified.every((each) => typeof each === 'boolean')) return fitting(verified);
    return Promise.all(verified.map((each) => Promise.resolve(each))).then(fitting);
  }

  /**
   * The hash of the password that is given. Wrong ones of one address for one charge point are slowed down: others are not
   * kept out by them.
   */
  #authenticate(
    upgrade: Upgrade,
    chargePointId: string,
    hashes: (string | undefined)[],
  ): string | Refusal | Promise<string | Refusal> {
    const { path, authorization, remoteAddress } = upgrade;
    const who = `${remoteAddress} ${chargePointId}`;
    const blocked = this.#attempts.blockedFor(who);
    if (blocked > 0) {
      const retryAfter = Math.ceil(blocked / 1_000);
      const refusal = this.#refused(path, '429 Too Many Requests', `too many wrong passwords: wait ${retryAfter} s`);
      return { ...refusal, retryAfter };
    }
    // Counted before it is looked at: many at the same time are many.
    this.#attempts.failed(who);
    const conclude = (passwordHash: string | undefined): string | Refusal => {
      if (passwordHash !== undefined) {
        this.#attempts.succeeded(who);
        return this.#decidedAnew(upgrade, chargePointId, passwordHash) ?? passwordHash;
      }
      const wrong = authorization === '' ? 'no Authorization header' : 'wrong user name or password';
      return this.#refused(path, '401 Unauthorized', `${wrong}: HTTP Basic with ${chargePointId} and its password`);
    };
    const found = this.#fitting(upgrade, chargePointId, hashes);
    if (!(found instanceof Promise)) return conclude(found);
    return found.then(conclude, () => {
      this.#attempts.succeeded(who);
      const refusal = this.#refused(path, '503 Service Unavailable', 'too many passwords to check: try again later');
      return { ...refusal, retryAfter: 10 };
    });
  }

  /** While a password was checked, the edge may have begun to stop, or an operator have decided otherwise. */
  #decidedAnew({ path }: Upgrade, chargePointId: string, passwordHash: string): Refusal | undefined {
    if (this.draining) return this.#refused(path, '503 Service Unavailable', 'shutting down');
    const row = this.#directory.chargePoint(chargePointId);
    const known = row instanceof Promise || row === 'unavailable' ? undefined : row;
    if (known === undefined) return undefined;
    if (passwordHashesOf(known).includes(passwordHash) && known.registration !== 'retired') return undefined;
    return this.#refused(path, '503 Service Unavailable', 'the registration has just changed: try again');
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

export function refuse(response: HttpResponse, { status, reason, retryAfter }: Refusal): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'text/plain; charset=utf-8');
    if (status === '426 Upgrade Required') response.writeHeader('Upgrade', 'websocket');
    if (status === '401 Unauthorized') response.writeHeader('WWW-Authenticate', 'Basic realm="OCPP"');
    if (retryAfter !== undefined) response.writeHeader('Retry-After', String(retryAfter));
    response.end(`${reason}\n`, true);
  });
}
