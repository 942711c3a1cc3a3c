import { samples, type MeterValueEntry } from '../src/ocpp/meterValues.ts';
import type { StationEvent } from '../workflows/events.ts';
import type { JudgedEvent } from '../workflows/state/model.ts';
import { messageRow, type MessageRow } from './messageRow.ts';
import type {
  connection,
  deadEvent,
  firmwareEvent,
  heartbeat,
  meterValue,
  securityEvent,
  statusNotification,
} from './schema.ts';

type ConnectionRow = typeof connection.$inferInsert;

/** What happened, as rows. */
export interface Facts {
  message: MessageRow[];
  meterValue: (typeof meterValue.$inferInsert)[];
  statusNotification: (typeof statusNotification.$inferInsert)[];
  heartbeat: (typeof heartbeat.$inferInsert)[];
  firmwareEvent: (typeof firmwareEvent.$inferInsert)[];
  securityEvent: (typeof securityEvent.$inferInsert)[];
  connection: ConnectionRow[];
  deadEvent: (typeof deadEvent.$inferInsert)[];
}

type JournalledEvent = JudgedEvent & { journal: number };

/**
 * Derives the rows of one charge point's events, in their order. Pure: the same events give the same rows.
 *
 * Every event but `connected` and `disconnected` is a row of `message`. What the station sent again (`repeatOf`) and
 * what was answered with a CALLERROR is nothing more than that. An event whose payload nothing can be made of becomes
 * a row of `dead_event`.
 *
 * @param connectors connector of transactions, by transaction id: StopTransaction.req (OCPP 1.6 §6.49) names none
 */
export function factsOf(
  chargePointId: string,
  events: JournalledEvent[],
  connectors: ReadonlyMap<number, number | null>,
): Facts {
  const facts: Facts = {
    message: [],
    meterValue: [],
    statusNotification: [],
    heartbeat: [],
    firmwareEvent: [],
    securityEvent: [],
    connection: [],
    deadEvent: [],
  };
  const connections = new Map<string, ConnectionRow>();

  for (const judged of events) {
    const { event } = judged;
    if (event.kind === 'connected' || event.kind === 'disconnected') {
      const row = connectionRow(chargePointId, judged.journal, event);
      connections.set(event.connection, { ...row, ...connections.get(event.connection) });
    } else {
      facts.message.push({ ...messageRow(chargePointId, judged.journal, event), repeatOf: judged.repeatOf });
    }
    const dead = judged.dead ?? tryToAdd(facts, chargePointId, judged, connectors);
    if (dead !== undefined) facts.deadEvent.push(deadEventRow(chargePointId, judged, dead));
  }
  facts.connection = [...connections.values()].toSorted((a, b) => (a.connection < b.connection ? -1 : 1));
  return facts;
}

/** @returns why it failed */
function tryToAdd(
  facts: Facts,
  chargePointId: string,
  judged: JournalledEvent,
  connectors: ReadonlyMap<number, number | null>,
): string | undefined {
  const { event, journal, transactionId = null } = judged;
  if (event.kind !== 'message' || judged.repeatOf !== undefined || 'error' in event.answer) return undefined;
  const { seq, at, receivedAt, payload } = event;
  const place = { chargePointId, journal, seq };

  try {
    switch (event.action) {
      case 'Heartbeat':
        facts.heartbeat.push({ ...place, at: receivedAt });
        break;
      case 'StatusNotification':
        facts.statusNotification.push({ ...place, at, receivedAt, ...(payload as unknown as StatusNotification) });
        break;
      case 'DiagnosticsStatusNotification':
      case 'FirmwareStatusNotification':
      case 'LogStatusNotification':
      case 'SignedFirmwareStatusNotification': {
        const { status, requestId } = payload as { status: string; requestId?: number };
        facts.firmwareEvent.push({ ...place, at, action: event.action, status, requestId });
        break;
      }
      case 'SecurityEventNotification': {
        const { type, techInfo } = payload as { type: string; techInfo?: string };
        facts.securityEvent.push({ ...place, at, receivedAt, type, techInfo });
        break;
      }
      case 'MeterValues':
      case 'StopTransaction': {
        const { connectorId, meterValue: entries, transactionData = entries ?? [] } = payload as MeterValuesOrStop;
        const of = connectorId ?? (transactionId === null ? null : (connectors.get(transactionId) ?? null));
        const rows = samples(transactionData).map((sample) => ({
          ...sample,
          ...place,
          receivedAt,
          connectorId: of,
          transactionId,
        }));
        facts.meterValue.push(...rows);
        break;
      }
    }
    return undefined;
  } catch (error) {
    return `no facts can be made of it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

type StatusNotification = Pick<(typeof statusNotification)['$inferInsert'], 'connectorId' | 'status' | 'errorCode'>;
type MeterValuesOrStop = {
  connectorId?: number;
  meterValue?: MeterValueEntry[];
  transactionData?: MeterValueEntry[];
};

function connectionRow(
  chargePointId: string,
  journal: number,
  event: Extract<StationEvent, { kind: 'connected' | 'disconnected' }>,
): ConnectionRow {
  const { connection: id, receivedAt } = event;
  // An edge reports the ends of its earlier boots' connections in its present journal: the id says where it began.
  const began = Number(id.split('-', 1)[0]);
  const row = { chargePointId, connection: id, journal: Number.isSafeInteger(began) ? began : journal };
  if (event.kind === 'disconnected')
    return { ...row, closedAt: receivedAt, closeCode: event.code, reason: event.reason };
  const { taskQueue, remoteAddress, protocol } = event;
  return { ...row, openedAt: receivedAt, taskQueue, remoteAddress, protocol };
}

function deadEventRow(
  chargePointId: string,
  { event, journal }: JournalledEvent,
  reason: string,
): Facts['deadEvent'][number] {
  const { seq } = event;
  return {
    tableName: 'event',
    chargePointId,
    key: `${journal}:${seq}`,
    journal,
    seq,
    reason,
    raw: JSON.stringify(event),
  };
}
