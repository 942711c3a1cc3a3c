import type { Instant } from '../../../workflows/events.ts';
import {
  compare,
  inOrder,
  instantIn,
  integerIn,
  isAccepted,
  objectIn,
  sourceOf,
  statusOf,
  textIn,
  type AnsweredCommand,
  type Source,
} from './answered.ts';

export interface LearntProfile extends Source {
  chargingProfileId: number;
  /** 0: the charge point; a TxDefaultProfile there is for every connector. null: the station chose it and has not said. */
  connectorId: number | null;
  purpose: string;
  stackLevel: number;
  kind: string | null;
  recurrencyKind: string | null;
  /** Of a TxProfile. */
  transactionId: number | null;
  /** null: at once. */
  validFrom: Instant | null;
  validTo: Instant | null;
  /** As it was sent (OCPP 1.6 §7.13). */
  chargingSchedule: Record<string, unknown>;
}

/** What has to be known of a transaction: a TxProfile lasts as long. */
export interface ProfiledTransaction {
  transactionId: number;
  aliases: number[];
  connectorId: number | null;
  idTag: string | null;
  startedAt: Instant | null;
  stoppedAt: Instant | null;
  end: string | null;
}

/**
 * The charging profiles that a station keeps and that have not ended: SetChargingProfile (OCPP 1.6 §5.16, §3.13),
 * ClearChargingProfile (§5.5, errata 3.25 and 3.26) and RemoteStartTransaction (§5.16.2). They outlast reboots (erratum 3.37).
 */
export function foldChargingProfiles(
  commands: readonly AnsweredCommand[],
  transactions: readonly ProfiledTransaction[],
  now: Instant,
): LearntProfile[] {
  let profiles: LearntProfile[] = [];
  for (const command of inOrder(commands)) {
    if (command.action === 'ClearChargingProfile') profiles = cleared(profiles, command);
    const set = profileOf(command, transactions);
    if (set) profiles = [...profiles.filter((other) => !isReplaced(other, set)), set];
  }
  const open = new Set(transactions.filter(({ end }) => end === null).map(({ transactionId }) => transactionId));
  return profiles
    .filter(({ validTo }) => validTo === null || validTo > now)
    .filter(({ purpose, transactionId }) => purpose !== TX || (transactionId !== null && open.has(transactionId)))
    .toSorted(
      (a, b) =>
        (a.connectorId ?? 0) - (b.connectorId ?? 0) ||
        compare(a.purpose, b.purpose) ||
        b.stackLevel - a.stackLevel ||
        a.chargingProfileId - b.chargingProfileId,
    );
}

const TX = 'TxProfile';

/** The profile that the station took with this command. */
function profileOf(command: AnsweredCommand, transactions: readonly ProfiledTransaction[]): LearntProfile | undefined {
  const payload = objectIn(command.payload);
  if (!isAccepted(command) || payload === undefined) return undefined;
  if (command.action === 'SetChargingProfile') {
    const profile = profileIn(payload.csChargingProfiles, command);
    const connectorId = integerIn(payload.connectorId);
    if (!profile || connectorId === undefined) return undefined;
    if (profile.purpose !== TX) return { ...profile, connectorId, transactionId: null };
    const transaction = transactionOf(profile.transactionId, connectorId, command.answeredAt, transactions);
    return { ...profile, connectorId, transactionId: transaction?.transactionId ?? profile.transactionId };
  }
  if (command.action === 'RemoteStartTransaction') {
    const profile = profileIn(payload.chargingProfile, command);
    const started = profile && startedBy(command, payload, transactions);
    return started && { ...profile, connectorId: started.connectorId, transactionId: started.transactionId };
  }
  return undefined;
}

