/**
 * The durable actor of one charge point; workflow id `charge-point/<id>`.
 *
 * Handlers only push, one loop drains: reduce, persist, send what is due, repeat. Only the loop changes the state.
 */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  sleep,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import { changesOfRun, type HasChange } from './changes.ts';
import { details } from './details.ts';
import { Edges } from './edges.ts';
import type { EventBatch } from './events.ts';
import { installHandlers } from './handlers.ts';
import { searchAttributesOf } from './searchAttributes.ts';
import * as actor from './state/actor.ts';
import * as commands from './state/commands.ts';
import { newest, registrationOn, spokenOn, takesCallsAt, unknownSpokenOn } from './state/connections.ts';
import type { Input } from './state/inputs.ts';
import type { Command } from './state/model.ts';
import { begin, carriedSteps, finish, resume, take, unfinished, type Course, type Steps } from './state/steps.ts';

/** What a run hands to the next one: its state and everything that has arrived and is not reduced yet. */
export interface Carried {
  state: actor.ActorState;
  inbox: EventBatch[];
  requests: commands.CommandRequest[];
  /** Absent where there is no step yet. */
  steps?: Steps;
  /** The run before was cancelled, and came to its limit before it could end. */
  retiring?: true;
}

/** History length at which a run hands over to the next: far below Temporal's limits of events and signals per run. */
const HISTORY_MOST = 1_000;
/** Events reduced and persisted in one go. */
const DRAIN_MOST = 200;
/** Inputs that changed no row and wait for the next step that does. */
const PENDING_MOST = 50;
/** A connection that said nothing for so long is checked with its edge (heartbeats ride along every 15 minutes). */
const SILENCE_MS = 20 * 60_000;
/** Actors born together do not look at their rows again together: what comes earlier brings the look with it. */
const LATE_LOOK_MS = { least: 5 * 60_000, most: 15 * 60_000 };
/**
 * A run that is to end waits until nothing has come for so long. Temporal refuses to end one that was sent something
 * meanwhile, and has its whole history replayed: for a busy station that could go on and on.
 */
const QUIET_MS = 300;
/** The database disagrees with an actor only where nothing was stored for so long: otherwise the edge looked too early. */
const DOUBT_MS = 8_000;

const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '7s', retry: { maximumAttempts: 1 } });
const { waitForDatabase } = proxyActivities<Activities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '10s' },
  summary: 'database away • waiting until it answers',
});

