import type { Breaker } from '../drizzle/breaker.ts';
import type { Database } from '../drizzle/client.ts';
import type { Writer } from '../drizzle/writer.ts';
import type { Edge } from '../src/edge/server.ts';
import type { ActorSettings } from '../workflows/state/actor.ts';
import type { Activities } from './activities.ts';
import type { IdTagPolicy } from '../src/directory/judgeIdTag.ts';
import { callStation } from './callStation.ts';
import { checkCommand } from './checkCommand.ts';
import { loadChargePoint, loadTransactions } from './load.ts';
import { persist } from './persist.ts';
import { waitForDatabase } from './waitForDatabase.ts';

/** The activities any worker runs. */
export function createActorActivities(parts: {
  database: Database;
  writer: Writer;
  breaker: Breaker;
  settings: ActorSettings;
  idTags: IdTagPolicy;
}): Pick<Activities, 'persist' | 'loadChargePoint' | 'loadTransactions' | 'checkCommand' | 'waitForDatabase'> {
  return {
    checkCommand: checkCommand(parts),
    persist: persist(parts),
    loadChargePoint: loadChargePoint(parts),
    loadTransactions: loadTransactions(parts),
    waitForDatabase: waitForDatabase(parts),
  };
}

/** The activities of the edge that holds the sockets. */
export function createEdgeActivities(edge: Edge): Pick<Activities, 'callStation' | 'isOpen'> {
  return { callStation: callStation(edge.calls), isOpen: (connection) => Promise.resolve(edge.isOpen(connection)) };
}
