/**
 * The durable actor of one charge point; workflow id `charge-point/<id>`.
 *
 * Handlers only push, one loop drains: reduce, persist, send what is due, repeat. Only the loop changes the state.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  sleep,
  TemporalFailure,
  TimeoutFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import { details } from './details.ts';
import type { EventBatch } from './events.ts';
import { installHandlers } from './handlers.ts';
import { searchAttributesOf } from './searchAttributes.ts';
import * as actor from './state/actor.ts';
import * as commands from './state/commands.ts';
import { newest, spokenOn, takesCallsAt } from './state/connections.ts';
import type { Input } from './state/inputs.ts';
import type { Command, Connection } from './state/model.ts';
import { begin, carriedSteps, finish, resume, take, unfinished, type Course, type Steps } from './state/steps.ts';

/** What a run hands to the next one: its state and everything that has arrived and is not reduced yet. */
export interface Carried {
  state: actor.ActorState;
  inbox: EventBatch[];
  requests: commands.CommandRequest[];
  /** Absent where there is no step yet. */
  steps?: Steps;
}

/** History length at which a run hands over to the next: far below Temporal's limits of events and signals per run. */
const HISTORY_MOST = 1_000;
/** Events reduced and persisted in one go. */
const DRAIN_MOST = 200;
/** Inputs that changed no row and wait for the next step that does. */
const PENDING_MOST = 50;
/** A connection that said nothing for so long is checked with its edge (heartbeats ride along every 15 minutes). */
const SILENCE_MS = 20 * 60_000;
/** The database disagrees with an actor only where nothing was stored for so long: otherwise the edge looked too early. */
const DOUBT_MS = 8_000;
/** Wait after the edge refused a CALL before it is offered again. */
const RETRY_SEND_MS = 2_000;
/** Offers of one CALL to the same edge, where it is not known what came of the one before. */
const OFFERS_MOST = 10;

const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '7s', retry: { maximumAttempts: 1 } });
const { waitForDatabase } = proxyActivities<Activities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '10s' },
  summary: 'database away • waiting until it answers',
});

