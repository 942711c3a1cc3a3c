import { cutText } from './text.ts';

/** Error codes of a CALLERROR, spelled as in table 7 of OCPP-J 1.6 §4.2.3 ("do not fix", OCPP-J errata 5.1 and 5.2). */
export const ocppErrorCodes = [
  'NotImplemented',
  'NotSupported',
  'InternalError',
  'ProtocolError',
  'SecurityError',
  'FormationViolation',
  'PropertyConstraintViolation',
  'OccurenceConstraintViolation',
  'TypeConstraintViolation',
  'GenericError',
] as const;

export type OcppErrorCode = (typeof ocppErrorCodes)[number];

/** What becomes a CALLERROR. Its message is the error's description: at most 255 characters (OCPP-J 1.6 §4.2.3). */
export class OcppError extends Error {
  readonly code: OcppErrorCode;

  constructor(code: OcppErrorCode, description: string) {
    super(cutText(description, 255));
    this.name = 'OcppError';
    this.code = code;
  }
}
