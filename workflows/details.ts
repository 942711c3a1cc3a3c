import type { Instant } from './events.ts';
import type { ActorState } from './state/actor.ts';
import { whyQueued } from './state/commands.ts';
import { registrationOn } from './state/connections.ts';
import type { ChargePoint, Command } from './state/model.ts';
import { open } from './state/transactions.ts';

/** The charge point in plain words (Markdown): what Temporal's UI shows as current details of its workflow. */
export function details(state: ActorState): string {
  return [
    `### ${headline(state.chargePoint)}`,
    identity(state.chargePoint),
    table(
      ['Connector', state.chargePoint.online ? 'Status' : 'Last known status', 'Error', 'Since'],
      Object.values(state.connectors).map((c) => [c.connectorId, c.status, c.errorCode, time(c.at)]),
    ),
    table(
      ['Transaction', 'Connector', 'idTag', 'Started', 'Reading'],
      open(state.transactions).map((t) => [
        t.transactionId,
        t.connectorId,
        t.idTag,
        t.startedAt && time(t.startedAt),
        t.lastReadingWh === null ? null : `${t.lastReadingWh / 1_000}${NO_BREAK}kWh`,
      ]),
    ),
    table(
      ['Command', 'State', 'Outcome', 'Asked for'],
      state.commands.toReversed().map((c) => [commandInWords(c), c.state, outcomeInWords(c, state), askedInWords(c)]),
    ),
    // In the UI's own words: its menu has a "Reset" too, of the workflow.
    'To reset the charge point: *More Actions*, *Send a Signal*, `reset`, data `{"type":"Soft"}` or `{"type":"Hard"}`. ' +
      "The menu's own *Reset* is not about the charge point.",
    table(
      ['When (UTC)', 'Last events'],
      state.recent.toReversed().map((r) => [time(r.at), r.text]),
    ),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function headline({ chargePointId, online, onlineSince, offlineSince }: ChargePoint): string {
  const id = cell(chargePointId);
  if (online) return `${id}: **online**${onlineSince ? ` since ${time(onlineSince)}` : ''}`;
  return offlineSince ? `${id}: **offline** since ${time(offlineSince)}` : `${id}: **offline**, was never here`;
}

function identity({ vendor, model, firmwareVersion, registration, lastBootAt }: ChargePoint): string {
  if (!lastBootAt) return 'has not booted yet';
  const make = [vendor, model].map((text) => cell(text ?? '')).join(' ');
  return [
    make.trim() || 'of unknown make',
    `firmware ${cell(firmwareVersion ?? 'unknown')}`,
    ...(registration ? [`registration ${registration}`] : []),
    `last boot ${time(lastBootAt)}`,
  ].join(', ');
}

function commandInWords({ action, payload }: Command): string {
  if (typeof payload.type === 'string' && Object.keys(payload).length === 1)
    return `${action}${NO_BREAK}${payload.type}`;
  return Object.keys(payload).length === 0 ? action : `${action} ${JSON.stringify(payload)}`;
}

function outcomeInWords(command: Command, actor: ActorState): string {
  const { answer, deadline, outcome, reason, state } = command;
  if (state === 'queued') {
    const station = { ...actor.chargePoint, registration: registrationOn(actor) };
    const { position, waitsFor } = whyQueued(actor.commands, command, station);
    return withTimes(`no. ${position}, waits for ${waitsFor}${reason ? ` (${reason})` : ''}, until ${deadline}`);
  }
  const word = answer && (typeof answer.status === 'string' ? answer.status : JSON.stringify(answer));
  return [word, withTimes(outcome ?? reason ?? '')].filter(Boolean).join(', ');
}

function withTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, time);
}

function askedInWords({ requestedAt, requestedBy, via }: Command): string {
  return `${time(requestedAt)} by ${requestedBy ? `${requestedBy}, ` : ''}${via}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const NO_BREAK = '\u00A0';

/** `23 Nov 2026 14:05:09`, in one piece: narrow columns break ISO 8601 at its hyphens. */
function time(instant: Instant): string {
  const [, year, month, day, clock] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(instant) ?? [];
  if (!clock) return instant;
  return [Number(day), MONTHS[Number(month) - 1], year, clock].join(NO_BREAK);
}

function table(head: string[], rows: (string | number | null)[][]): string {
  if (rows.length === 0) return '';
  // The UI sets tables without any space between their columns.
  const line = (cells: (string | number | null)[]) =>
    `| ${cells.map((c) => cell(c ?? '') + NO_BREAK.repeat(3)).join(' | ')} |`;
  return [line(head), `|${' :-- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Text of a station or an operator must not break the table, nor become markup. */
function cell(value: string | number): string {
  return String(value)
    .slice(0, 200)
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[\\|<>`*_[\]]/g, '\\$&');
}