export async function chargePoint(carried?: Carried): Promise<void> {
  const chargePointId = workflowInfo().workflowId.replace(/^charge-point\//, '');
  const inbox: EventBatch[] = carried?.inbox ?? [];
  const requests: commands.CommandRequest[] = carried?.requests ?? [];
  /** What comes from beside the loop (a CALL that was not sent, an edge that is gone), applied by it. */
  const reports: Input[] = [];
  let course: Course | undefined = carried && resume(actor.migrate(carried.state), carried.steps);
  let retiring = false;
  /** Commands being offered to an edge. */
  const sending = new Set<string>();
  let sendNotBefore = 0;
  let storedAt = 0;
  /** Connections whose edges are being asked whether they still hold them. */
  let asking = 0;
  let alarm: { at: number; scope: CancellationScope } | undefined;
  let rang = false;

  const now = () => new Date().toISOString();
  installHandlers({
    course: () => course,
    received: (batch) => inbox.push(batch),
    requested: (request) => requests.push(request),
    reported: (input) => reports.push(input),
  });

  // Cancel means retire in order: a cancelled scope would lose what was accepted, so a flag ends the loop when it is idle.
  CancellationScope.current().cancelRequested.catch(() => (retiring = true));
  await CancellationScope.nonCancellable(run);

  async function run(): Promise<void> {
    course ??= await rebirth();
    show();
    for (;;) {
      const current = course.state;
      wakeAt(Math.min(actor.nextTick(current), nextSend(current), nextSilence(current)));
      const waiting = () => inbox.length + requests.length + reports.length;
      const leaving = () => (retiring || actor.isRetired(current)) && sending.size === 0;
      await condition(() => waiting() > 0 || rang || leaving() || handOver());
      rang = false;
      if (handOver()) await continueAsNew<typeof chargePoint>(handedOver(course));
      if (leaving() && waiting() === 0) {
        if (!retiring) return;
        throw new CancelledFailure('retired: the station gets a new actor when it speaks again');
      }
      await drain(course);
      send();
      checkSilence();
      show();
    }
  }

  /** Decided before draining, the queue carried along: at a steady stream of signals an empty queue never comes. */
  function handOver(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const open = sending.size > 0 || asking > 0 || reports.length > 0;
    return !open && (historyLength > HISTORY_MOST || continueAsNewSuggested);
  }

  function handedOver(from: Course): Carried {
    const steps = carriedSteps(from);
    return { state: from.state, inbox, requests, ...(steps ? { steps } : {}) };
  }

  async function drain(from: Course): Promise<void> {
    let next = from;
    for (const input of reports.splice(0)) next = take(next, input);
    for (const request of requests.splice(0)) next = take(next, { kind: 'requested', request });
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
      if (batch.ahead && patched('ahead')) next = take(next, { kind: 'ahead', ahead: batch.ahead, at: now() });
      const connections = spokenOn(next.state, batch);
      if (connections.length > 0 && patched('reopened')) next = take(next, { kind: 'reopened', connections });
      next = await withUnknownTransactions(next, batch);
      next = take(next, { kind: 'events', batch });
      taken += batch.events.length;
    }
    await persist(take(next, { kind: 'tick', now: Date.now() }));
  }

  /** One SQL transaction with rows, cursors and step; repeated, small and patiently, until the database has it. */
  async function persist(next: Course): Promise<void> {
    const { course: after, due, stored } = finish(next, Date.now());
    if (due || (stored.step.inputs.length > PENDING_MOST && patched('inputs-alone'))) {
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
    const fresh = actor.born(chargePointId, birth, settings);
    const offered = fresh.commands.filter((c) => c.state === 'dispatching');
    const recent = old?.state.recent ?? [];
    if (offered.length === 0 || patched('sent-once')) {
      course = begin({ ...fresh, recent }, old?.steps.last);
      for (const command of offered) settle(course.state, command);
    } else {
      const queue = fresh.commands.map((c) => (c.state === 'dispatching' ? { ...c, state: 'queued' as const } : c));
      course = begin({ ...fresh, commands: queue, recent }, old?.steps.last);
    }
    return course;
  }

  /** Asks the edge that a command was offered to, before this actor was born, again: it alone knows what it has sent. */
  function settle({ connections }: actor.ActorState, command: Command): void {
    if (sending.has(command.commandId)) return;
    const connection = connections.find((c) => c.connection === command.connection);
    if (connection) offer(connection, command, 2);
    else if (command.connection !== null) reports.push(gone(command.connection));
  }

  async function withUnknownTransactions(next: Course, batch: EventBatch): Promise<Course> {
    const ids = actor.unknownTransactions(next.state, batch);
    if (ids.length === 0) return next;
    const transactions = await untilStored(() => local.loadTransactions(chargePointId, ids));
    return transactions.length === 0 ? next : take(next, { kind: 'loaded', transactions });
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
    if (!connection || sending.size > 0 || !commands.nextToSend(current.commands, current.chargePoint.registration))
      return Infinity;
    return Math.max(sendNotBefore, takesCallsAt(connection));
  }

  /** Offers the command whose turn it is to the edge that holds the socket; beside the loop, never in it. */
  function send(): void {
    const { state: current } = course as Course;
    const connection = newest(current.connections);
    const command = commands.nextToSend(current.commands, current.chargePoint.registration);
    if (!connection || !command || nextSend(current) > Date.now()) return;
    const { commandId } = command;
    course = take(course as Course, { kind: 'dispatched', commandId, connection: connection.connection });
    offer(connection, command, 1);
  }

  function offer(connection: Connection, command: Command, first: number): void {
    sending.add(command.commandId);
    void call(connection, command, first).finally(() => {
      sending.delete(command.commandId);
      // Whose turn it is now: nothing else may come that would wake the loop.
      if (patched('next-turn')) rang = true;
    });
  }

  /** `first`: 1, or more where an earlier offer may have been taken. */
  async function call(connection: Connection, command: Command, first: number): Promise<void> {
    const { commandId, action, payload } = command;
    const kind = typeof payload.type === 'string' ? ` ${payload.type}` : '';
    const { callStation } = proxyActivities<Activities>({
      taskQueue: connection.taskQueue,
      scheduleToStartTimeout: '5s',
      startToCloseTimeout: '10s',
      retry: { maximumAttempts: 1 },
      summary: `call • ${action}${kind} → ${chargePointId}`,
    });
    const is = (cause: unknown, type: string) => cause instanceof ApplicationFailure && cause.type === type;
    for (let nth = first; ; nth++) {
      try {
        return await callStation({ chargePointId, connection: connection.connection, commandId, action, payload });
      } catch (error) {
        const cause = error instanceof ActivityFailure ? error.cause : undefined;
        const reason = cause instanceof Error ? cause.message : '';
        if (edgeIsGone(cause) && (nth === 1 || !patched('sent-once'))) return withoutEdge(connection, commandId, nth);
        if (is(cause, 'NotSent')) {
          sendNotBefore = Date.now() + RETRY_SEND_MS;
          return void reports.push({ kind: 'notSent', commandId, reason });
        }
        if (is(cause, 'InvalidCommand')) return void reports.push({ kind: 'invalid', commandId, at: now(), reason });
        if (is(cause, 'AlreadySent')) return void reports.push({ kind: 'sentBefore', commandId, at: now(), reason });
        // It is not known whether the CALL was written. The journal will say, but only if it was, or when the connection
        // ends; the edge refuses an id that it has written, so that it can be asked again.
        if (!patched('offer-again') || nth >= OFFERS_MOST) return;
        if (edgeIsGone(cause)) await ask(connection);
        else await sleep(RETRY_SEND_MS);
        if (!commands.isOffered((course as Course).state.commands, commandId, connection.connection)) return;
      }
    }
  }

  /** The edge did not take the offer in time. It may only be slow: it has longer to say whether it still holds the socket. */
  function withoutEdge(connection: Connection, commandId: string, nth: number): void {
    sendNotBefore = Date.now() + RETRY_SEND_MS;
    const isNewest = newest((course as Course).state.connections)?.connection === connection.connection;
    if (!patched('slow-edge') || !isNewest) {
      // The first offer was never taken, so nothing was sent.
      if (nth === 1 && patched('sent-once')) reports.push({ kind: 'notSent', commandId, reason: 'its edge is gone' });
      reports.push(gone(connection.connection));
      return;
    }
    // What came of an earlier offer is not known.
    if (nth === 1) reports.push({ kind: 'notSent', commandId, reason: 'its edge does not answer' });
    if (asking === 0) void ask(connection);
  }

  function nextSilence(current: actor.ActorState): number {
    if (current.connections.length === 0 || asking > 0) return Infinity;
    return Date.parse(current.chargePoint.lastSeenAt ?? now()) + SILENCE_MS;
  }

  /** Asks the edges of a silent station whether they still hold its sockets: an edge may never have come back. */
  function checkSilence(): void {
    const { state: current } = course as Course;
    if (nextSilence(current) <= Date.now()) void askAll(current.connections);
  }

  async function askAll(connections: Connection[]): Promise<void> {
    const open = await Promise.all(connections.map(ask));
    // A station that is gone was not seen.
    if (open.includes(true) || !patched('seen-if-open')) reports.push({ kind: 'silenceChecked', at: now() });
  }

  async function ask({ connection, taskQueue }: Connection): Promise<boolean> {
    const { isOpen } = proxyActivities<Activities>({
      taskQueue,
      scheduleToStartTimeout: '30s',
      startToCloseTimeout: '10s',
      retry: { maximumAttempts: 1 },
      summary: 'silent for long • does the edge still hold the socket?',
    });
    let open = true;
    asking += 1;
    try {
      open = await isOpen(connection);
    } catch (error) {
      open = !(error instanceof ActivityFailure && edgeIsGone(error.cause));
    } finally {
      asking -= 1;
    }
    if (!open) reports.push(gone(connection));
    return open;
  }

  function gone(connection: string): Input {
    return { kind: 'connectionGone', connection, at: now(), told: !patched('sent-once') };
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

function edgeIsGone(cause: unknown): boolean {
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}
