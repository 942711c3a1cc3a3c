/** What a charge point's actor, and the database, make of what its edge has journalled: without servers. */
import { factsOf, type Facts } from '../../drizzle/facts.ts';
import { asked, born, reduceBatch, tick, type ActorState } from '../../workflows/state/actor.ts';
import type { Command, JudgedEvent, Transaction } from '../../workflows/state/model.ts';
import type { TestEdge } from '../edge/edge.ts';

const GRACE_MS = 15 * 60_000;

/** The actor after all that the station has said. */
export function actorOf(edge: TestEdge, chargePointId: string): { state: ActorState; judged: JudgedEvent[] } {
  return reduceBatch(born(chargePointId, UNKNOWN, { transactionEndGraceMs: GRACE_MS }), {
    journal: 1,
    after: 0,
    events: edge.events(chargePointId),
  });
}

export function transactionOf(edge: TestEdge, chargePointId: string, transactionId: number): Transaction | undefined {
  return actorOf(edge, chargePointId).state.transactions[transactionId];
}

/** The actor a quarter of an hour later: what looked like an end has become one. */
export function afterGrace(edge: TestEdge, chargePointId: string): ActorState {
  return tick(actorOf(edge, chargePointId).state, Date.now() + GRACE_MS + 1_000);
}

/** The command as the actor has it that was asked for it, `ms` from now. */
export function commandAfter(
  edge: TestEdge,
  chargePointId: string,
  request: Pick<Command, 'commandId' | 'action' | 'payload'>,
  ms = 0,
): Command {
  const events = edge.events(chargePointId);
  const requestedAt = events[0]!.receivedAt;
  const unborn = born(chargePointId, UNKNOWN, { transactionEndGraceMs: GRACE_MS });
  const waiting = asked(unborn, { ...request, via: 'update', requestedBy: null, requestedAt });
  const { state } = reduceBatch(waiting, { journal: 1, after: 0, events });
  return tick(state, Date.now() + ms).commands.find(({ commandId }) => commandId === request.commandId)!;
}

/** The rows that the database is given. */
export function factsFrom(edge: TestEdge, chargePointId: string): Facts {
  const { state, judged } = actorOf(edge, chargePointId);
  const connectors = new Map(Object.values(state.transactions).map((t) => [t.transactionId, t.connectorId]));
  return factsOf(
    chargePointId,
    judged.map((each) => ({ ...each, journal: 1 })),
    connectors,
  );
}

const UNKNOWN = {
  chargePoint: null,
  cursors: {},
  openConnections: [],
  connectors: [],
  transactions: [],
  commands: [],
  heard: [],
  version: 0,
};