export async function chargePoint(carried?: Carried): Promise<void> {
  const has = changesOfRun();
  const chargePointId = workflowInfo().workflowId.replace(/^charge-point\//, '');
  const inbox: EventBatch[] = carried?.inbox ?? [];
  const requests: commands.CommandRequest[] = carried?.requests ?? [];
  /** What comes from beside the loop (a CALL that was not sent, an edge that is gone), applied by it. */
  const reports: Input[] = [];
  /** Who waits until what they reported is stored. */
  const waiters: (() => void)[] = [];
  let awaited = false;
  let course: Course | undefined = carried && resume(actor.migrate(carried.state), carried.steps);
  let retiring = carried?.retiring ?? false;
  let storedAt = 0;
  const lateLook = has('late-look') ? LATE_LOOK_MS.least + Math.random() * (LATE_LOOK_MS.most - LATE_LOOK_MS.least) : 0;
  let alarm: { at: number; scope: CancellationScope } | undefined;
  let rang = false;

  const edges = new Edges({
    chargePointId,
    has,
    state: () => (course as Course).state,
    reported: (input) => reports.push(input),
    wake: () => (rang = true),
  });
  const now = () => new Date().toISOString();
  installHandlers({
    course: () => course,
    received: (batch) => inbox.push(batch),
    requested: (request) => requests.push(request),
    reported: (input) => reports.push(input),
    settled(input) {
      reports.push(input);
      awaited = true;
      return new Promise((resolve) => waiters.push(resolve));
    },
  });

  // Cancel means retire in order: a cancelled scope would lose what was accepted, so a flag ends the loop when it is idle.
  CancellationScope.current().cancelRequested.catch(() => (retiring = true));
  await CancellationScope.nonCancellable(run);

  async function run(): Promise<void> {
    course ??= await rebirth();
    const waiting = () => inbox.length + requests.length + reports.length;
    if (waiting() === 0 || !has('shown-once')) show();
    for (;;) {
      const current = course.state;
      wakeAt(Math.min(actor.nextTick(current), nextLook(current), nextSend(current), nextSilence(current)));
      const leaving = () => (retiring || actor.isRetired(current)) && !edges.isOffering && !isAwaited();
      await condition(() => waiting() > 0 || rang || leaving() || handOver());
      rang = false;
      if (handOver()) await continueAsNew<typeof chargePoint>(handedOver(course));
      const isQuiet = leaving() && waiting() === 0;
      if (isQuiet && isUnsettled(current) && has('ends-settled')) {
        await condition(() => waiting() > 0 || rang || handOver());
        if (handOver()) continue;
      } else if (isQuiet) {
        if (actor.isRetired(current) && commands.pending(current.commands).length > 0 && has('leaves-nothing')) {
          await persist(take(course, { kind: 'left', at: now() }));
          continue;
        }
        if (!retiring) return;
        if (has('ends-quietly') && (await condition(() => waiting() > 0, QUIET_MS))) continue;
        // Nobody asked for the end of this very run: Temporal would call it failed.
        if (carried?.retiring) return;
        throw new CancelledFailure('retired: the station gets a new actor when it speaks again');
      }
      await drain(course);
      send();
      checkSilence();
      show();
    }
  }

  /** Something under way will be told, which an actor that is born of the rows would not know how to take. */
  function isUnsettled(current: actor.ActorState): boolean {
    if (retiring && commands.isAnyOffered(current.commands)) return true;
    return actor.isRetired(current) && current.ahead !== undefined;
  }

  /** Only where somebody has waited: to every other handler the loop's next turn comes too soon to have finished. */
  function isAwaited(): boolean {
    return awaited && !allHandlersFinished();
  }

  /** Decided before draining, the queue carried along: at a steady stream of signals an empty queue never comes. */
  function handOver(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const open = edges.isOffering || edges.isAsking || reports.length > 0 || isAwaited();
    return !open && (historyLength > HISTORY_MOST || continueAsNewSuggested);
  }

  function handedOver(from: Course): Carried {
    const steps = carriedSteps(from);
    return {
      state: { ...from.state, reducers: 5 },
      inbox,
      requests,
      ...(steps ? { steps } : {}),
      ...(retiring ? { retiring } : {}),
    };
  }

  async function drain(from: Course): Promise<void> {
    let next = from;
    const told = waiters.splice(0);
    const reported = reports.splice(0);
    for (const input of reported) next = take(next, input);
    if (requests.length > 0) {
      const checked = await Promise.all(requests.splice(0).map(checkedRequest));
      for (const request of checked) next = take(next, { kind: 'requested', request });
    }
    let taken = 0;
    while (inbox.length > 0 && taken < DRAIN_MOST) {
      const batch = inbox.shift() as EventBatch;
      const fit = actor.follows(next.state, batch);
      if (fit === 'seen' && (!batch.redelivered || Date.now() - storedAt < DOUBT_MS)) continue;
      if (fit !== 'next') {
        // Somebody lost something: this actor, the edge, or the database. What was reduced is stored first, then the
        // database says where the station stands.
        await persist(next);
        next = await rebirth(course);
        const again = actor.follows(next.state, batch);
        if (again === 'seen' || (again === 'gap' && !batch.redelivered)) continue;
      }
      if (batch.ahead && has('ahead')) next = take(next, { kind: 'ahead', ahead: batch.ahead, at: now() });
      const connections = spokenOn(next.state, batch);
      if (connections.length > 0 && has('reopened')) next = take(next, { kind: 'reopened', connections });
      const unknown = unknownSpokenOn(next.state, batch);
      if (unknown.length > 0 && has('unknown-connection')) {
        next = take(next, { kind: 'reopened', connections: [], unknown });
      }
      next = await withUnknownTransactions(next, batch);
      next = take(next, { kind: 'events', batch });
      taken += batch.events.length;
    }
    if (actor.nextLook(next.state) <= Date.now()) next = await withAdopted(next);
    await persist(take(next, { kind: 'tick', now: Date.now() }));
    // An actor that was born again meanwhile does not know of them.
    const lost = reported.filter((input) => input.kind === 'cancelled' && isOfUse(input.commandId));
    if (lost.length > 0) await persist(lost.reduce(take, course!));
    for (const done of told) done();
  }

  /** Whether there is something to cancel. */
  function isOfUse(commandId: string): boolean {
    const { commands: queue } = course!.state;
    if (commands.isQueued(queue, commandId)) return true;
    return queue.some((c) => c.commandId === commandId && commands.isFollowed(c)) && has('of-one');
  }

  /** What the schemas and the database say of it: too large for this sandbox, or out of its reach. */
  async function checkedRequest(request: commands.CommandRequest): Promise<commands.CommandRequest> {
    const secret = commands.secretIn(request);
    // Nothing of it is kept.
    if (secret && has('of-one')) return { ...withoutPayload(request), refusal: secret };
    const { action, options } = request;
    const payload = commands.payloadOf(request);
    if (payload === undefined || !has('checked-requests')) return request;
    const further = [...(options?.otherwise ?? []), ...(options?.next ?? [])];
    const asked = [{ action, payload, ...(options ? { options } : {}) }, ...further];
    try {
      const found = await Promise.all(asked.map((one) => local.checkCommand({ chargePointId, ...one })));
      return commands.judged(request, found);
    } catch (error) {
      // The edge looks at it again before it leaves.
      if (error instanceof TemporalFailure) return request;
      throw error;
    }
  }

  /** One SQL transaction with rows, cursors and step; repeated, small and patiently, until the database has it. */
  async function persist(next: Course): Promise<void> {
    const { course: after, due, stored } = finish(next, Date.now());
    if (due || (stored.step.inputs.length > PENDING_MOST && has('inputs-alone'))) {
      const persisted = await untilStored(() => local.persist({ chargePointId, ...stored }));
      if (due) storedAt = Date.now();
      course = after;
      if (persisted === 'behind') course = await rebirth(course);
      if (persisted === 'lacking') await persist(take(begin(course.state, course.steps.last), { kind: 'storedAgain' }));
    } else {
      course = unfinished(next);
    }
  }

  /** State as the database has it; what only the actor knows (the newest events in words) is kept. */
  async function rebirth(old?: Course): Promise<Course> {
    const { birth, settings } = await untilStored(() => local.loadChargePoint(chargePointId));
    const isNew = has('second-look');
    const fresh = {
      ...actor.born(chargePointId, birth, settings),
      recent: old?.state.recent ?? [],
      ...(isNew ? { reducers: reducersOf(has) } : {}),
      ...(isNew && birth.chargePoint ? { bornAt: Date.now() } : {}),
    };
    const known = old?.state.commands ?? [];
    const sent = commands.knownSent(fresh.commands, known);
    if (sent.length > 0 && has('sent-stays-sent')) fresh.commands = commands.replaced(fresh.commands, sent);
    const offered = commands.offeredBefore(fresh.commands, known);
    if (offered.length > 0 && has('sent-once')) {
      course = begin({ ...fresh, commands: commands.replaced(fresh.commands, offered) }, old?.steps.last);
      for (const command of offered) edges.settle(command);
    } else {
      course = begin({ ...fresh, commands: commands.replaced(fresh.commands, offered, 'queued') }, old?.steps.last);
    }
    return course;
  }

  async function withUnknownTransactions(next: Course, batch: EventBatch): Promise<Course> {
    const ids = actor.unknownTransactions(next.state, batch);
    if (ids.length === 0) return next;
    const transactions = await untilStored(() => local.loadTransactions(chargePointId, ids));
    return transactions.length === 0 ? next : take(next, { kind: 'loaded', transactions });
  }

  async function withAdopted(next: Course): Promise<Course> {
    const { birth } = await untilStored(() => local.loadChargePoint(chargePointId));
    const missed = commands.unknown(next.state.commands, birth.commands);
    for (const command of missed) if (command.state === 'dispatching') edges.settle(command);
    return take(next, { kind: 'adopted', commands: missed });
  }

  /** Waiting for a database that is away happens in an activity that carries no rows. */
  async function untilStored<T>(step: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await step();
      } catch (error) {
        // A local activity's failure comes bare, or wrapped in an ActivityFailure.
        if (!(error instanceof TemporalFailure)) throw error;
        await waitForDatabase(attempt);
      }
    }
  }

  function nextSend(current: actor.ActorState): number {
    const connection = newest(current.connections);
    if (!connection || edges.isOffering || !nextCommand(current)) return Infinity;
    // The next actor's: what this one offered, and did not hear of, rows do not tell.
    if (retiring && has('ends-settled')) return Infinity;
    return Math.max(edges.notBefore, takesCallsAt(connection));
  }

  function nextCommand(current: actor.ActorState): Command | undefined {
    const queue = current.commands;
    if (!queue.some(({ state }) => state === 'queued')) return undefined;
    const registration = registrationOn(current);
    const next = commands.nextToSend(queue, registration);
    const alsoEnded = next !== commands.nextToSend(queue, registration, { alsoEnded: true }) && !has('ended-is-over');
    const urgent = alsoEnded ? commands.nextToSend(queue, registration, { alsoEnded }) : next;
    const inOrder = commands.nextToSend(queue, registration, { alsoEnded, inOrder: true });
    return urgent === inOrder || !has('urgent-first') ? inOrder : urgent;
  }

  /** Offers the command whose turn it is to the edge that holds the socket; beside the loop, never in it. */
  function send(): void {
    const { state: current } = course as Course;
    const connection = newest(current.connections);
    const command = nextCommand(current);
    if (!connection || !command || nextSend(current) > Date.now()) return;
    const { commandId } = command;
    course = take(course as Course, { kind: 'dispatched', commandId, connection: connection.connection });
    edges.offer(connection, command);
  }

  function nextLook(current: actor.ActorState): number {
    return actor.nextLook(current) + lateLook;
  }

  function nextSilence(current: actor.ActorState): number {
    if (current.connections.length === 0 || edges.isAsking) return Infinity;
    return Date.parse(current.chargePoint.lastSeenAt ?? now()) + SILENCE_MS;
  }

  /** Asks the edges of a silent station whether they still hold its sockets: an edge may never have come back. */
  function checkSilence(): void {
    const { state: current } = course as Course;
    if (nextSilence(current) <= Date.now()) void edges.askAll(current.connections);
  }

  /** One lasting timer, replaced only by an earlier one: a timer per turn of the loop would double the history. */
  function wakeAt(at: number): void {
    if (at === Infinity || (alarm && alarm.at <= at)) return;
    alarm?.scope.cancel();
    const scope = new CancellationScope({ cancellable: true });
    const mine = { at, scope };
    alarm = mine;
    scope
      .run(() => sleep(Math.max(1, at - Date.now())))
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      })
      .finally(() => {
        if (alarm !== mine) return;
        alarm = undefined;
        rang = true;
      });
  }

  function show(): void {
    const { state: current } = course as Course;
    setCurrentDetails(details(current));
    const changed = searchAttributesOf(current.chargePoint, workflowInfo().typedSearchAttributes);
    if (changed.length > 0) upsertSearchAttributes(changed);
  }
}

function withoutPayload({ options: _options, ...request }: commands.CommandRequest): commands.CommandRequest {
  return { ...request, payload: null };
}

function reducersOf(has: HasChange): actor.ActorState['reducers'] {
  if (has('of-one')) return 5;
  return has('not-itself') ? 4 : 3;
}
