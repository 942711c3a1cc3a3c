import type { ActorState } from './state/actor.ts';
import { open } from './state/transactions.ts';

/** The charge point in plain words (Markdown): what Temporal's UI shows as current details of its workflow. */
export function details(state: ActorState): string {
  const { chargePoint: cp } = state;
  const presence = cp.online ? `**online** since ${cp.onlineSince}` : `**offline** since ${cp.offlineSince ?? 'ever'}`;
  const identity =
    [cp.vendor, cp.model]
      .map((text) => cell(text ?? ''))
      .join(' ')
      .trim() || 'not booted yet';
  return [
    `### ${cell(cp.chargePointId)}: ${presence}`,
    `${identity}, firmware ${cell(cp.firmwareVersion ?? '?')}, registration ${cp.registration ?? 'open'}, last boot ${cp.lastBootAt ?? 'unknown'}`,
    table(
      ['Connector', 'Status', 'Error', 'Since'],
      Object.values(state.connectors).map((c) => [c.connectorId, c.status, c.errorCode, c.at]),
    ),
    table(
      ['Open transaction', 'Connector', 'idTag', 'Started', 'Last reading'],
      open(state.transactions).map((t) => [
        t.transactionId,
        t.connectorId,
        t.idTag,
        t.startedAt,
        t.lastReadingWh === null ? null : `${t.lastReadingWh} Wh`,
      ]),
    ),
    table(
      ['Command', 'State', 'Asked for', 'By', 'Outcome'],
      state.commands
        .toReversed()
        .map((c) => [
          `${c.action} ${JSON.stringify(c.payload)}`,
          c.state,
          c.requestedAt,
          `${c.requestedBy ?? ''} (${c.via})`,
          c.outcome ?? c.reason,
        ]),
    ),
    table(
      ['When', 'Last events'],
      state.recent.toReversed().map((r) => [r.at, r.text]),
    ),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function table(head: string[], rows: (string | number | null)[][]): string {
  if (rows.length === 0) return '';
  const line = (cells: (string | number | null)[]) => `| ${cells.map((c) => cell(c ?? '')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text of a station or an operator must not break the table, nor become markup. */
function cell(value: string | number): string {
  return String(value)
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[\\|<>`*_[\]]/g, '\\$&')
    .slice(0, 200);
}
