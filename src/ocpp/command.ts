import type { z } from 'zod';

/** A message that goes to stations, as the table lists it. */
export interface CommandMessage {
  action: string;
  /** Where its request is specified. */
  section: string;
  /** Exact: no unknown, no null property may leave (OCPP-J errata 3.1). */
  request: z.ZodType<Record<string, unknown>>;
  /** What the clock says against an exact payload; undefined where nothing. */
  tooLate?: (payload: Record<string, unknown>, now: Date) => string | undefined;
  /** What of the station's answer has to be right; further properties are left out. */
  response: z.ZodType<Record<string, unknown>>;
  /** Without an answer for this long the CALL has timed out. */
  answerTimeoutMs: number;
}

/** A payload that must not leave, with what is wrong about each property. */
export class InvalidCommand extends Error {
  /** @param section where the request is specified, where the faults are about that */
  constructor(action: string, faults: string, section?: string) {
    super(`no valid ${action}.req${section === undefined ? '' : ` (${section})`}: ${faults}`);
    this.name = 'InvalidCommand';
  }
}

/**
 * The payload as it may leave.
 * @throws InvalidCommand
 */
export function exactRequest(command: CommandMessage, payload: unknown): Record<string, unknown> {
  const exact = command.request.safeParse(payload);
  if (exact.success) return exact.data;
  const faults = exact.error.issues.map(
    ({ path, message }) => (path.length > 0 ? `${path.join('.')}: ` : '') + message,
  );
  throw new InvalidCommand(command.action, faults.join('; '), command.section);
}

/**
 * The same, where it is about to leave, or to wait for that.
 * @throws InvalidCommand
 */
export function timelyRequest(command: CommandMessage, payload: unknown, now = new Date()): Record<string, unknown> {
  const exact = exactRequest(command, payload);
  const fault = command.tooLate?.(exact, now);
  if (fault !== undefined) throw new InvalidCommand(command.action, fault, command.section);
  return exact;
}
