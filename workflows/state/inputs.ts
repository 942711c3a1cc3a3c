/**
 * Everything that changes an actor's state, as data, in the order in which it is applied: the same inputs make the same
 * state again, which is what `ocpp-actors replay` lives on.
 */
import type { Ahead, EventBatch, Instant, Registration } from '../events.ts';
import * as actor from './actor.ts';
import * as commands from './commands.ts';
import { connectionGone, lookedAhead, reopened } from './connections.ts';
import type { Command, Connection, Transaction } from './model.ts';

export type Input =
  /** A run of the station's events, as far as it is new. */
  | { kind: 'events'; batch: EventBatch }
  /** Where the station stands at its edge, ahead of events that are still on their way. */
  | { kind: 'ahead'; ahead: Ahead; at: Instant }
  /** The station speaks on connections that were taken for ended, or that are not known at all: they are open. */
  | { kind: 'reopened'; connections: string[]; unknown?: Connection[] }
  /** Somebody asks for a command. */
  | { kind: 'requested'; request: commands.CommandRequest }
  /** An operator has decided on the charge point. */
  | { kind: 'registered'; registration: Registration; triggerBoot: commands.CommandRequest }
  /** The command was offered to the edge that holds the connection; what came of that: the next four, or events. */
  | { kind: 'dispatched'; commandId: string; connection: string }
  /** The edge has written it, or will say in its journal that the connection ended before. */
  | { kind: 'taken'; commandId: string; at: Instant }
  | { kind: 'notSent'; commandId: string; reason: string }
  | { kind: 'invalid' | 'sentBefore'; commandId: string; at: Instant; reason: string }
  /** Offered again and again, it is not known whether its edge has sent it. */
  | { kind: 'fateUnknown'; commandId: string; at: Instant }
  /** Somebody no longer wants a command. */
  | { kind: 'cancelled'; commandId: string; at: Instant; by: string | null }
  /** The actor of a retired charge point ends. */
  | { kind: 'left'; at: Instant }
  /** The edge of the connection is gone without having said so. `told` (steps without it are so): taken as if it had. */
  | { kind: 'connectionGone'; connection: string; at: Instant; told?: boolean }
  /** The edges of a silent station were asked whether they still hold its sockets, and one does. */
  | { kind: 'silenceChecked'; at: Instant }
  /** Rows that were read, of transactions that the next events speak of. */
  | { kind: 'loaded'; transactions: Transaction[] }
  /** Commands that were stored while the actor was born: what another look at the rows has found. */
  | { kind: 'adopted'; commands: Command[] }
  /** The database is an older copy of itself: all that is known is stored again. */
  | { kind: 'storedAgain' }
  /** What time alone changes; ms since 1970. */
  | { kind: 'tick'; now: number };

/** Every input but events, whose reducer judges them as well: `reduceBatch`. */
export function apply(state: actor.ActorState, input: Exclude<Input, { kind: 'events' }>): actor.ActorState {
  switch (input.kind) {
    case 'ahead':
      return lookedAhead(state, input.ahead, input.at);
    case 'reopened':
      return reopened(state, input.connections, input.unknown);
    case 'requested':
      return actor.asked(state, input.request);
    case 'registered':
      return actor.registered(state, input.registration, input.triggerBoot);
    case 'dispatched':
      return { ...state, commands: commands.dispatched(state.commands, input.commandId, input.connection) };
    case 'taken':
      return { ...state, commands: commands.taken(state.commands, input.commandId, input.at) };
    case 'notSent':
      return { ...state, commands: commands.notSent(state.commands, input.commandId, input.reason) };
    case 'invalid':
      return { ...state, commands: commands.invalid(state.commands, input.commandId, input.at, input.reason) };
    case 'sentBefore':
      return { ...state, commands: commands.sentBefore(state.commands, input.commandId, input.at, input.reason) };
    case 'fateUnknown':
      return { ...state, commands: commands.fateUnknown(state.commands, input.commandId, input.at) };
    case 'cancelled':
      return {
        ...state,
        commands: commands.cancelled(state.commands, input.commandId, input.at, input.by, state.reducers),
      };
    case 'left':
      return actor.left(state, input.at);
    case 'connectionGone':
      return connectionGone(state, input.connection, input.at, input.told ?? true);
    case 'silenceChecked':
      return { ...state, chargePoint: { ...state.chargePoint, lastSeenAt: input.at } };
    case 'loaded': {
      const found = Object.fromEntries(input.transactions.map((t) => [t.transactionId, t]));
      return { ...state, transactions: { ...found, ...state.transactions } };
    }
    case 'adopted':
      return actor.adopted(state, input.commands);
    case 'storedAgain':
      return actor.renewed(state);
    case 'tick':
      return actor.tick(state, input.now);
  }
}
