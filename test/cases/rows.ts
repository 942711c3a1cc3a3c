/** Rows of the directory for tests, and what of an edge they look at. */
import type { Registration, Message } from '../../workflows/events.ts';
import type { ChargePointEntry, IdTagRow } from '../../src/directory/directory.ts';
import type { TestEdge } from '../edge/edge.ts';

export const boot = { chargePointVendor: 'V', chargePointModel: 'M' };
export const available = { connectorId: 1, status: 'Available', errorCode: 'NoError' };

export function tag(idTag: string, of: Partial<IdTagRow> = {}): IdTagRow {
  const row = { status: 'Accepted', expiryDate: null, parentIdTag: null, singleTransaction: false, deleted: false };
  return { key: idTag.toUpperCase(), idTag, ...row, ...of };
}

export function entry(
  chargePointId: string,
  registration: Registration,
  of: Partial<ChargePointEntry> = {},
): ChargePointEntry {
  return { chargePointId, registration, heartbeatInterval: null, passwordHash: null, deleted: false, ...of };
}

/** Journalled messages of a charge point, in order. */
export function messages(test: TestEdge, chargePointId: string): Message[] {
  return test.events(chargePointId).filter((event): event is Message => event.kind === 'message');
}
