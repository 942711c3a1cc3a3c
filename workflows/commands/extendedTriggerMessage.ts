import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { MINUTE } from './times.ts';

/** ExtendedTriggerMessage (security extension §5.5). Done when the message comes. */
export const extendedTriggerMessage: CommandRules = {
  deadlineMs: MINUTE,
  check: anyObject('ExtendedTriggerMessage'),
  accepted: statuses('Accepted'),
  effect: {
    seenIn({ action, payload: said }, { requestedMessage, connectorId }, seen) {
      if (requestedMessage === 'SignChargePointCertificate') return action === 'SignCertificate';
      if (requestedMessage === 'FirmwareStatusNotification' && action === `Signed${requestedMessage}`) return true;
      const isThere = seen === undefined || connectorId === undefined || said.connectorId === connectorId;
      return action === requestedMessage && isThere;
    },
    withinMs: 2 * MINUTE,
  },
  otherwiseOnlyIfUnknown: true,
};
