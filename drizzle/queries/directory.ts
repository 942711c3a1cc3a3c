import type { Database } from '../client.ts';
import { findIdTags, readIdTagChanges, readIdTagPage } from './idTags.ts';
import { findChargePoints, readChargePointChanges, readChargePointPage } from './registrations.ts';

/** How an edge's directory reads its two tables. */
export function directoryReads(database: Database) {
  return {
    findIdTags: (keys: string[]) => findIdTags(database, keys),
    readIdTagPage: (after: string | null, limit: number) => readIdTagPage(database, after, limit),
    readIdTagChanges: (since: string | null) => readIdTagChanges(database, since),
    findChargePoints: (chargePointIds: string[]) => findChargePoints(database, chargePointIds),
    readChargePointPage: (after: string | null, limit: number) => readChargePointPage(database, after, limit),
    readChargePointChanges: (since: string | null) => readChargePointChanges(database, since),
  };
}
