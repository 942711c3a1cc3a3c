/** What is known of a station from its answers, as the database has it now. */
import type { Database } from '../../../drizzle/client.ts';
import { findChargePoint } from '../../../drizzle/queries/chargePoints.ts';
import {
  MOST_ANSWERS,
  readBoots,
  readCertificateAnswers,
  readCompositeScheduleAnswers,
  readConfigurationAnswers,
  readLocalListAnswers,
  readOutOfOrder,
  readProfileAnswers,
  readRecentTransactions,
  readReservationAnswers,
  readUnanswered,
} from '../../../drizzle/queries/learnt.ts';
import type { Instant } from '../../../workflows/events.ts';
import type { Source } from './answered.ts';
import { foldCertificates, type LearntCertificates } from './certificates.ts';
import { foldChargingProfiles, type LearntProfile } from './chargingProfiles.ts';
import { foldCompositeSchedule, type ReportedSchedule } from './compositeSchedule.ts';
import { foldConfiguration, type LearntConfiguration } from './configuration.ts';
import { doubtsOf, type Doubted, type UnansweredCommand } from './doubts.ts';
import { foldLocalList, type LearntLocalList } from './localList.ts';
import { foldReservations, type LearntReservation, type ReservationFacts } from './reservations.ts';

export async function readConfiguration(
  database: Database,
  chargePointId: string,
): Promise<LearntConfiguration & Doubted> {
  const [commands, unanswered, resets, chargePoint] = await Promise.all([
    readConfigurationAnswers(database, chargePointId),
    readUnanswered(database, chargePointId, ['ChangeConfiguration']),
    readBoots(database, chargePointId),
    findChargePoint(database, chargePointId),
  ]);
  const boots = [...resets, ...(chargePoint?.lastBootAt ? [chargePoint.lastBootAt] : [])];
  const doubts = doubtsOf(commands, unanswered, (known) =>
    foldConfiguration(known, boots).items.map(({ key, supported, value, pending }) => [
      key.toLowerCase(),
      supported,
      value,
      pending?.value,
    ]),
  );
  return { ...foldConfiguration(commands, boots), doubts };
}

export async function readCertificates(
  database: Database,
  chargePointId: string,
): Promise<LearntCertificates & Doubted> {
  const [commands, unanswered] = await Promise.all([
    readCertificateAnswers(database, chargePointId),
    readUnanswered(database, chargePointId, ['InstallCertificate', 'DeleteCertificate', 'CertificateSigned']),
  ]);
  const doubts = doubtsOf(commands, unanswered, (known) => foldCertificates(known).items.map(withoutSource));
  return { ...foldCertificates(commands), doubts };
}

export async function readLocalList(database: Database, chargePointId: string): Promise<LearntLocalList & Doubted> {
  const [commands, unanswered] = await Promise.all([
    readLocalListAnswers(database, chargePointId),
    readUnanswered(database, chargePointId, ['SendLocalList']),
  ]);
  const doubts = doubtsOf(commands, unanswered, (known) => {
    const { supported, version, items } = foldLocalList(known);
    return [supported, version?.value, items?.map(withoutSource)];
  });
  return { ...foldLocalList(commands), doubts };
}

export interface LearntProfiles extends Doubted {
  /** What was set before is not told: only the newest answers are read. null: all there are were read. */
  since: Instant | null;
  items: LearntProfile[];
}

export async function readChargingProfiles(database: Database, chargePointId: string): Promise<LearntProfiles> {
  const [commands, unanswered, transactions] = await Promise.all([
    readProfileAnswers(database, chargePointId),
    readUnansweredProfiles(database, chargePointId),
    readRecentTransactions(database, chargePointId),
  ]);
  const since = commands.length === MOST_ANSWERS ? (commands.at(-1)?.answeredAt ?? null) : null;
  const now = new Date().toISOString();
  const doubts = doubtsOf(commands, unanswered, (known) =>
    foldChargingProfiles(known, transactions, now).map(withoutSource),
  );
  return { since, items: foldChargingProfiles(commands, transactions, now), doubts };
}

/** What the station may have done with its charging profiles, and did not answer. */
export function readUnansweredProfiles(database: Database, chargePointId: string): Promise<UnansweredCommand[]> {
  return readUnanswered(database, chargePointId, [
    'SetChargingProfile',
    'ClearChargingProfile',
    'RemoteStartTransaction',
  ]);
}

export async function readCompositeSchedule(
  database: Database,
  chargePointId: string,
  connectorId: number,
): Promise<ReportedSchedule | null> {
  const commands = await readCompositeScheduleAnswers(database, chargePointId, connectorId);
  return foldCompositeSchedule(commands, connectorId);
}

export interface LearntReservations extends Doubted {
  items: LearntReservation[];
}

export async function readReservations(database: Database, chargePointId: string): Promise<LearntReservations> {
  const now = new Date().toISOString();
  const [commands, unanswered, transactions] = await Promise.all([
    readReservationAnswers(database, chargePointId),
    readUnanswered(database, chargePointId, ['ReserveNow', 'CancelReservation']),
    readRecentTransactions(database, chargePointId),
  ]);
  // How one has ended is certain; that it has not ended may not be.
  const doubtsWith = (facts: ReservationFacts) =>
    doubtsOf(commands, unanswered, (known) =>
      foldReservations(known, facts, now)
        .filter(({ state }) => state === 'active')
        .map(withoutSource),
    );
  // Only what may end those that are shown, or in doubt, is asked for.
  const before = { transactions, outOfOrder: [] };
  const from = [
    ...foldReservations(commands, before, now).map(({ learntAt }) => learntAt),
    ...doubtsWith(before).map(({ since }) => since),
  ].toSorted()[0];
  if (from === undefined) return { items: [], doubts: [] };
  const facts = { transactions, outOfOrder: await readOutOfOrder(database, chargePointId, from) };
  return { items: foldReservations(commands, facts, now), doubts: doubtsWith(facts) };
}

function withoutSource<One extends Source>({ learntAt: _at, commandId: _of, ...what }: One): Omit<One, keyof Source> {
  return what;
}