function profileIn(value: unknown, command: AnsweredCommand): LearntProfile | undefined {
  const sent = objectIn(value);
  const [chargingProfileId, stackLevel] = [integerIn(sent?.chargingProfileId), integerIn(sent?.stackLevel)];
  const [purpose, chargingSchedule] = [textIn(sent?.chargingProfilePurpose), objectIn(sent?.chargingSchedule)];
  if (chargingProfileId === undefined || stackLevel === undefined || !purpose || !chargingSchedule) return undefined;
  return {
    chargingProfileId,
    connectorId: null,
    purpose,
    stackLevel,
    kind: textIn(sent?.chargingProfileKind) ?? null,
    recurrencyKind: textIn(sent?.recurrencyKind) ?? null,
    transactionId: integerIn(sent?.transactionId) ?? null,
    validFrom: instantIn(sent?.validFrom) ?? null,
    validTo: instantIn(sent?.validTo) ?? null,
    chargingSchedule,
    ...sourceOf(command),
  };
}

/** The one of the profile, or that was going on at its connector: "for the duration of the current transaction only" (§3.13.1). */
function transactionOf(
  id: number | null,
  connectorId: number,
  at: Instant,
  transactions: readonly ProfiledTransaction[],
): ProfiledTransaction | undefined {
  if (id !== null) return transactions.find((each) => each.transactionId === id || each.aliases.includes(id));
  return transactions
    .filter((each) => each.connectorId === connectorId && each.startedAt !== null && each.startedAt <= at)
    .filter(({ stoppedAt, end }) => end === null || (stoppedAt !== null && stoppedAt > at))
    .reduce<ProfiledTransaction | undefined>(
      (a, b) => (a && compare(a.startedAt!, b.startedAt!) > 0 ? a : b),
      undefined,
    );
}

/**
 * The command was completed by a StartTransaction, received when it ended; whose clock may be wrong. Of the transactions it
 * fits, that is the nearest.
 */
function startedBy(
  { state, endedAt }: AnsweredCommand,
  { connectorId, idTag }: Record<string, unknown>,
  transactions: readonly ProfiledTransaction[],
): ProfiledTransaction | undefined {
  if (state !== 'completed' || endedAt === null || typeof idTag !== 'string') return undefined;
  const distance = ({ startedAt }: ProfiledTransaction) => Math.abs(Date.parse(startedAt!) - Date.parse(endedAt));
  return transactions
    .filter((each) => each.startedAt !== null && each.idTag?.toUpperCase() === idTag.toUpperCase())
    .filter((each) => connectorId === undefined || each.connectorId === connectorId)
    .reduce<ProfiledTransaction | undefined>((a, b) => (a && distance(a) <= distance(b) ? a : b), undefined);
}

/** "With the same chargingProfileId, or the same combination of stackLevel / ChargingProfilePurpose" (§5.16.3), per connector. */
function isReplaced(old: LearntProfile, set: LearntProfile): boolean {
  if (old.chargingProfileId === set.chargingProfileId) return true;
  return old.connectorId === set.connectorId && old.purpose === set.purpose && old.stackLevel === set.stackLevel;
}

/** Unknown: nothing that it has fits. */
function cleared(profiles: LearntProfile[], { payload, answer }: AnsweredCommand): LearntProfile[] {
  const { id, connectorId, chargingProfilePurpose, stackLevel } = objectIn(payload) ?? {};
  const status = statusOf(answer);
  if (status !== 'Accepted' && status !== 'Unknown') return profiles;
  const kept = profiles.filter(
    (profile) =>
      !(
        (id === undefined || profile.chargingProfileId === id) &&
        (connectorId === undefined || profile.connectorId === connectorId) &&
        (chargingProfilePurpose === undefined || profile.purpose === chargingProfilePurpose) &&
        (stackLevel === undefined || profile.stackLevel === stackLevel)
      ),
  );
  // It found one all the same: by erratum 3.26 the id alone counts where it is given.
  const byIdAlone = status === 'Accepted' && kept.length === profiles.length && id !== undefined;
  return byIdAlone ? profiles.filter((profile) => profile.chargingProfileId !== id) : kept;
}
