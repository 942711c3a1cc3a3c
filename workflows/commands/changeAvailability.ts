import type { Message } from '../events.ts';
import type { Connectors } from '../state/connectors.ts';
import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules, Seen } from './rules.ts';
import { DAY } from './times.ts';

/** Statuses of a connector that nobody uses. */
const UNUSED = new Set(['Available', 'Reserved', 'Faulted', 'Unavailable']);

/** ChangeAvailability (OCPP 1.6 §5.2). Scheduled: when the transaction has ended. Connector 0 stands for all of them. */
export const changeAvailability: CommandRules = {
  deadlineMs: 7 * DAY,
  check: anyObject('ChangeAvailability'),
  accepted: statuses('Accepted', 'Scheduled'),
  effect: { seenIn: isSo, withinMs: DAY },
  doneBefore: wasSo,
};

function isSo(
  { action, payload: said }: Message,
  { connectorId, type }: Record<string, unknown>,
  seen?: Seen,
): boolean {
  if (action !== 'StatusNotification' || (connectorId !== 0 && said.connectorId !== connectorId)) return false;
  const isAsAsked = (status: unknown) => (status === 'Unavailable') === (type === 'Inoperative');
  if (!isAsAsked(said.status)) return false;
  if (connectorId !== 0 || seen === undefined) return true;
  const others = realOf(seen.connectors).filter((c) => c.connectorId !== said.connectorId);
  if (said.connectorId !== 0) return others.every((c) => isAsAsked(c.status));
  // The charge point speaks for its connectors, but for those that go on with a transaction.
  return type === 'Operative' || others.every((c) => UNUSED.has(c.status));
}

/** Accepted for what it is already, which no StatusNotification follows (§5.2). */
function wasSo(
  { status }: Record<string, unknown>,
  { connectorId, type }: Record<string, unknown>,
  connectors: Connectors,
): string | undefined {
  const of = realOf(connectors).filter((c) => connectorId === 0 || c.connectorId === connectorId);
  const all =
    connectorId === 0 || of.length > 0 ? of : Object.values(connectors).filter((c) => c.connectorId === connectorId);
  const isThere = all.length > 0 && all.every((c) => (c.status === 'Unavailable') === (type === 'Inoperative'));
  return isThere && status === 'Accepted' ? `it was ${String(type)} already` : undefined;
}

/** Connector 0 is the charge point itself. */
function realOf(connectors: Connectors) {
  return Object.values(connectors).filter((c) => c.connectorId > 0);
}
