import type { Logger } from 'pino';
import type { Directory } from '../directory/directory.ts';
import type { ChargingTags } from '../directory/chargingTags.ts';
import { judgeIdTag, type IdTagPolicy } from '../directory/judgeIdTag.ts';
import type { TransactionIds } from '../directory/transactionIds.ts';
import type { AnswerContext, IdTagInfo, StartKey } from '../ocpp/message.ts';
import type { Note } from '../ocpp/notes.ts';
import type { Asking, Call } from './answering.ts';
import type { Grants, Start } from './grants.ts';
import type { RecentStarts } from './recentStarts.ts';

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
  #start: Start | undefined;
  #granted = false;

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
    const grantedUntil = this.#parts.grants.until(this.chargePointId, idTag, this.#start);
    if (grantedUntil !== undefined) {
      this.#granted = true;
      this.note('grantedIdTag: an operator has asked for this start');
      // Not to be kept in the station's cache for longer.
      return { status: 'Accepted', expiryDate: grantedUntil };
    }
    const row = this.#parts.directory.idTag(idTag);
    return row instanceof Promise ? row.then((found) => this.#judge(found)) : this.#judge(row);
  }

  transactionIdFor(start: StartKey): number | undefined {
    const { recentStarts, transactionIds } = this.#parts;
    const earlier = recentStarts.find(this.chargePointId, start, this.messageId, this.now);
    if (earlier !== undefined) {
      this.#start = { connectorId: start.connectorId, transactionId: earlier };
      this.#repeatedStart = true;
      this.note(`repeatedStart: transaction ${earlier} was given to the same start`);
      return earlier;
    }
    const transactionId = transactionIds.take();
    if (transactionId !== undefined) {
      this.#start = { connectorId: start.connectorId, transactionId };
      recentStarts.remember(this.chargePointId, start, this.messageId, transactionId, this.now);
    }
    return transactionId;
  }

  async chargesElsewhere(idTag: string, connectorId: number, transactionId: number): Promise<boolean> {
    if (this.#repeatedStart || this.#granted) return false;
    const row = await this.#parts.directory.idTag(idTag);
    if (row === undefined || row === 'unavailable' || !row.singleTransaction) return false;
    const start = { chargePointId: this.chargePointId, connectorId, transactionId };
    const elsewhere = await this.#parts.chargingTags.start(row, start);
    if (elsewhere === undefined) this.note('unjudgedConcurrentTx: the database is away: taken as charging here only');
    return elsewhere ?? false;
  }

  transactionStopped(transactionId: number): void {
    this.#parts.chargingTags.stopped(this.chargePointId, transactionId);
    this.#parts.recentStarts.stopped(this.chargePointId, transactionId);
  }

  note(note: Note): void {
    this.notes.push(note);
  }

  #judge(row: Awaited<ReturnType<Directory['idTag']>>): IdTagInfo {
    const { info, note } = judgeIdTag(row, this.now, this.#parts.settings.idTags);
    if (note !== undefined) this.note(note);
    return info;
  }
}
