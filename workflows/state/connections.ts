/**
 * The open connections of a charge point, and what follows from them for its presence, its commands and its transactions.
 * An edge that ends in order says so itself; of one that does not, others do, and may be mistaken: such a connection is
 * doubted, and open again as soon as the station speaks on it.
 */
import type { Ahead, Connected, Disconnected, EventBatch, Instant, Registration } from '../events.ts';
import type { ActorState } from './actor.ts';
import type { Connection } from './model.ts';
import * as outcomes from './outcomes.ts';
import { presence } from './presence.ts';
import { presenceChanged } from './transactions.ts';

/** A connection that has not booted gets no CALL in its first seconds: some stations drop the socket (evcc-io/evcc#25069). */
const BOOT_WAIT_MS = 10_000;
const DOUBTED_KEPT = 5;

export function connected(state: ActorState, event: Connected, journal: number): ActorState {
  if (event.seq <= (state.ahead?.[journal] ?? 0)) return state;
  return withConnections(state, opened(state.connections, event, journal), event.receivedAt);
}

export function disconnected(state: ActorState, event: Disconnected, journal: number): ActorState {
  const { connection, receivedAt } = event;
  // Not its own journal's word: a later boot of its edge says so, or a copy of that edge's folder.
  if (!connection.startsWith(`${journal}-`)) {
    return connectionGone(state, connection, receivedAt, !isOfOlderCopy(state, event));
  }
  return connectionEnded(withoutDoubt(state, connection), connection, receivedAt, true);
}

/**
 * Takes over which connections of the station its edge holds, before their events come. `at`: when it was heard.
 * Commands are not touched: what became of them is told by the events.
 */
export function lookedAhead(state: ActorState, ahead: Ahead, at: Instant): ActorState {
  const connections = asToldAhead(state.connections, ahead);
  const since = connections.at(-1)?.openedAt ?? at;
  const next =
    connections === state.connections ? state : withConnections(asBack(state, connections), connections, since);
  const upTo = Object.entries(ahead.upTo).filter(([journal, seq]) => seq > (next.cursors[journal] ?? 0));
  return upTo.length === 0 ? next : { ...next, ahead: { ...next.ahead, ...Object.fromEntries(upTo) } };
}

/** All connections that it had have ended, and it is back: it was offline, though nobody saw it. */
function asBack(state: ActorState, connections: Connection[]): ActorState {
  const [first] = connections;
  const isSame = connections.some((c) => state.connections.some(({ connection }) => connection === c.connection));
  if ((state.reducers ?? 0) < 3 || !first || isSame || !state.chargePoint.online) return state;
  return { ...state, chargePoint: { ...state.chargePoint, onlineSince: first.openedAt } };
}

/** The station speaks on connections that were taken for ended: their edge was only slow, or a copy of its folder said so. */
export function reopened(state: ActorState, connections: string[], unknown: Connection[] = []): ActorState {
  const open = [...unknown, ...(state.doubted ?? []).filter((c) => connections.includes(c.connection))];
  const doubted = (state.doubted ?? []).filter((c) => !connections.includes(c.connection));
  if (open.length === 0) return state;
  return withConnections({ ...state, doubted }, [...open, ...state.connections], open[0]!.openedAt);
}

/** Which doubted connections a batch's messages came on. */
export function spokenOn(state: ActorState, batch: EventBatch): string[] {
  const doubted = (state.doubted ?? []).filter((c) => c.journal === batch.journal).map((c) => c.connection);
  if (doubted.length === 0) return [];
  const cursor = state.cursors[batch.journal] ?? 0;
  const ended = new Set<string>();
  const spoken = new Set<string>();
  for (const { seq, kind, connection } of batch.events) {
    if (kind === 'disconnected') ended.add(connection);
    if (kind === 'message' && seq > cursor && !ended.has(connection)) spoken.add(connection);
  }
  return doubted.filter((connection) => spoken.has(connection));
}

/**
 * Connections that a batch's messages came on, and that are neither open nor doubted: the actor was born of rows that
 * somebody else had closed. What the edge has told ahead is newer than such messages.
 */
export function unknownSpokenOn(state: ActorState, batch: EventBatch): Connection[] {
  const { journal, events } = batch;
  const from = Math.max(state.cursors[journal] ?? 0, state.ahead?.[journal] ?? 0);
  const known = new Set([...state.connections, ...(state.doubted ?? [])].map((c) => c.connection));
  const spoken = new Map<string, Connection>();
  for (const { seq, kind, connection, receivedAt } of events) {
    if (kind === 'connected') known.add(connection);
    if (kind === 'disconnected') spoken.delete(connection);
    if (kind !== 'message' || seq <= from || known.has(connection) || !connection.startsWith(`${journal}-`)) continue;
    // The task queue of an edge is named after its journal.
    const open = { connection, journal, taskQueue: `edge-${journal}`, openedAt: receivedAt, booted: true };
    if (!spoken.has(connection)) spoken.set(connection, open);
  }
  return [...spoken.values()];
}

