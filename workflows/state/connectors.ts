import type { Message } from '../events.ts';
import type { Connector } from './model.ts';

export type Connectors = Record<string, Connector>;

/**
 * The connector's state after a StatusNotification. It moves only forward in effective time: a station that replays old
 * notifications after an outage does not overwrite what is newer (OCPP 1.6 §4.9). Unknown connectors are created.
 */
export function statusNotified(connectors: Connectors, event: Message): Connectors {
  const { connectorId, status, errorCode, info, vendorId, vendorErrorCode } = event.payload;
  if (typeof connectorId !== 'number' || typeof status !== 'string') return connectors;
  const before = connectors[connectorId];
  if (before && before.at > event.at) return connectors;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const connector: Connector = {
    connectorId,
    status,
    errorCode: text(errorCode) ?? 'NoError',
    info: text(info),
    vendorId: text(vendorId),
    vendorErrorCode: text(vendorErrorCode),
    at: event.at,
    version: before?.version ?? 0,
  };
  return { ...connectors, [connectorId]: connector };
}
