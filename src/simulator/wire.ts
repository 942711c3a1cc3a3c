import { randomUUID } from 'node:crypto';
import type { AnswerCheck } from './answers.ts';
import type { Faults } from './faults.ts';
import { enter, type SimulationLedger } from './ledger.ts';
import type { Misbehaviour, Traits } from './misbehaviours/misbehaviour.ts';
import type { Entry, Sending } from './outgoing.ts';
import type { OutgoingCall } from './payload.ts';
import type { Station } from './station.ts';

export interface WireParts {
  station: Station;
  check: AnswerCheck;
  ledger: SimulationLedger;
  faults: Faults;
  misbehaviours: readonly Misbehaviour[];
  traits: Traits;
}

/** What crossed the wire. */
export interface Traffic {
  calls: number;
  answers: number;
  commands: number;
  repeats: number;
}

/** Recent CALLs by message id, to know a late answer's. */
const KEPT = 100;

/** Puts CALLs on the socket, as odd as this station says them, and has their answers checked. */
export class Wire {
  readonly traffic: Traffic = { calls: 0, answers: 0, commands: 0, repeats: 0 };
  readonly #parts: WireParts;
  readonly #facts = new Map<string, string>();

  constructor(parts: WireParts) {
    this.#parts = parts;
  }

  async send(entry: Entry): Promise<Sending> {
    const { station, check, ledger, faults, traits } = this.#parts;
    if (!station.connected) return undefined;
    if (entry.messageId !== undefined) this.traffic.repeats += 1;
    const messageId = (traits.newIdOnRepeat ? undefined : entry.messageId) ?? randomUUID();
    entry.messageId = messageId;
    this.#remember(messageId, entry.fact);
    const { action } = entry;
    const payload = entry.payload();
    const text = this.#text({ action, payload }, messageId);
    this.traffic.calls += 1;
    const connection = station.connects;
    const answer = station.tryText(text, messageId);
    if (faults.duplicates()) station.send(text);
    if (faults.cuts()) station.cut();
    const reply = await answer;
    if (reply === undefined) {
      if (!station.connected || station.connects !== connection) return undefined;
      const seconds = station.options.answerTimeoutMs / 1_000;
      check.report({ chargePointId: station.chargePointId, action, what: `no answer within ${seconds} s` });
      station.cut();
      return undefined;
    }
    this.traffic.answers += 1;
    const result = check.judge(station.chargePointId, action, payload, entry.fact, reply);
    if (!result) return { refused: true };
    enter(ledger, station.chargePointId, action, payload, result);
    return { result };
  }

  /** What a CALL with this id told. */
  factOf(messageId: string): string {
    return this.#facts.get(messageId) ?? messageId;
  }

  #text(call: OutgoingCall, messageId: string): string {
    const { misbehaviours } = this.#parts;
    const { action, payload } = misbehaviours.reduce((so, { call: change }) => change?.(so) ?? so, call);
    const text = JSON.stringify([2, messageId, action, payload]);
    return misbehaviours.reduce((so, { text: change }) => change?.(so, action) ?? so, text);
  }

  #remember(messageId: string, fact: string): void {
    this.#facts.set(messageId, fact);
    if (this.#facts.size <= KEPT) return;
    for (const oldest of this.#facts.keys()) {
      this.#facts.delete(oldest);
      return;
    }
  }
}
