import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { CallResult } from '../../workflows/events.ts';
import { InvalidCommand, timelyRequest } from '../ocpp/command.ts';
import { commands } from '../ocpp/commands.ts';
import { callFrame } from '../ocpp/frames.ts';
import { isAuthorizationKey, isSealed } from '../ocpp/secrets.ts';
import { triggeredActions } from '../ocpp/triggered.ts';
import type { Directory } from '../directory/directory.ts';
import type { Seal } from '../security/seal.ts';
import type { Connections } from './connections.ts';
import type { Grants } from './grants.ts';
import type { EdgeMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { StationConnection } from './station.ts';

/** Without an answer for this long a CALL has timed out, unless its action's own limit is longer. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Characters of JSON that are kept of an answer: of the longest configurations a tenth. */
const ANSWER_MOST = 250_000;
/** Command ids remembered so that none is sent twice. */
const REMEMBERED_COMMANDS = 100_000;
/** Not before the answer to a boot was Accepted (OCPP 1.6 §4.2), also where the charge point has just been approved. */
const NOT_BEFORE_ACCEPTED: ReadonlySet<string> = new Set(['RemoteStartTransaction', 'RemoteStopTransaction']);

export interface CallRequest {
  chargePointId: string;
  /** Id of the connection the caller believes to be the station's newest. */
  connection: string;
  commandId: string;
  action: string;
  payload: Record<string, unknown>;
  /** The id tag of a RemoteStartTransaction may charge this once, whatever the register says of it. */
  grantIdTag?: boolean;
}

/** The CALL did not go out, and will not: the caller may try again under the same command id unless `already sent`. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
  readonly reason: NotSentReason;

  constructor(reason: NotSentReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export type NotSentReason =
  | 'not connected'
  | 'not the newest connection'
  | 'not accepted yet'
  | 'not known yet'
  | 'already sent'
  | 'busy'
  | 'not journalled';

export type CallOutcome = CallResult['outcome'];

/** A CALL that has been journalled and whose end has not. At most one a connection (OCPP-J 1.6 §4.1.1). */
export interface OpenCall {
  readonly commandId: string;
  readonly messageId: string;
  readonly action: string;
  /** What its answer must not tell. */
  readonly secret: string | undefined;
  timer?: NodeJS.Timeout;
}

/** CALLs to stations. How each ends is journalled: the caller learns it from the station's events, not from here. */
export class Calls {
  readonly #connections: Connections;
  readonly #recorder: Recorder;
  readonly #grants: Grants;
  readonly #seal: Seal;
  readonly #directory: Directory;
  readonly #metrics: EdgeMetrics;
  readonly #log: Logger;
  /** See `keyOf`. */
  readonly #sent = new Set<string>();

  constructor(parts: {
    connections: Connections;
    recorder: Recorder;
    grants: Grants;
    seal: Seal;
    directory: Directory;
    metrics: EdgeMetrics;
    log: Logger;
  }) {
    this.#connections = parts.connections;
    this.#recorder = parts.recorder;
    this.#grants = parts.grants;
    this.#seal = parts.seal;
    this.#directory = parts.directory;
    this.#metrics = parts.metrics;
    this.#log = parts.log;
  }

  /**
   * Journals the CALL, then writes it to the socket. Resolves when it is written, or when the socket closed in between:
   * both count as sent, and are followed by exactly one `callResult` event.
   * @throws NotSent, InvalidCommand
   */
  async send({ chargePointId, connection: id, commandId, action, payload, grantIdTag }: CallRequest): Promise<void> {
    const exact = exactPayload(action, payload);
    this.#assertNotSent(chargePointId, commandId);
    const opened = await this.#opened(exact, { chargePointId, commandId, action });
    const connection = this.#sendable(chargePointId, id, commandId);
    if (NOT_BEFORE_ACCEPTED.has(action) && connection.registration !== 'accepted') {
      const told = `the charge point is ${connection.registration} until its next boot is answered Accepted`;
      throw new NotSent('not accepted yet', `${told}: no ${action} before (OCPP 1.6 §4.2)`);
    }
    if (exact.requestedMessage === 'BootNotification' && connection.bootAccepted) {
      throw new InvalidCommand(action, 'its boot was accepted: it is not asked to boot again (OCPP 1.6 errata 3.40)');
    }
    const secret = opened === exact ? undefined : (opened.value as string);
    const call: OpenCall = { commandId, messageId: randomUUID(), action, secret };
    const receivedAt = new Date().toISOString();
    const flushed = this.#recorder.record(chargePointId, {
      kind: 'callSent',
      receivedAt,
      connection: id,
      commandId,
      messageId: call.messageId,
      action,
      payload: exact,
    });
    if (flushed === undefined) throw new NotSent('not journalled', 'the journal takes no events');
    connection.call = call;
    this.#remember(keyOf(chargePointId, commandId));
    try {
      await flushed;
    } catch {
      // What could not be flushed does not exist: the command may be tried again.
      this.#sent.delete(keyOf(chargePointId, commandId));
      if (connection.call === call) connection.call = undefined;
      throw new NotSent('not journalled', 'the journal could not flush the CALL');
    }
    if (connection.call !== call) return;
    call.timer = setTimeout(() => this.#timedOut(connection, call), timeoutOf(action));
    if (grantIdTag && typeof exact.idTag === 'string') {
      const connectorId = exact.connectorId as number | undefined;
      this.#grants.grant(chargePointId, { commandId, idTag: exact.idTag, connectorId });
    }
    connection.write(callFrame(call.messageId, action, opened));
    if (typeof exact.requestedMessage === 'string') {
      for (const each of triggeredActions(action, exact.requestedMessage)) connection.triggered.add(each);
    }
  }

  /** An answer has arrived: from here on its CALL cannot time out. Undefined if no CALL with this id is open. */
  answered(connection: StationConnection, messageId: string): OpenCall | undefined {
    const call = connection.call;
    if (call === undefined || call.messageId !== messageId) {
      this.#log.debug({ chargePointId: connection.chargePointId, messageId }, 'late or unknown answer dropped');
      return undefined;
    }
    clearTimeout(call.timer);
    return call;
  }

  /** In the connection's lane. A call ends once. */
  end(connection: StationConnection, call: OpenCall, outcome: CallOutcome, receivedAt: string): void {
    if (connection.call !== call) return;
    connection.call = undefined;
    clearTimeout(call.timer);
    const { commandId, messageId, action } = call;
    const { id, chargePointId } = connection;
    const read = silenced(understood(action, outcome), call.secret);
    // Unanswered it may have been heard all the same.
    const isRefused = 'error' in read || ('result' in read && read.result.status !== 'Accepted');
    if (isRefused) this.#grants.revoke(chargePointId, commandId);
    this.#metrics.call(action, kindOf(read));
    const event = {
      kind: 'callResult',
      receivedAt,
      connection: id,
      commandId,
      messageId,
      action,
      outcome: read,
    } as const;
    this.#recorder.keep(chargePointId, event);
  }

  /** As it leaves: what is sealed is read by the station alone. It will come back with that key, which has to count by then. */
  async #opened(
    exact: Record<string, unknown>,
    { chargePointId, commandId, action }: Pick<CallRequest, 'chargePointId' | 'commandId' | 'action'>,
  ): Promise<Record<string, unknown>> {
    if (!isAuthorizationKey(exact.key) || !isSealed(exact.value)) return exact;
    const opened = { ...exact, value: this.#unsealed(exact.value, { chargePointId, commandId, action }) };
    const row = await this.#directory.newestChargePoint(chargePointId);
    if (row !== 'unavailable' && row?.nextPasswords?.some((next) => next.commandId === commandId)) return opened;
    if (row === 'unavailable' || this.#directory.away) {
      throw new NotSent('not known yet', 'the database is away, and this edge does not know the new key yet');
    }
    throw new InvalidCommand(action, 'value: this key counts no more here; ask for a new one');
  }

  #unsealed(value: string, { chargePointId, commandId, action }: Omit<CallRequest, 'connection' | 'payload'>): string {
    try {
      return this.#seal.open(value, [chargePointId, commandId]);
    } catch {
      const reason = 'it was sealed for another command, or by a process whose SECRET_KEY is not the one of this edge';
      throw new InvalidCommand(action, `value: ${reason}`);
    }
  }

  /** Before all else: any other reason says that it was not sent. */
  #assertNotSent(chargePointId: string, commandId: string): void {
    if (!this.#sent.has(keyOf(chargePointId, commandId))) return;
    throw new NotSent('already sent', `command ${commandId} has been sent before; a CALL is never sent twice`);
  }

  #sendable(chargePointId: string, id: string, commandId: string): StationConnection {
    // Meanwhile another offer of it may have gone out.
    this.#assertNotSent(chargePointId, commandId);
    const connection = this.#connections.get(id);
    if (connection === undefined || !connection.isOpen || connection.chargePointId !== chargePointId) {
      throw new NotSent('not connected', `connection ${id} of charge point ${chargePointId} is not open on this edge`);
    }
    const newest = this.#connections.newest(chargePointId);
    if (newest !== connection) {
      throw new NotSent('not the newest connection', `${id} was superseded by connection ${newest?.id}`);
    }
    if (connection.call !== undefined) {
      const { action, commandId: other } = connection.call;
      throw new NotSent(
        'busy',
        `${action} of command ${other} is still unanswered; one CALL at a time (OCPP-J §4.1.1)`,
      );
    }
    return connection;
  }

  #remember(key: string): void {
    this.#sent.add(key);
    if (this.#sent.size <= REMEMBERED_COMMANDS) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      break;
    }
  }

  #timedOut(connection: StationConnection, call: OpenCall): void {
    const receivedAt = new Date().toISOString();
    connection.lane.run(() => this.end(connection, call, { timeout: true }, receivedAt));
  }
}

