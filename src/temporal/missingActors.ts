import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../../drizzle/client.ts';
import { silentChargePoints } from '../../drizzle/queries/chargePoints.ts';
import { openCommands, type CommandKey, type OpenCommand } from '../../drizzle/queries/commands.ts';
import { dueAt } from '../../workflows/state/outcomes.ts';
import type { Actors } from './actors.ts';

const EVERY_MS = 30_000;
/** What an actor does at its time, it has done and stored by then. */
const LATE_MS = 15_000;
/** Longer than actors wait before they ask the edge of a station that says nothing. */
const SILENT_MS = 30 * 60_000;
/** Many may be missing at a time (Temporal's store was lost): stations' own events come first. */
const PAUSE_MS = 20;
const PAGE = 1_000;

export interface MissingActorsParts {
  database: Database;
  /** Throws `TemporalAway` while there is no link. */
  actors: () => Actors;
  /** Whether a server is known to be away: then nothing is looked for. */
  down: () => boolean;
  log: Logger;
}

/**
 * Starts actors that are missing where something waits for them. One that was cancelled, terminated or lost with
 * Temporal's store is born again with its station's next word; where that does not come, commands would not expire, and a
 * station whose edge is gone as well would stay online for ever. What is to be done is the actor's to decide.
 *
 * @returns stops it
 */
export function watchForMissingActors(parts: MissingActorsParts): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watching = (async () => {
    for (;;) {
      await sleep(EVERY_MS, undefined, { signal, ref: false });
      if (parts.down()) continue;
      try {
        await startMissing(parts, signal);
      } catch (error) {
        if (!signal.aborted) parts.log.debug({ err: error }, 'could not look for missing actors: trying again');
      }
    }
  })().catch(() => undefined);
  return () => {
    stopping.abort();
    return watching;
  };
}

async function startMissing({ database, actors }: MissingActorsParts, signal: AbortSignal): Promise<void> {
  for await (const chargePointId of awaited(database)) {
    // Nothing where it runs.
    await actors().start(chargePointId);
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Charge points whose actor has something to do that it has not done. */
async function* awaited(database: Database): AsyncGenerator<string> {
  const now = Date.now();
  let after: CommandKey | undefined;
  let last: string | undefined;
  do {
    const page = await openCommands(database, { after, limit: PAGE });
    for (const command of page) {
      if (command.chargePointId === last || !isAwaited(command, now)) continue;
      yield (last = command.chargePointId);
    }
    after = page.length < PAGE ? undefined : page.at(-1);
  } while (after);
  yield* await silentChargePoints(database, new Date(now - SILENT_MS).toISOString(), PAGE);
}

/** It should have ended, or its turn may have come: its station is there, or will never be again. */
function isAwaited(command: OpenCommand, now: number): boolean {
  const late = (instant: string) => Date.parse(instant) < now - LATE_MS;
  if (late(dueAt(command))) return true;
  const waits = command.state === 'queued' || command.state === 'dispatching';
  return late(command.requestedAt) && (command.retired || (command.online && waits));
}
