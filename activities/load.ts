import type { Database } from '../drizzle/client.ts';
import { readBirths, readTransactions } from '../drizzle/queries/chargePoint.ts';
import type { ActorSettings } from '../workflows/state/actor.ts';
import type { Birth } from '../workflows/state/model.ts';
import type { Activities } from './activities.ts';

/** Births in one statement: few enough for it to stay far below the database's deadline. */
const BIRTHS_MOST = 50;

/** After a restart thousands of actors are born at once: while one statement is under way the next births gather. */
export function loadChargePoint(parts: { database: Database; settings: ActorSettings }): Activities['loadChargePoint'] {
  const { database, settings } = parts;
  let waiting: { chargePointId: string; resolve: (birth: Birth) => void; reject: (error: unknown) => void }[] = [];
  let working = false;

  const work = async () => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, BIRTHS_MOST);
      waiting = waiting.slice(BIRTHS_MOST);
      try {
        const births = await readBirths(
          database,
          group.map(({ chargePointId }) => chargePointId),
        );
        for (const [i, birth] of births.entries()) group[i]?.resolve(birth);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    working = false;
  };

  return async (chargePointId) => {
    const birth = await new Promise<Birth>((resolve, reject) => {
      waiting.push({ chargePointId, resolve, reject });
      if (working) return;
      working = true;
      void Promise.resolve().then(work);
    });
    return { birth, settings };
  };
}

export function loadTransactions({ database }: { database: Database }): Activities['loadTransactions'] {
  return (chargePointId, transactionIds) => readTransactions(database, chargePointId, transactionIds);
}
