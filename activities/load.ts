import type { Database } from '../drizzle/client.ts';
import { readBirth, readTransactions } from '../drizzle/queries/chargePoint.ts';
import type { ActorSettings } from '../workflows/state/actor.ts';
import type { Activities } from './activities.ts';

export function loadChargePoint(parts: { database: Database; settings: ActorSettings }): Activities['loadChargePoint'] {
  return async (chargePointId) => ({
    birth: await readBirth(parts.database, chargePointId),
    settings: parts.settings,
  });
}

export function loadTransactions({ database }: { database: Database }): Activities['loadTransactions'] {
  return (chargePointId, transactionIds) => readTransactions(database, chargePointId, transactionIds);
}
