import type { Logger } from 'pino';
import type { Directory } from '../directory/directory.ts';
import type { ChargingTags } from '../directory/chargingTags.ts';
import { judgeIdTag, type IdTagPolicy } from '../directory/judgeIdTag.ts';
import type { TransactionIds } from '../directory/transactionIds.ts';
import type { AnswerContext, IdTagInfo, StartKey } from '../ocpp/message.ts';
import type { Note } from '../ocpp/notes.ts';
import type { Asking, Call } from './answering.ts';
import type { Asker, Grants } from './grants.ts';
import type { RecentStarts } from './recentStarts.ts';

/** What an id tag may be granted for. */
const GRANTED: ReadonlySet<string> = new Set(['Authorize', 'StartTransaction']);
/** So long (ms) a station may keep an id tag that may charge once only. */
const GRANT_KEPT_MS = 5 * 60_000;

/** What answers are made from. */
export interface AnswerParts {
  directory: Directory;
  transactionIds: TransactionIds;
  recentStarts: RecentStarts;
  chargingTags: ChargingTags;
  grants: Grants;
  settings: {
    /** Seconds, told at boot where the directory has no other. */
    heartbeatInterval: number;
    idTags: IdTagPolicy;
  };
  log: Logger;
}

/** What one answer may ask of the edge. */
export class EdgeAnswerContext implements AnswerContext {
  readonly notes: Note[] = [];
  readonly #parts: AnswerParts;
  readonly #station: Asking;
  readonly #call: Call;

  readonly #heartbeatInterval: number;
  #repeatedStart = false;
  #start: { key: StartKey; transactionId: number } | undefined;
  #isGranted = false;

  constructor(parts: AnswerParts, station: Asking, call: Call, heartbeatInterval: number) {
    this.#parts = parts;
    this.#heartbeatInterval = heartbeatInterval;
    this.#station = station;
    this.#call = call;
  }

  get chargePointId(): string {
    return this.#station.chargePointId;
  }

  get messageId(): string {
    return this.#call.messageId;
  }

  get now(): string {
    return this.#call.receivedAt;
  }

  get registration(): AnswerContext['registration'] {
    const { registration } = this.#station;
    const status = registration === 'accepted' ? 'Accepted' : registration === 'pending' ? 'Pending' : 'Rejected';
    return { status, interval: this.#heartbeatInterval };
  }

  judgeIdTag(idTag: string): IdTagInfo | Promise<IdTagInfo> {
    const repeated = this.#start && this.#parts.recentStarts.grantOf(this.chargePointId, this.#start.transactionId);
    if (repeated !== undefined) return this.#grantedUntil(repeated.until);
    const known = this.#mayBeGranted ? this.#parts.grants.known(this.#asker(idTag)) : undefined;
    if (known !== undefined) return this.#granted(known);
    const row = this.#parts.directory.idTag(idTag);
    return row instanceof Promise ? row.then((found) => this.#judge(idTag, found)) : this.#judge(idTag, row);
  }

  transactionIdFor(start: StartKey): number | undefined {
    const { recentStarts, transactionIds } = this.#parts;
    const earlier = recentStarts.find(this.chargePointId, start, this.messageId, this.now);
    if (earlier !== undefined) {
      this.#start = { key: start, transactionId: earlier };
      this.#repeatedStart = true;
      this.note(`repeatedStart: transaction ${earlier} was given to the same start`);
      return earlier;
    }
    const transactionId = transactionIds.take();
    if (transactionId !== undefined) {
      this.#start = { key: start, transactionId };
      recentStarts.remember(this.chargePointId, start, this.messageId, transactionId, this.now);
    }
    return transactionId;
  }

  async chargesElsewhere(idTag: string, connectorId: number, transactionId: number): Promise<boolean> {
    if (this.#repeatedStart || this.#isGranted) return false;
    const row = await this.#parts.directory.idTag(idTag);
    if (row === undefined || row === 'unavailable' || !row.singleTransaction) return false;
    const start = { chargePointId: this.chargePointId, connectorId, transactionId };
    const elsewhere = await this.#parts.chargingTags.start(row, start);
    if (elsewhere === undefined) this.note('unjudgedConcurrentTx: the database is away: taken as charging here only');
    return elsewhere === true && (await this.#askedGrant(idTag)) === undefined;
  }

  transactionStopped(transactionId: number): void {
    this.#parts.chargingTags.stopped(this.chargePointId, transactionId);
    this.#parts.recentStarts.stopped(this.chargePointId, transactionId);
  }

  note(note: Note): void {
    this.notes.push(note);
  }

  #judge(idTag: string, row: Awaited<ReturnType<Directory['idTag']>>): IdTagInfo | Promise<IdTagInfo> {
    const { info, note } = judgeIdTag(row, this.now, this.#parts.settings.idTags);
    const judged = () => {
      if (note !== undefined) this.note(note);
      return info;
    };
    if (info.status === 'Accepted') return judged();
    return this.#askedGrant(idTag).then((granted) => granted ?? judged());
  }

  get #mayBeGranted(): boolean {
    return GRANTED.has(this.#call.action);
  }

  #asker(idTag: string): Asker {
    const used = this.#parts.recentStarts.usedGrants(this.chargePointId);
    return { chargePointId: this.chargePointId, idTag, start: this.#start?.key, used };
  }

  /** Another edge, or this one before it was started anew, may have sent what lets the id tag charge. */
  async #askedGrant(idTag: string): Promise<IdTagInfo | undefined> {
    if (!this.#mayBeGranted) return undefined;
    const commandId = await this.#parts.grants.asked(this.#asker(idTag));
    return commandId === undefined ? undefined : this.#granted(commandId);
  }

  /** A start uses the grant up: it holds for its repeats only. */
  #granted(commandId: string): IdTagInfo {
    const { recentStarts, grants } = this.#parts;
    const until = new Date(Date.parse(this.now) + GRANT_KEPT_MS).toISOString();
    if (this.#start !== undefined) {
      recentStarts.granted(this.chargePointId, this.#start.transactionId, { commandId, until });
      grants.revoke(this.chargePointId, commandId);
    }
    return this.#grantedUntil(until);
  }

  #grantedUntil(expiryDate: string): IdTagInfo {
    this.#isGranted = true;
    this.note('grantedIdTag: an operator has asked for this start');
    return { status: 'Accepted', expiryDate };
  }
}
