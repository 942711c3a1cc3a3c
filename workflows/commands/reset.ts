import type { CommandRules } from './rules.ts';

/**
 * Reset (OCPP 1.6 §5.14). Done when the station boots again: a Hard reset often drops the socket without an answer, and a
 * BootNotification after it completes the command all the same.
 */
export const reset: CommandRules = {
  deadlineMs: 3_600_000,
  check(payload) {
    if (payload === undefined || payload === null) return { payload: { type: 'Soft' } };
    if (typeof payload !== 'object' || Array.isArray(payload)) return refuse(payload);
    const { type = 'Soft', ...others } = payload as Record<string, unknown>;
    if (Object.keys(others).length > 0 || (type !== 'Soft' && type !== 'Hard')) return refuse(payload);
    return { payload: { type } };
  },
  accepted: (answer) => answer.status === 'Accepted',
  effect: { seenIn: (event) => event.action === 'BootNotification', withinMs: 10 * 60_000 },
  holdsQueue: true,
};

function refuse(payload: unknown): { refusal: string } {
  const came = JSON.stringify(payload)?.slice(0, 200);
  return { refusal: `Reset takes {"type":"Soft"} or {"type":"Hard"} (nothing: Soft), not ${came}` };
}