/** A command id belongs to its charge point: callers may name the commands of many alike. */
function keyOf(chargePointId: string, commandId: string): string {
  return `${chargePointId}\0${commandId}`;
}

function kindOf(outcome: CallOutcome): Parameters<EdgeMetrics['call']>[1] {
  if ('result' in outcome) return 'result';
  if ('error' in outcome) return 'error';
  return 'timeout' in outcome ? 'timeout' : 'connectionLost';
}

/**
 * A confirmation that is malformed, or too long for its command's row and for those who read that, ends the command with
 * an error; what it has beyond the specification is left out.
 */
function understood(action: string, outcome: CallOutcome): CallOutcome {
  const message = commands.get(action);
  if (!('result' in outcome) || message === undefined) return outcome;
  const read = message.response.safeParse(outcome.result);
  if (read.success) return bounded(action, withoutSecrets(read.data));
  const [issue] = read.error.issues;
  return { error: 'FormationViolation', description: `${action}.conf: ${issue?.path.join('.')}: ${issue?.message}` };
}

function bounded(action: string, result: Record<string, unknown>): CallOutcome {
  const length = lengthOf(result);
  if (length !== undefined && length <= ANSWER_MOST) return { result };
  const fault =
    length === undefined
      ? 'cannot be written as JSON'
      : `${number(length)} characters, of which at most ${number(ANSWER_MOST)} are taken`;
  return { error: 'FormationViolation', description: `${action}.conf: ${fault}` };
}

