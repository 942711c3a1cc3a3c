import type { CommandRules } from './rules.ts';

const MESSAGES = [
  'BootNotification',
  'DiagnosticsStatusNotification',
  'FirmwareStatusNotification',
  'Heartbeat',
  'MeterValues',
  'StatusNotification',
];

/** TriggerMessage (OCPP 1.6 §5.17). Done when the message comes. */
export const triggerMessage: CommandRules = {
  deadlineMs: 60_000,
  urgency: 2,
  check(payload) {
    const { requestedMessage, connectorId, ...others } = (payload ?? {}) as Record<string, unknown>;
    const well =
      typeof requestedMessage === 'string' &&
      MESSAGES.includes(requestedMessage) &&
      (connectorId === undefined || (Number.isInteger(connectorId) && (connectorId as number) > 0)) &&
      Object.keys(others).length === 0;
    if (well) return { payload: { requestedMessage, ...(connectorId === undefined ? {} : { connectorId }) } };
    const came = JSON.stringify(payload)?.slice(0, 200);
    const expected = `{"requestedMessage":"StatusNotification","connectorId":1}, one of ${MESSAGES.join(', ')}`;
    return { refusal: `TriggerMessage takes ${expected}, not ${came}` };
  },
  accepted: (answer) => answer.status === 'Accepted',
  effect: {
    seenIn: ({ action, payload: said }, { requestedMessage, connectorId }) =>
      action === requestedMessage && (connectorId === undefined || said.connectorId === connectorId),
    withinMs: 2 * 60_000,
  },
};
