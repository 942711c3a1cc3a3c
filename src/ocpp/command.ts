import type { z } from 'zod';

/** A message that goes to stations, as the table lists it. */
export interface CommandMessage {
  action: string;
  /** Exact: no unknown, no null property may leave (OCPP-J errata 3.1). */
  request: z.ZodType<Record<string, unknown>>;
  /** What of the station's answer has to be right; further properties are left out. */
  response: z.ZodType<Record<string, unknown>>;
  /** Without an answer for this long the CALL has timed out. */
  answerTimeoutMs: number;
}

/** A payload that the command's schema refuses, with what is wrong about each property. */
export class InvalidCommand extends Error {
  constructor(action: string, faults: string) {
    super(`no valid ${action}.req: ${faults}`);
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
  throw new InvalidCommand(command.action, faults.join('; '));
}
