import type { StationEvent } from '../events.ts';

/** The event in a few words, for the Temporal UI. */
export function describe(event: StationEvent): string {
  switch (event.kind) {
    case 'connected':
      return `connected from ${event.remoteAddress}`;
    case 'disconnected':
      return `disconnected: ${event.reason || CLOSE_CODES[event.code] || `close code ${event.code}`}`;
    case 'malformed':
      return `malformed frame: ${event.reason}`;
    case 'callSent':
      return `CALL ${event.action} sent`;
    case 'callResult': {
      const { outcome } = event;
      if ('result' in outcome) return `${event.action} answered: ${String(outcome.result.status ?? 'ok')}`;
      if ('error' in outcome) return `${event.action} answered: ${outcome.error}`;
      return `${event.action}: ${'timeout' in outcome ? 'no answer in time' : 'connection lost'}`;
    }
    case 'message': {
      const { payload, answer } = event;
      const about = [
        payload.connectorId === undefined ? '' : `connector ${String(payload.connectorId)}`,
        payload.status === undefined ? '' : String(payload.status),
        payload.transactionId === undefined ? '' : `transaction ${String(payload.transactionId)}`,
      ].filter(Boolean);
      const refused = 'error' in answer ? ` → ${answer.error}` : '';
      return `${event.action}${about.length > 0 ? ` (${about.join(', ')})` : ''}${refused}`;
    }
  }
}

/** RFC 6455 §7.4.1; the last two are the server's own finding, nothing was said. */
const CLOSE_CODES: Record<number, string> = {
  1000: 'the station closed the connection',
  1001: 'the station went away',
  1005: 'the station closed the connection',
  1006: 'the connection was lost',
};
