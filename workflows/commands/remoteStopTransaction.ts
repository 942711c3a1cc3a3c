import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { MINUTE } from './times.ts';

/** RemoteStopTransaction (OCPP 1.6 §5.12): somebody waits for the cable. Done when the transaction has stopped. */
export const remoteStopTransaction: CommandRules = {
  deadlineMs: MINUTE,
  urgency: 2,
  check: anyObject('RemoteStopTransaction'),
  accepted: statuses('Accepted'),
  notWhilePending: true,
  effect: {
    seenIn: ({ action, payload }, { transactionId }) =>
      action === 'StopTransaction' && payload.transactionId === transactionId,
    withinMs: 5 * MINUTE,
  },
};
