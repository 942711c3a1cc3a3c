import type { z } from 'zod';
import type { OcppErrorCode } from '../../ocpp/errors.ts';
import type { ChargePoint } from '../chargePoint.ts';
import type { Payload } from '../payload.ts';

/** How a charge point takes a CALL of the central system. */
export interface Taken {
  answer: Payload;
  /** What follows once the answer has been sent. */
  after?: () => void;
}

export interface CommandHandler {
  action: string;
  request: z.ZodType;
  handle: (chargePoint: ChargePoint, payload: unknown) => Taken;
}

/** Answered with a CALLERROR. */
export class CallRefused extends Error {
  readonly code: OcppErrorCode;

  constructor(code: OcppErrorCode, description: string) {
    super(description);
    this.name = 'CallRefused';
    this.code = code;
  }
}

export function handler<Request extends z.ZodObject>(
  action: string,
  request: Request,
  handle: (chargePoint: ChargePoint, payload: z.infer<Request>) => Taken,
): CommandHandler {
  // `receive` gives it what `request` has read.
  return { action, request, handle: (chargePoint, payload) => handle(chargePoint, payload as z.infer<Request>) };
}

export function status(of: string, after?: () => void): Taken {
  return { answer: { status: of }, ...(after ? { after } : {}) };
}