/** Events of the connection's journal have been seen that whoever says so does not know: `callSent` may be among the lost. */
function isOfOlderCopy({ reducers, cursors }: ActorState, { connection, lastKnown }: Disconnected): boolean {
  const openedIn = connection.slice(0, connection.indexOf('-'));
  return (reducers ?? 0) >= 3 && lastKnown !== undefined && (cursors[openedIn] ?? 0) > lastKnown;
}

/** Removes a connection that another than its own edge says has ended; `told`: having read all that its edge wrote. */
export function connectionGone(state: ActorState, connection: string, at: Instant, told: boolean): ActorState {
  const gone = state.connections.filter((c) => c.connection === connection);
  const doubted = [...(state.doubted ?? []), ...gone].slice(-DOUBTED_KEPT);
  return connectionEnded(gone.length > 0 ? { ...state, doubted } : state, connection, at, told);
}

/** What is still known ahead once the events up to the cursors have come. */
export function stillAhead(ahead: ActorState['ahead'], cursors: Record<string, number>): Pick<ActorState, 'ahead'> {
  if (!ahead) return {};
  const left = Object.entries(ahead).filter(([journal, seq]) => seq > (cursors[journal] ?? 0));
  return { ahead: left.length > 0 ? Object.fromEntries(left) : undefined };
}

/** The station has booted on it; accepted, it knows that it is. */
export function booted(connections: Connection[], connection: string, isAccepted: boolean): Connection[] {
  return connections.map((c) => {
    if (c.connection !== connection) return c;
    const { unaccepted, ...rest } = c;
    if (unaccepted && isAccepted) return { ...rest, booted: true };
    return c.booted ? c : { ...c, booted: true };
  });
}

/** Accepted by an operator, the station does not know it on these until it has booted once more. */
export function asUnaccepted(connections: Connection[]): Connection[] {
  return connections.map((c) => ({ ...c, unaccepted: true }));
}

/** What the station takes itself for on the connection that gets its CALLs (OCPP 1.6 §4.2). */
export function registrationOn({
  connections,
  chargePoint: { registration },
}: Pick<ActorState, 'connections' | 'chargePoint'>): Registration | null {
  return registration === 'accepted' && newest(connections)?.unaccepted ? 'pending' : registration;
}

/** The connection that gets the station's CALLs: the newest by arrival. */
export function newest(connections: Connection[]): Connection | undefined {
  return connections.at(-1);
}

/** When a connection takes CALLs: at once after its boot, else 10 s after it was opened. Milliseconds since 1970. */
export function takesCallsAt(connection: Connection): number {
  return connection.booted ? 0 : Date.parse(connection.openedAt) + BOOT_WAIT_MS;
}

function connectionEnded(state: ActorState, connection: string, at: Instant, told: boolean): ActorState {
  return withConnections(state, closed(state.connections, connection), at, {
    commands: outcomes.connectionEnded(state.commands, connection, at, told),
  });
}

function withConnections(
  state: ActorState,
  connections: Connection[],
  at: Instant,
  changed: Partial<ActorState> = {},
): ActorState {
  const chargePoint = presence(state.chargePoint, connections, at);
  const transactions = presenceChanged(state.transactions, state.chargePoint, chargePoint);
  return { ...state, ...changed, connections, chargePoint, transactions };
}

function withoutDoubt(state: ActorState, connection: string): ActorState {
  if (!state.doubted?.some((c) => c.connection === connection)) return state;
  return { ...state, doubted: state.doubted.filter((c) => c.connection !== connection) };
}

function opened(connections: Connection[], event: Connected, journal: number): Connection[] {
  if (connections.some((c) => c.connection === event.connection)) return connections;
  const { connection, taskQueue, receivedAt } = event;
  return [...connections, { connection, journal, taskQueue, openedAt: receivedAt, booted: false }];
}

/** Removes the event's own connection only: no clocks are compared between edges. */
function closed(connections: Connection[], connection: Disconnected['connection']): Connection[] {
  return connections.some((c) => c.connection === connection)
    ? connections.filter((c) => c.connection !== connection)
    : connections;
}

/** Of an edge's journals exactly those that it says are open, those of other edges as they were. */
function asToldAhead(connections: Connection[], { upTo, open }: Ahead): Connection[] {
  const still = new Set(open.map((c) => c.connection));
  const kept = connections.filter((c) => still.has(c.connection) || !(String(c.journal) in upTo));
  const known = new Set(kept.map((c) => c.connection));
  const fresh = open.filter((c) => !known.has(c.connection)).map((c) => ({ ...c, booted: false }));
  return fresh.length === 0 && kept.length === connections.length ? connections : [...kept, ...fresh];
}
