import type { Instant } from '../../workflows/events.ts';

/** A granted start that has not come by then will not come (ms): its command has been given up, too. */
const GRANTED_MS = 5 * 60_000;
/** A start that was not answered in time may be said again for so long (ms). */
const REPEATED_MS = 24 * 60 * 60_000;

interface Grant {
  at: number;
  /** Any, where the operator has named none. */
  connectorId: number | undefined;
  /** Of the start that has used it up. */
  transactionId?: number;
}

/** A start that is being answered. */
export interface Start {
  connectorId: number;
  transactionId: number;
}

/**
 * Id tags that may charge once at a charge point whatever the register says of them, because an operator has asked for
 * that start. Kept by the edge that sends the RemoteStartTransaction; a start at another edge is judged as ever.
 */
export class Grants {
  /** By charge point and id tag. */
  readonly #granted = new Map<string, Grant>();

  grant(chargePointId: string, idTag: string, connectorId: number | undefined): void {
    const now = Date.now();
    for (const [key, { at }] of this.#granted) if (now - at >= REPEATED_MS) this.#granted.delete(key);
    this.#granted.set(keyOf(chargePointId, idTag), { at: now, connectorId });
  }

  /** The station will not start it. */
  revoke(chargePointId: string, idTag: string): void {
    this.#granted.delete(keyOf(chargePointId, idTag));
  }

  /**
   * Until when the id tag may charge; undefined: by what the register says. A start uses the grant up: it holds for its
   * repeats only.
   */
  until(chargePointId: string, idTag: string, start: Start | undefined): Instant | undefined {
    const key = keyOf(chargePointId, idTag);
    const grant = this.#granted.get(key);
    if (!grant) return undefined;
    const until = new Date(grant.at + GRANTED_MS).toISOString();
    if (grant.transactionId !== undefined) return grant.transactionId === start?.transactionId ? until : undefined;
    if (Date.now() - grant.at >= GRANTED_MS) return undefined;
    if (start === undefined) return until;
    if (grant.connectorId !== undefined && grant.connectorId !== start.connectorId) return undefined;
    this.#granted.set(key, { ...grant, transactionId: start.transactionId });
    return until;
  }
}

/** Without regard to case (OCPP 1.6 §7.28). */
function keyOf(chargePointId: string, idTag: string): string {
  return `${idTag.toUpperCase()} ${chargePointId}`;
}
