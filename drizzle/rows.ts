import type { JudgedEvent, PersistInput } from '../workflows/state/model.ts';
import { factsOf, type Facts } from './facts.ts';
import type { actorStep, chargePoint, command, connector, cursor, transaction } from './schema.ts';
import { stepRow } from './steps.ts';

/** All rows that one `persist` writes, by table. */
export interface Rows extends Facts {
  chargePoint: (typeof chargePoint.$inferInsert)[];
  connector: (typeof connector.$inferInsert)[];
  transaction: (typeof transaction.$inferInsert)[];
  command: (typeof command.$inferInsert)[];
  actorStep: (typeof actorStep.$inferInsert)[];
  cursor: (typeof cursor.$inferInsert)[];
}

/** Pure. Rows of one table are sorted by their key, and no key occurs twice within a state table. */
export function rowsOf(input: PersistInput): Rows {
  const { chargePointId } = input;
  const runs = input.runs.toSorted((a, b) => a.journal - b.journal);
  const events = runs.flatMap(({ journal, events: judged }) =>
    judged.map((one): JudgedEvent & { journal: number } => ({ ...one, journal })),
  );
  const cursors = runs.map(({ journal, upTo }) => ({ chargePointId, journal, seq: upTo }));

  return {
    ...factsOf(chargePointId, events, connectorsOf(input)),
    chargePoint: input.chargePoint
      ? [{ ...input.chargePoint, registration: input.chargePoint.registration ?? 'accepted' }]
      : [],
    connector: newestOf(input.connectors, 'connectorId', chargePointId),
    transaction: newestOf(input.transactions, 'transactionId', chargePointId),
    command: newestOf(input.commands, 'commandId', chargePointId),
    actorStep: input.step ? [stepRow(chargePointId, input.step, input.runs)] : [],
    cursor: cursors.filter(({ journal, seq }) => !cursors.some((row) => row.journal === journal && row.seq > seq)),
  };
}

/** Connector of each transaction: StopTransaction.req names none. */
function connectorsOf(input: PersistInput): Map<number, number | null> {
  return new Map(input.transactions.map(({ transactionId, connectorId }) => [transactionId, connectorId]));
}

function newestOf<Row extends { version: number }, Key extends keyof Row>(
  rows: Row[],
  key: Key,
  chargePointId: string,
): (Row & { chargePointId: string })[] {
  const newest = new Map<Row[Key], Row>();
  for (const row of rows) {
    const known = newest.get(row[key]);
    if (!known || known.version < row.version) newest.set(row[key], row);
  }
  return [...newest.values()].toSorted((a, b) => (a[key] < b[key] ? -1 : 1)).map((row) => ({ ...row, chargePointId }));
}
