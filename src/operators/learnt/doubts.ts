/** What nobody knows of a station: it was sent a CALL, and did not answer. It may have carried it out, or not. */
import { isDeepStrictEqual } from 'node:util';
import type { Instant } from '../../../workflows/events.ts';
import { compare, objectIn, type AnsweredCommand } from './answered.ts';

/** A command that was sent, or may have been, and has no answer (yet). */
export interface UnansweredCommand {
  commandId: string;
  action: string;
  payload: unknown;
  state: string;
  endedAt: Instant | null;
  /** When it was sent; when its edge was given up, where that never said so. */
  since: Instant;
}

export interface Doubt {
  commandId: string;
  action: string;
  since: Instant;
  /** What is not certain, in words: a configuration key, `reservation 7`. */
  about: string;
}

export interface Doubted {
  /** The oldest first; empty: all that is told is certain. */
  doubts: Doubt[];
}

/**
 * Those commands that matter still: where the station has carried one out, `fold` tells something else than where it has
 * not. So a doubt is settled by whatever makes both the same: a later answer that tells of the same thing or replaces it,
 * the end of a transaction or reservation, and an answer of its own that comes late.
 *
 * What a station takes with its next boot only (RebootRequired) no answer tells before: GetConfiguration settles it all
 * the same. A version that GetLocalListVersion tells says which list there is, not what is in it: that of the list before,
 * or of the one in doubt, settles nothing. 0 (empty) and -1 (none) do, and so does any other: then what is in the list is
 * known to be unknown. What always settles a local list is a Full one that is accepted.
 *
 * @param fold what is known by these answers, without where it was learnt
 */
export function doubtsOf(
  answered: readonly AnsweredCommand[],
  unanswered: readonly UnansweredCommand[],
  fold: (commands: readonly AnsweredCommand[]) => unknown,
): Doubt[] {
  if (unanswered.length === 0) return [];
  const undone = fold(answered);
  return unanswered
    .filter((command) => !isDeepStrictEqual(fold([...answered, asDone(command)]), undone))
    .map((command) => ({
      commandId: command.commandId,
      action: command.action,
      since: command.since,
      about: aboutWhat(command),
    }))
    .toSorted((a, b) => compare(a.since, b.since) || compare(a.commandId, b.commandId));
}

function asDone({ since, ...command }: UnansweredCommand): AnsweredCommand {
  // What was answered in the millisecond in which it was sent had been carried out before: it is sent one at a time.
  const answeredAt = new Date(Date.parse(since) + 1).toISOString();
  return { ...command, answer: { status: 'Accepted' }, answeredAt };
}

function aboutWhat({ action, payload }: UnansweredCommand): string {
  const of = objectIn(payload) ?? {};
  switch (action) {
    case 'ChangeConfiguration':
      return text(of.key);
    case 'SendLocalList':
      return `${text(of.updateType)} list, version ${text(of.listVersion)}`;
    case 'ReserveNow':
    case 'CancelReservation':
      return `reservation ${text(of.reservationId)}`;
    case 'SetChargingProfile':
      return `charging profile ${idIn(of.csChargingProfiles)} at connector ${text(of.connectorId)}`;
    case 'ClearChargingProfile':
      return of.id === undefined ? 'charging profiles' : `charging profile ${text(of.id)}`;
    case 'RemoteStartTransaction':
      return `charging profile ${idIn(of.chargingProfile)}`;
    case 'InstallCertificate':
      return text(of.certificateType);
    case 'DeleteCertificate':
      return `certificate ${text(objectIn(of.certificateHashData)?.serialNumber)}`;
    case 'CertificateSigned':
      return 'ChargePointCertificate';
    default:
      return action;
  }
}

function idIn(profile: unknown): string {
  return text(objectIn(profile)?.chargingProfileId);
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
