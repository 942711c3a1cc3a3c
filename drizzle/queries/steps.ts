import { and, desc, eq, getTableColumns, gte, inArray, isNotNull, lte, sql } from 'drizzle-orm';
import type { StationEvent } from '../../workflows/events.ts';
import type { Database } from '../client.ts';
import { eventOf, type MessageRow } from '../messageRow.ts';
import { actorStep, deadEvent, message } from '../schema.ts';
import { instantOf, storedStep, type StoredEvents, type StoredStep } from '../steps.ts';

/** A stored step without what is in it. */
export interface StepLink {
  step: number;
  /** Null: an actor began with it. */
  previous: number | null;
  hasSnapshot: boolean;
}

/** The newest of a charge point's steps up to this one, the newest first; those beside the chain too. */
export async function listSteps(
  database: Database,
  chargePointId: string,
  upTo: number | undefined,
  limit: number,
): Promise<StepLink[]> {
  const rows = await database.run((db) =>
    db
      .select({
        at: actorStep.at,
        previous: actorStep.previous,
        hasSnapshot: sql<boolean>`${isNotNull(actorStep.snapshot)}`,
      })
      .from(actorStep)
      .where(
        and(
          eq(actorStep.chargePointId, chargePointId),
          upTo === undefined ? undefined : lte(actorStep.at, instantOf(upTo)),
        ),
      )
      .orderBy(desc(actorStep.at))
      .limit(limit),
  );
  return rows.map(({ at, previous, hasSnapshot }) => ({
    step: Date.parse(at),
    previous: previous === null ? null : Date.parse(previous),
    hasSnapshot,
  }));
}

/** @param steps ascending. @returns those that are stored, in their order */
export async function readSteps(database: Database, chargePointId: string, steps: number[]): Promise<StoredStep[]> {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return [];
  const rows = await database.run((db) =>
    db
      .select()
      .from(actorStep)
      .where(
        and(
          eq(actorStep.chargePointId, chargePointId),
          // TimescaleDB leaves out chunks by conditions on the time alone.
          gte(actorStep.at, instantOf(first)),
          lte(actorStep.at, instantOf(last)),
          inArray(actorStep.at, steps.map(instantOf)),
        ),
      )
      .orderBy(actorStep.at),
  );
  return rows.map(storedStep);
}

/** The events of these runs that are rows, by their place `<journal>:<seq>`. */
export async function readEvents(
  database: Database,
  chargePointId: string,
  runs: StoredEvents[],
): Promise<Map<string, StationEvent>> {
  const wanted = runs.map(([journal, after, upTo, from, during]) => ({
    journal,
    after,
    up_to: upTo,
    received_from: instantOf(from),
    received_to: instantOf(from + during),
  }));
  const from = Math.min(...runs.map((run) => run[3]));
  const to = Math.max(...runs.map((run) => run[3] + run[4]));
  const rows = await database.run((db) =>
    db
      .select(getTableColumns(message))
      .from(message)
      .innerJoin(
        sql`json_to_recordset(${JSON.stringify(wanted)}::json) as run (journal bigint, after bigint, up_to bigint, received_from timestamptz, received_to timestamptz)`,
        sql`${message.journal} = run.journal and ${message.seq} > run.after and ${message.seq} <= run.up_to
          and ${message.receivedAt} between run.received_from and run.received_to`,
      )
      .where(
        and(
          eq(message.chargePointId, chargePointId),
          gte(message.receivedAt, instantOf(from)),
          lte(message.receivedAt, instantOf(to)),
        ),
      ),
  );
  return new Map(rows.map((row) => [`${row.journal}:${row.seq}`, eventOf(row)]));
}

/** The events of a run whose rows the database refused, by `seq`. */
export async function readRefusedEvents(
  database: Database,
  chargePointId: string,
  [journal, after, upTo]: StoredEvents,
): Promise<Map<number, StationEvent>> {
  const rows = await database.run((db) =>
    db
      .select({ raw: deadEvent.raw })
      .from(deadEvent)
      .where(
        and(
          eq(deadEvent.chargePointId, chargePointId),
          eq(deadEvent.tableName, 'message'),
          eq(deadEvent.journal, journal),
          gte(deadEvent.seq, after + 1),
          lte(deadEvent.seq, upTo),
        ),
      ),
  );
  return new Map(
    rows.map(({ raw }) => {
      const event = eventOf(JSON.parse(raw) as MessageRow);
      return [event.seq, event];
    }),
  );
}
