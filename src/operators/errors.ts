/** What operators ask for and cannot have: each says what to do instead. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describeDatabaseError } from '../../drizzle/errors.ts';
import { TemporalAway } from '../temporal/connection.ts';

/** There is no such charge point. */
export class UnknownChargePoint extends Error {
  override name = 'UnknownChargePoint';
  constructor(chargePointId: string) {
    super(`no charge point "${chargePointId}" is registered or has been here`);
  }
}

/** Whether there is such a charge point only the database could tell, which is away: nothing was done. */
export class ChargePointNotKnown extends Error {
  override name = 'ChargePointNotKnown';
  constructor(chargePointId: string, cause: unknown) {
    super(
      `charge point "${chargePointId}" has no running actor, and whether it exists cannot be looked up, so nothing was ` +
        `queued: ${describeDatabaseError(cause).message}`,
      { cause },
    );
  }
}

/** Somebody else changed it, or it exists already. */
export class Changed extends Error {
  override name = 'Changed';
}

/** The charge point's actor refuses, for a reason that trying again does not change. */
export class RefusedByActor extends Error {
  override name = 'RefusedByActor';
}

/** The actors cannot be reached now, later perhaps. */
export class ActorsAway extends Error {
  override name = 'ActorsAway';
  /** Of a command that may have been queued all the same. */
  commandId: string | undefined;

  /** What asks again has to name the command, so that it is queued once. */
  repeatWith(commandId: string): ActorsAway {
    const repeated = new ActorsAway(`${this.message}; ask again with commandId "${commandId}"`, { cause: this });
    repeated.commandId = commandId;
    return repeated;
  }
}

/** What an error of a call to an actor means to who asked for it. */
export function fromActor(error: unknown): Error {
  if (error instanceof WorkflowUpdateFailedError) {
    return new RefusedByActor(error.cause?.message ?? error.message, { cause: error });
  }
  const message =
    error instanceof TemporalAway ? error.message : `Temporal or its workers do not answer: ${textOf(error)}`;
  return new ActorsAway(message, { cause: error });
}

function textOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
