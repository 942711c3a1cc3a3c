import type { Logger } from 'pino';
import type { WebSocket } from 'uWebSockets.js';
import type { Instant, Registration } from '../../workflows/events.ts';
import { callErrorFrame, parseFrame } from '../ocpp/frames.ts';
import { isNode } from '../ocpp/node.ts';
import { cutText } from '../ocpp/text.ts';
import type { Answered, Answering, Asking, Call } from './answering.ts';
import type { CallOutcome, Calls, OpenCall } from './calls.ts';
import type { Lane } from './lane.ts';
import type { EdgeMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/**
 * The longest message taken. Generous: a StopTransaction whose transactionData is refused is sent again for ever. A
 * longer one closes the socket with 1009.
 */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** What a station may have sent and not yet seen answered. Beyond, its socket is closed with 1013 (Try Again Later). */
const MAX_UNANSWERED_MESSAGES = 1_000;
const MAX_UNANSWERED_BYTES = 4 * MAX_MESSAGE_BYTES;
/** Of a frame that is no OCPP-J message, this much is kept. */
const MALFORMED_KEPT = 4_096;
/** Ping intervals without a sign of life after which a socket is given up: two lost pongs are forgiven. */
const MAX_SILENT_INTERVALS = 3;
/** What `send` returns when it dropped the message because the station does not read its socket. */
const DROPPED = 2;

/** What uWebSockets.js carries with a socket from its upgrade on. */
export interface SocketData {
  readonly chargePointId: string;
  readonly registration: Registration;
  /** Negotiated subprotocol; empty where the station offered none. */
  readonly protocol: string;
  /** As seen by us, or by the outermost of our proxies. */
  readonly remoteAddress: string;
  /** Of the password that was given; undefined where none was asked for. */
  readonly passwordHash: string | undefined;
  /** Why the socket is closed as soon as it is open. */
  readonly unsupported?: string;
  connection?: StationConnection;
}

export interface StationParts {
  /** Of this boot of the edge. */
  readonly journalId: number;
  /** Task queue on which this edge takes CALLs to its stations. */
  readonly taskQueue: string;
  readonly recorder: Recorder;
  readonly calls: Calls;
  readonly answering: Answering;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  /** The connection's last event is with the recorder. */
  readonly ended: (connection: StationConnection) => void;
}

/** One WebSocket connection of a charge point: frames in, answers out, all of it journalled in order of arrival. */
export class StationConnection implements Asking {
  readonly id: string;
  /** Which of this edge's connections it is, from 1. */
  readonly number: number;
  readonly chargePointId: string;
  readonly lane: Lane;
  registration: Registration;
  bootAccepted = false;
  /** The CALL to the station that has not ended yet. */
  call: OpenCall | undefined;
  readonly triggered = new Set<string>();
  readonly recentAnswers: Asking['recentAnswers'] = new Map();

  readonly #socket: WebSocket<SocketData>;
  readonly #parts: StationParts;
  readonly #unanswered = { messages: 0, bytes: 0 };
  /** Answers that leave with the same flush. */
  #batch: { flushed: Promise<void>; answers: TimedAnswer[]; bytes: number } | undefined;
  #socketOpen = true;
  /** The event `connected` is in the journal. */
  #connected = false;
  /** Set while the connection reads no more and only gives the answers it owes. */
  #finished: (() => void) | undefined;
  #heard = true;
  #silentIntervals = 0;

  constructor(number: number, lane: Lane, socket: WebSocket<SocketData>, parts: StationParts) {
    const { chargePointId, registration } = socket.getUserData();
    this.number = number;
    this.id = `${parts.journalId}-${number}`;
    this.chargePointId = chargePointId;
    this.registration = registration;
    this.lane = lane;
    this.#socket = socket;
    this.#parts = parts;
  }

  /**
   * What operators have decided anew about its charge point: a password counts from the next connection on.
   * @param passwordHashes of those that it may have given; undefined stands for none
   */
  decided(registration: Registration, passwordHashes: (string | undefined)[]): void {
    if (registration === 'retired') return this.#giveUp(1008, 'the charge point is retired');
    if (!passwordHashes.includes(this.#socket.getUserData().passwordHash)) {
      return this.#giveUp(1008, 'the password was changed');
    }
    // Accepted it is by the answer to its next boot only (§4.2).
    if (registration !== 'accepted') this.registration = registration;
  }

  /** CALLs can be sent to it. */
  get isOpen(): boolean {
    return this.#socketOpen && this.#connected && this.#finished === undefined;
  }

  /** To be called first: `connected` comes before every other event of the connection. */
  opened(): void {
    const { taskQueue, recorder } = this.#parts;
    const { protocol, remoteAddress, registration } = this.#socket.getUserData();
    const receivedAt = now();
    const failed = () => {
      this.#connected = false;
      this.close(1013, 'the journal takes no events');
    };
    this.lane.run(() => {
      const of = { connection: this.id, taskQueue, remoteAddress, protocol, registration };
      const event = { kind: 'connected', receivedAt, ...of } as const;
      const flushed = recorder.record(this.chargePointId, event);
      if (flushed === undefined) return failed();
      this.#connected = true;
      flushed.catch(failed);
    });
  }

  /** One frame. `data` is only valid during this call. */
  received(data: ArrayBuffer, isBinary: boolean): void {
    this.#heard = true;
    if (!this.#socketOpen || this.#finished !== undefined) return;
    const bytes = data.byteLength;
    if (bytes > MAX_MESSAGE_BYTES)
      return this.#giveUp(1009, `a message of ${bytes} bytes; ${MAX_MESSAGE_BYTES} are taken`);
    this.#unanswered.messages += 1;
    this.#unanswered.bytes += bytes;
    if (this.#unanswered.messages > MAX_UNANSWERED_MESSAGES || this.#unanswered.bytes > MAX_UNANSWERED_BYTES) {
      return this.#giveUp(1013, 'more messages than can be answered');
    }
    const receivedAt = now();
    if (isBinary) {
      const start = Buffer.from(data, 0, Math.min(bytes, MALFORMED_KEPT / 2)).toString('hex');
      return this.#malformed(start, `a binary frame of ${bytes} bytes; OCPP-J is text`, receivedAt, bytes);
    }
    this.#receivedText(Buffer.from(data).toString(), receivedAt, bytes);
  }

  /** A ping or pong has arrived. */
  heard(): void {
    this.#heard = true;
  }

  /** To be called once every ping interval. Any traffic counts as a sign of life. */
  ping(): void {
    if (!this.#socketOpen) return;
    this.#silentIntervals = this.#heard ? 0 : this.#silentIntervals + 1;
    this.#heard = false;
    if (this.#silentIntervals < MAX_SILENT_INTERVALS) {
      this.#socket.ping();
      return;
    }
    this.#parts.log.info(this.#who(), 'no sign of life: socket given up');
    this.#socket.close();
  }

  write(frame: string): void {
    if (!this.#socketOpen) return;
    if (this.#socket.send(frame) !== DROPPED) return;
    this.#parts.log.warn(this.#who(), 'the station does not read its socket: closed');
    this.#socket.close();
  }

  close(code: number, reason: string): void {
    if (this.#socketOpen) this.#socket.end(code, reason);
  }

  /** Reads no more; resolves when every message read has been answered, or the socket is closed. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
      if (this.#unanswered.messages === 0 || !this.#socketOpen) resolve();
    });
  }

  /** The socket is closed; 1006 stands for a cut one. */
  closed(code: number, reason: string): void {
    this.#socketOpen = false;
    this.#finished?.();
    const receivedAt = now();
    this.lane.run(() => {
      const { calls, recorder, ended } = this.#parts;
      if (this.call !== undefined) calls.end(this, this.call, { connectionLost: true }, receivedAt);
      if (this.#connected) {
        const event = { kind: 'disconnected', receivedAt, connection: this.id, code, reason } as const;
        recorder.keep(this.chargePointId, event);
      }
      ended(this);
    });
  }

  #receivedText(text: string, receivedAt: Instant, bytes: number): void {
    const began = performance.now();
    const frame = parseFrame(text);
    switch (frame.type) {
      case 'call':
        this.lane.run(() => this.#answer({ ...frame, text, receivedAt }, bytes, began));
        return;
      case 'result':
      case 'error':
        return this.#callAnswered(frame.messageId, outcomeOf(frame), receivedAt, bytes);
      case 'bad-call':
        this.write(callErrorFrame(frame.messageId, frame.error.code, frame.error.message));
        return this.#malformed(text, `answered ${frame.error.code}: ${frame.error.message}`, receivedAt, bytes);
      case 'malformed':
        return this.#malformed(text, frame.reason, receivedAt, bytes);
      case 'ignored':
        this.#parts.log.debug({ ...this.#who(), reason: frame.reason }, 'frame ignored');
        this.#settled(1, bytes);
    }
  }

  #answer(call: Call, bytes: number, began: number): void | Promise<void> {
    const answered = this.#parts.answering.answer(this, call);
    if (!(answered instanceof Promise)) return this.#give(call.action, answered, bytes, began);
    return answered.then((outcome) => this.#give(call.action, outcome, bytes, began));
  }

  /**
   * Journals the message with its answer, and lets the answer go: of a durable one, after the flush. Where the journal
   * takes nothing, what changes nothing that must last is answered all the same: a station whose heartbeats stay
   * unanswered would connect again and again, and its transactions would not get through.
   */
  #give(action: string, answered: Answered | undefined, bytes: number, began: number): void {
    const flushed = answered && this.#parts.recorder.record(this.chargePointId, answered.event);
    if (answered === undefined || (flushed === undefined && answered.durable)) {
      this.#parts.metrics.message(action, 'unanswered');
      return this.#settled(1, bytes);
    }
    const outcome = 'error' in answered.event.answer ? 'error' : 'result';
    const answer = { action, outcome, frame: answered.frame, began } as const;
    if (answered.durable && flushed) return this.#writeAfter(flushed, answer, bytes);
    this.#writeAnswer(answer);
    this.#settled(1, bytes);
  }

  #writeAnswer({ action, outcome, frame, began }: TimedAnswer): void {
    this.write(frame);
    this.#parts.metrics.message(action, outcome, (performance.now() - began) / 1_000);
  }

  /** Answers of one group commit leave in one write. */
  #writeAfter(flushed: Promise<void>, answer: TimedAnswer, bytes: number): void {
    if (this.#batch?.flushed === flushed) {
      this.#batch.answers.push(answer);
      this.#batch.bytes += bytes;
      return;
    }
    const batch = { flushed, answers: [answer], bytes };
    this.#batch = batch;
    const settle = () => {
      if (this.#batch === batch) this.#batch = undefined;
      this.#settled(batch.answers.length, batch.bytes);
    };
    const writeAll = () => {
      if (this.#socketOpen) this.#socket.cork(() => batch.answers.forEach((each) => this.#writeAnswer(each)));
      settle();
    };
    flushed.then(writeAll, () => {
      for (const { action } of batch.answers) this.#parts.metrics.message(action, 'unanswered');
      settle();
    });
  }

  #callAnswered(messageId: string, outcome: CallOutcome, receivedAt: Instant, bytes: number): void {
    const call = this.#parts.calls.answered(this, messageId);
    this.lane.run(() => {
      if (call !== undefined) this.#parts.calls.end(this, call, outcome, receivedAt);
      this.#settled(1, bytes);
    });
  }

  #malformed(text: string, reason: string, receivedAt: Instant, bytes: number): void {
    this.#parts.log.debug({ ...this.#who(), reason, bytes }, 'frame that is no OCPP-J message');
    const raw = cutText(text, MALFORMED_KEPT);
    this.lane.run(() => {
      const event = { kind: 'malformed', receivedAt, connection: this.id, raw, reason } as const;
      void this.#parts.recorder.record(this.chargePointId, event);
      this.#settled(1, bytes);
    });
  }

  #settled(messages: number, bytes: number): void {
    this.#unanswered.messages -= messages;
    this.#unanswered.bytes -= bytes;
    if (this.#unanswered.messages === 0) this.#finished?.();
  }

  #giveUp(code: number, reason: string): void {
    this.#parts.log.warn({ ...this.#who(), reason }, 'socket closed');
    this.close(code, reason);
  }

  #who(): { chargePoint: string; connection: string } {
    return { chargePoint: this.chargePointId, connection: this.id };
  }
}

/** An answer, and since when (performance.now()) the station waits for it. */
interface TimedAnswer {
  action: string;
  outcome: 'result' | 'error';
  frame: string;
  began: number;
}

function now(): Instant {
  return new Date().toISOString();
}

function outcomeOf(
  frame: { type: 'result'; payload: unknown } | { type: 'error'; code: string; description: string },
): CallOutcome {
  if (frame.type === 'error') return { error: frame.code, description: frame.description };
  const { payload } = frame;
  if (isNode(payload)) return { result: payload };
  return { error: 'FormationViolation', description: 'the payload of the CALLRESULT is no object' };
}
