/** A granted start that has not come by then will not come (ms): its command has been given up, too. */
const GRANTED_MS = 5 * 60_000;

/**
 * Id tags that may charge once at a charge point whatever the register says of them, because an operator has asked for
 * that start. Kept by the edge that sends the RemoteStartTransaction; a start at another edge is judged as ever.
 */
export class Grants {
  /** By charge point and id tag; with the transaction that it was used for. */
  readonly #granted = new Map<string, { at: number; transactionId?: number }>();

  grant(chargePointId: string, idTag: string): void {
    const now = Date.now();
    for (const [key, { at }] of this.#granted) if (now - at >= GRANTED_MS) this.#granted.delete(key);
    this.#granted.set(keyOf(chargePointId, idTag), { at: now });
  }

  /** @param transactionId of the start that is answered, which uses the grant up: it holds for its repeats only */
  holds(chargePointId: string, idTag: string, transactionId?: number): boolean {
    const key = keyOf(chargePointId, idTag);
    const grant = this.#granted.get(key);
    if (!grant || Date.now() - grant.at >= GRANTED_MS) return false;
    if (transactionId !== undefined && grant.transactionId === undefined) {
      this.#granted.set(key, { ...grant, transactionId });
      return true;
    }
    return grant.transactionId === transactionId;
  }
}

/** Without regard to case (OCPP 1.6 §7.28). */
function keyOf(chargePointId: string, idTag: string): string {
  return `${idTag.toUpperCase()} ${chargePointId}`;
}
