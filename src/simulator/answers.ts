import { randomUUID } from 'node:crypto';
import { stationMessages } from '../ocpp/messages.ts';
import type { Payload } from './payload.ts';
import type { Reply } from './station.ts';

/** Something that a central system must not answer. */
export interface WrongAnswer {
  chargePointId: string;
  /** Of the CALL; `?` where there was none. */
  action: string;
  what: string;
}

/** Enough to see what is wrong. */
const KEPT = 200;
/** `currentTime` may differ from this machine's clock by so much (ms). */
const CLOCK_TOLERANCE_MS = 60_000;
/** What a central system may leave out (OCPP 1.6 §3.2: only Core is required). */
const OPTIONAL: ReadonlySet<string> = new Set(['DiagnosticsStatusNotification', 'FirmwareStatusNotification']);

/** Holds every answer against the specification. One for all charge points: transaction ids are unique among them. */
export class AnswerCheck {
  /** The first ones. */
  readonly wrong: WrongAnswer[] = [];
  wrongCount = 0;
  readonly #transactions = new Map<number, string>();
  readonly #starts = new Map<string, number>();

  /**
   * @param fact Names what the CALL tells: the same StartTransaction sent again is the same fact.
   * @returns the payload of a CALLRESULT that is right; undefined where the CALL was refused.
   */
  judge(chargePointId: string, action: string, sent: unknown, fact: string, reply: Reply): Payload | undefined {
    const found = (what: string) => this.report({ chargePointId, action, what });
    if ('error' in reply) {
      const allowed = OPTIONAL.has(action) && ['NotImplemented', 'NotSupported'].includes(reply.error);
      if (!allowed) found(`CALLERROR ${reply.error}: ${reply.description}`);
      return undefined;
    }
    const { result } = reply;
    const schema = stationMessages.get(action)?.response;
    const read = schema?.safeParse(result);
    if (read && !read.success) {
      for (const { path, message } of read.error.issues) found(`${path.join('.') || 'payload'}: ${message}`);
      return undefined;
    }
    if (typeof result.currentTime === 'string') {
      const off = Math.abs(Date.parse(result.currentTime) - Date.now());
      if (off > CLOCK_TOLERANCE_MS) found(`currentTime is ${Math.round(off / 1_000)} s off`);
    }
    if (action === 'StartTransaction') this.#judgeStart(chargePointId, Number(result.transactionId), fact);
    if (action === 'StopTransaction' && result.idTagInfo && !(sent as Payload).idTag) {
      found('idTagInfo without an idTag in the request');
    }
    return result;
  }

  /** A known CALL was answered once more. */
  judgeRepeated(chargePointId: string, fact: string, reply: Reply): void {
    if ('result' in reply && reply.result && 'transactionId' in reply.result) {
      this.#judgeStart(chargePointId, Number(reply.result.transactionId), fact);
    }
  }

  report(wrong: WrongAnswer): void {
    this.wrongCount += 1;
    if (this.wrong.length < KEPT) this.wrong.push(wrong);
  }

  #judgeStart(chargePointId: string, transactionId: number, fact: string): void {
    const found = (what: string) => this.report({ chargePointId, action: 'StartTransaction', what });
    if (!(transactionId > 0)) found(`transactionId ${transactionId} is not positive`);
    const before = this.#starts.get(fact);
    if (before !== undefined && before !== transactionId) {
      found(`the same start was given transactionId ${before} and ${transactionId}`);
    }
    const owner = this.#transactions.get(transactionId);
    if (owner !== undefined && owner !== fact)
      found(`transactionId ${transactionId} was given to another start before`);
    this.#starts.set(fact, transactionId);
    this.#transactions.set(transactionId, fact);
  }
}

/** A name for what a CALL tells. */
export function newFact(): string {
  return randomUUID();
}
