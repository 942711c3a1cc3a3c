import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { workflowId } from '../src/temporal/actors.ts';
import type { Load } from './load.ts';
import type { System } from './system.ts';

/** Of stations that differ, so many. */
const KEPT = 5;

/** Writes down what the actors of stations that differ know, what has happened to them, and what the stations received. */
export async function keepEvidence(
  system: System,
  { scenario, mode, seed, differences }: { scenario: string; mode: string; seed: number; differences: string[] },
  load: Load,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const named = new Set(differences.flatMap((text) => text.split(/[:,]?\s+/)));
  const different = load.stations.filter(({ chargePointId }) => named.has(chargePointId));
  for (const { chargePointId, received, connects } of different.slice(0, KEPT)) {
    const handle = system.client.workflow.getHandle(workflowId(chargePointId));
    const state = await handle.query('state').catch(String);
    const history = await handle.fetchHistory().then(historyToJSON, String);
    const messages = await system.sql`
      SELECT * FROM message WHERE charge_point_id = ${chargePointId} ORDER BY received_at, journal, seq`.catch(String);
    const file = path.join(directory, `${scenario}-${mode}-${seed}-${chargePointId}.json`);
    const evidence = { differences, chargePointId, connects, received, state, messages, history };
    await writeFile(file, JSON.stringify(evidence, null, 2));
  }
}
