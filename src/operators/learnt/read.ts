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
} from '../../../drizzle/queries/learnt.ts';
import type { Instant } from '../../../workflows/events.ts';
import { foldCertificates, type LearntCertificates } from './certificates.ts';
import { foldChargingProfiles, type LearntProfile } from './chargingProfiles.ts';
import { foldCompositeSchedule, type ReportedSchedule } from './compositeSchedule.ts';
import { foldConfiguration, type LearntConfiguration } from './configuration.ts';
import { foldLocalList, type LearntLocalList } from './localList.ts';
import { foldReservations, type LearntReservation } from './reservations.ts';

export async function readConfiguration(database: Database, chargePointId: string): Promise<LearntConfiguration> {
  const [commands, boots, chargePoint] = await Promise.all([
    readConfigurationAnswers(database, chargePointId),
    readBoots(database, chargePointId),
    findChargePoint(database, chargePointId),
  ]);
  return foldConfiguration(commands, [...boots, ...(chargePoint?.lastBootAt ? [chargePoint.lastBootAt] : [])]);
}

export async function readCertificates(database: Database, chargePointId: string): Promise<LearntCertificates> {
  return foldCertificates(await readCertificateAnswers(database, chargePointId));
}

export async function readLocalList(database: Database, chargePointId: string): Promise<LearntLocalList> {
  return foldLocalList(await readLocalListAnswers(database, chargePointId));
}

export interface LearntProfiles {
  /** What was set before is not told: only the newest answers are read. null: all there are were read. */
  since: Instant | null;
  items: LearntProfile[];
}

export async function readChargingProfiles(database: Database, chargePointId: string): Promise<LearntProfiles> {
  const [commands, transactions] = await Promise.all([
    readProfileAnswers(database, chargePointId),
    readRecentTransactions(database, chargePointId),
  ]);
  const since = commands.length === MOST_ANSWERS ? (commands.at(-1)?.answeredAt ?? null) : null;
  return { since, items: foldChargingProfiles(commands, transactions, new Date().toISOString()) };
}

export async function readCompositeSchedule(
  database: Database,
  chargePointId: string,
  connectorId: number,
): Promise<ReportedSchedule | null> {
  const commands = await readCompositeScheduleAnswers(database, chargePointId, connectorId);
  return foldCompositeSchedule(commands, connectorId);
}

export async function readReservations(database: Database, chargePointId: string): Promise<LearntReservation[]> {
  const now = new Date().toISOString();
  const [commands, transactions] = await Promise.all([
    readReservationAnswers(database, chargePointId),
    readRecentTransactions(database, chargePointId),
  ]);
  // Only what may end those that are shown is asked for.
  const shown = foldReservations(commands, { transactions, outOfOrder: [] }, now);
  const from = shown.map(({ learntAt }) => learntAt).toSorted()[0];
  if (from === undefined) return [];
  const outOfOrder = await readOutOfOrder(database, chargePointId, from);
  return foldReservations(commands, { transactions, outOfOrder }, now);
}
