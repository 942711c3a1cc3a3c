import type { StartKey } from '../ocpp/message.ts';
import type { Instant } from '../../workflows/events.ts';

/** A command that was sent so lately (ms) has not been given up: no look at its row. */
const SURELY_AWAITED_MS = 5 * 60_000;
/** No RemoteStartTransaction is followed for longer (ms): a ConnectionTimeOut of an hour, and a minute. */
const AWAITED_MOST_MS = 61 * 60_000;

/** A RemoteStartTransaction whose id tag may charge once, whatever the register says of it. */
interface Grant {
  commandId: string;
  idTag: string;
  /** Any, where the operator has named none. */
  connectorId: number | undefined;
}

/** What the database has of one: see drizzle/queries/grantedStarts.ts. */
export interface StoredGrant extends Grant {
  /** The station got it, as far as the database knows. */
  isSent: boolean;
  /** Its start counts until then, once it is sent. */
  until: Instant;
}

/**
 * Of one charge point. Rejects where the database is away.
 * @param start may be the same as one that has used a grant up at another edge, which is a grant for it as well
 */
export type ReadGrants = (chargePointId: string, start: StartKey | undefined) => Promise<StoredGrant[]>;

/** Who asks whether it may charge. */
export interface Asker {
  chargePointId: string;
  idTag: string;
  /** Absent: it has not begun to charge, Authorize asks. */
  start: StartKey | undefined;
  /** Ids of the commands whose starts have come. */
  used: ReadonlySet<string>;
}

/**
 * Id tags that may charge once at a charge point whatever the register says of them, because an operator has asked for
 * that start. The truth is the command's row; what this edge has sent itself it knows before that is stored, and while the
 * database is away.
 */
export class Grants {
  readonly #read: ReadGrants;
  /** What this edge has sent, by charge point, in order of time. */
  readonly #sent = new Map<string, (Grant & { at: number })[]>();

  constructor(read: ReadGrants) {
    this.#read = read;
  }

  /** It is about to be sent. */
  grant(chargePointId: string, grant: Grant): void {
    const now = Date.now();
    for (const [id, sent] of this.#sent) {
      if (sent.every(({ at }) => now - at >= AWAITED_MOST_MS)) this.#sent.delete(id);
    }
    this.#sent.set(chargePointId, [...this.#awaited(chargePointId, AWAITED_MOST_MS), { ...grant, at: now }]);
  }

  /** The station will not start it, or has started it. */
  revoke(chargePointId: string, commandId: string): void {
    const left = (this.#sent.get(chargePointId) ?? []).filter((one) => one.commandId !== commandId);
    if (left.length > 0) this.#sent.set(chargePointId, left);
    else this.#sent.delete(chargePointId);
  }

  /** The command that lets the id tag charge, as far as this edge knows without asking. */
  known(asker: Asker): string | undefined {
    return this.#awaited(asker.chargePointId, SURELY_AWAITED_MS).find((one) => fits(one, asker))?.commandId;
  }

  /** The same, with a look at the database: for who would be refused otherwise. */
  async asked(asker: Asker): Promise<string | undefined> {
    const sent = this.#awaited(asker.chargePointId, AWAITED_MOST_MS).filter((one) => fits(one, asker));
    const stored = await this.#read(asker.chargePointId, asker.start).catch(() => undefined);
    if (stored === undefined) return sent[0]?.commandId;
    const now = Date.now();
    // Sent by this edge: that it was may not be stored yet.
    const isAwaited = (one: StoredGrant) =>
      one.isSent ? now < Date.parse(one.until) : sent.some(({ commandId }) => commandId === one.commandId);
    return stored.find((one) => fits(one, asker) && isAwaited(one))?.commandId;
  }

  #awaited(chargePointId: string, ms: number): (Grant & { at: number })[] {
    const now = Date.now();
    return (this.#sent.get(chargePointId) ?? []).filter(({ at }) => now - at < ms);
  }
}

/** Id tags are compared without regard to case (OCPP 1.6 §7.28). */
function fits({ commandId, idTag, connectorId }: Grant, asker: Asker): boolean {
  if (asker.used.has(commandId) || idTag.toUpperCase() !== asker.idTag.toUpperCase()) return false;
  return connectorId === undefined || asker.start === undefined || connectorId === asker.start.connectorId;
}