/** Of its JSON; undefined where it is nested deeper than that can be written. */
function lengthOf(result: Record<string, unknown>): number | undefined {
  try {
    return JSON.stringify(result).length;
  } catch {
    return undefined;
  }
}

/** An error may say what was wrong, and so the secret. */
function silenced(outcome: CallOutcome, secret: string | undefined): CallOutcome {
  if (secret === undefined || !('error' in outcome)) return outcome;
  const isTold = `${outcome.error} ${outcome.description}`.toLowerCase().includes(secret.toLowerCase());
  return isTold ? { error: 'GenericError', description: 'an error that told the secret, and is not kept' } : outcome;
}

/** It is only to be written (OCPP-J 1.6 §6.2.2), but there are stations that tell it. */
function withoutSecrets(result: Record<string, unknown>): Record<string, unknown> {
  const { configurationKey } = result;
  if (!Array.isArray(configurationKey)) return result;
  const kept = (configurationKey as Record<string, unknown>[]).map((each) => {
    const { value: _secret, ...rest } = each;
    return isAuthorizationKey(each.key) ? rest : each;
  });
  return { ...result, configurationKey: kept };
}

/** Nothing inexact leaves (OCPP-J errata 3.1), nor what was sound when it was asked for only. */
function exactPayload(action: string, payload: unknown): Record<string, unknown> {
  const message = commands.get(action);
  if (message === undefined) throw new InvalidCommand(action, 'this edge knows no such command');
  return timelyRequest(message, payload);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function timeoutOf(action: string): number {
  return commands.get(action)?.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
}
