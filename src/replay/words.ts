/** What an actor was given and what that changed, in a few words each. */
import { instantOf } from '../../drizzle/steps.ts';
import type { ActorState } from '../../workflows/state/actor.ts';
import type { Input } from '../../workflows/state/inputs.ts';
import type { JudgedEvent, Transaction } from '../../workflows/state/model.ts';
import { describe } from '../../workflows/state/words.ts';
import type { ReplayedStep } from './replay.ts';

/** Events that were received so much before their step (ms) are told with their time. */
const LATE_MS = 10_000;
/** Characters of a value. */
const LONGEST = 100;

export function inputsInWords({ inputs, judged, before, step }: ReplayedStep): string[] {
  const judgements = new Map(judged.map((one) => [one.event, one]));
  return inputs.flatMap((input) => {
    if (input.kind !== 'events') return inputInWords(input, before);
    return input.batch.events.map((event) => {
      const late = step - Date.parse(event.receivedAt) > LATE_MS ? `, received ${event.receivedAt}` : '';
      return describe(event) + late + judgementInWords(judgements.get(event));
    });
  });
}

function judgementInWords(judged: JudgedEvent | undefined): string {
  if (judged?.dead !== undefined) return `: no sense could be made of it (${judged.dead})`;
  return judged?.repeatOf === undefined ? '' : `: said before (${judged.repeatOf})`;
}

function inputInWords(input: Exclude<Input, { kind: 'events' }>, before: ActorState): string {
  const command = (id: string) => `${before.commands.find((c) => c.commandId === id)?.action ?? 'command'} ${id}`;
  switch (input.kind) {
    case 'ahead':
      return `told ahead by its edge: ${input.ahead.open.length} connections are open`;
    case 'reopened': {
      const open = [...input.connections, ...(input.unknown ?? []).map((c) => c.connection)];
      return `it speaks on connections that were taken for ended: ${open.join(', ')}`;
    }
    case 'requested': {
      const { action, commandId, via, requestedBy } = input.request;
      return `${action} ${commandId} asked for by ${requestedBy ?? 'somebody'} (${via})`;
    }
    case 'registered':
      return `registration decided: ${input.registration}`;
    case 'dispatched':
      return `${command(input.commandId)} offered to the edge of connection ${input.connection}`;
    case 'taken':
      return `${command(input.commandId)} sent by its edge`;
    case 'fateUnknown':
      return `${command(input.commandId)} given up: its edge does not say whether it was sent`;
    case 'cancelled':
      return `${command(input.commandId)} cancelled by ${input.by ?? 'somebody'}`;
    case 'adopted':
      return `looked once more at what it was born of: ${input.commands.length} commands had been stored meanwhile`;
    case 'notSent':
      return `${command(input.commandId)} was not sent: ${input.reason}`;
    case 'invalid':
      return `${command(input.commandId)} will not be sent: ${input.reason}`;
    case 'sentBefore':
      return `${command(input.commandId)} was sent before: ${input.reason}`;
    case 'left':
      return 'retired, and gone: nothing more is followed';
    case 'connectionGone':
      return `the edge of connection ${input.connection} is gone`;
    case 'silenceChecked':
      return 'silent for long: the edges were asked whether its connections are open';
    case 'loaded':
      return `read from the database: transaction ${input.transactions.map((t) => t.transactionId).join(', ')}`;
    case 'storedAgain':
      return 'the database had lost what it had: all that is known was stored again';
    case 'tick':
      return `it became ${instantOf(input.now)}`;
  }
}

export function changesInWords(before: ActorState, after: ActorState): string[] {
  return [
    ...fields(before.chargePoint, after.chargePoint, ['onlineSince', 'offlineSince', 'lastSeenAt']),
    ...changed(
      before.connections,
      after.connections,
      (c) => `connection ${c.connection}`,
      () => 'opened',
      () => 'ended',
    ),
    ...changed(
      Object.values(before.connectors),
      Object.values(after.connectors),
      (c) => `connector ${c.connectorId}`,
      (c) => `${c.status}${c.errorCode === 'NoError' ? '' : ` ${c.errorCode}`}`,
    ),
    ...changed(
      Object.values(before.transactions),
      Object.values(after.transactions),
      (t) => `transaction ${t.transactionId}`,
      opened,
    ),
    ...changed(
      before.commands,
      after.commands,
      (c) => `command ${c.action} ${c.commandId}`,
      (c) => c.state + (c.reason ? ` (${c.reason})` : ''),
    ),
  ];
}

function opened({ end, connectorId, idTag }: Transaction): string {
  return `${end === null ? 'open' : `ended (${end})`} on connector ${connectorId ?? '?'}${idTag === null ? '' : ` for ${idTag}`}`;
}

/** Rows are what they were where nothing changed. @param gone without it, that one is not kept any more is not told */
function changed<Row extends object>(
  before: Row[],
  after: Row[],
  name: (row: Row) => string,
  added: (row: Row) => string,
  gone?: () => string,
): string[] {
  const old = new Map(before.map((row) => [name(row), row]));
  const told = after.flatMap((row) => {
    const was = old.get(name(row));
    old.delete(name(row));
    if (was === row) return [];
    if (!was) return [`${name(row)}: ${added(row)}`];
    const different = fields(was, row, ['at']);
    return different.length === 0 ? [] : [`${name(row)}: ${different.join(', ')}`];
  });
  return gone ? [...told, ...[...old.keys()].map((key) => `${key}: ${gone()}`)] : told;
}

function fields<Row extends object>(before: Row, after: Row, but: string[]): string[] {
  return Object.entries(after).flatMap(([key, value]: [string, unknown]) => {
    const was: unknown = before[key as keyof Row];
    if (key === 'version' || but.includes(key) || JSON.stringify(was) === JSON.stringify(value)) return [];
    return [`${key} ${shown(was)} → ${shown(value)}`];
  });
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (value === null || value === undefined) return '–';
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
