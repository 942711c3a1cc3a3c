import type { Message } from '../events.ts';
import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules, Seen } from './rules.ts';
import { MINUTE } from './times.ts';

/** A station's clock may be so much (ms) behind, and its start still be one that follows. */
const CLOCK_MS = 5 * MINUTE;
/** A station that is back says in so long (ms) what it has kept. */
const REPLAY_MS = 2 * MINUTE;

/** RemoteStartTransaction (OCPP 1.6 §5.11). Done when its transaction has started; failed where that may not charge. */
export const remoteStartTransaction: CommandRules = {
  deadlineMs: MINUTE,
  urgency: 1,
  check: anyObject('RemoteStartTransaction'),
  accepted: statuses('Accepted'),
  notWhilePending: true,
  effect: { seenIn: isItsStart, withinMs: 5 * MINUTE, ofOne: true },
};

function isItsStart(
  { action, payload: said, at, receivedAt, answer, notes = [] }: Message,
  { idTag, connectorId }: Record<string, unknown>,
  seen?: Seen,
): boolean | 'failed' {
  if (action !== 'StartTransaction' || (connectorId !== undefined && said.connectorId !== connectorId)) return false;
  if (String(said.idTag).toUpperCase() !== String(idTag).toUpperCase()) return false;
  if (seen === undefined) return true;
  if (notes.some((note) => note.startsWith('repeatedStart'))) return false;
  const isBefore = Date.parse(at) < Date.parse(seen.sentAt) - CLOCK_MS;
  // It began while the station was offline, and is among the first it says now; or else its clock is wrong.
  const openedAt = seen.openedAt ?? receivedAt;
  const isFirst = Date.parse(receivedAt) < Date.parse(openedAt) + REPLAY_MS;
  if (isBefore && isFirst && at < openedAt) return false;
  const { status = 'Accepted' } = ('result' in answer && (answer.result.idTagInfo as Record<string, unknown>)) || {};
  return status === 'Accepted' ? true : 'failed';
}
