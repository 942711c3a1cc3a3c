/** The database did not answer in time. */
export class DatabaseTimeout extends Error {
  override name = 'DatabaseTimeout';
  constructor(deadlineMs: number) {
    super(`the database did not answer within ${deadlineMs} ms`);
  }
}

/** The database cannot be used now. Wait until it can (`breaker.whenClosed()`), then try again. */
export class DatabaseAway extends Error {
  override name = 'DatabaseAway';
  constructor(reason: string) {
    super(`the database is away: ${reason}`);
  }
}

/**
 * - `away`: no use to try now, later perhaps: not reachable, hanging, restarting, out of disk or connections
 * - `refused-value`: it will refuse this value again and again
 * - `misconfigured`: somebody has to change a setting
 */
export interface DatabaseErrorDescription {
  kind: 'away' | 'refused-value' | 'misconfigured' | 'other';
  message: string;
}

/** SQLSTATE of what `statement_timeout` ended. */
const STATEMENT_TIMEOUT = '57014';

/** It took longer than it may; that can be the statement's own fault as well as the database's. */
export function tookTooLong(error: unknown): boolean {
  const cause = rootOf(error);
  return cause instanceof DatabaseTimeout || (!(cause instanceof DatabaseAway) && cause.code === STATEMENT_TIMEOUT);
}

/** Whether the database could not be asked: it may be later, and what it would say is not known. */
export function isAway(error: unknown): boolean {
  return describeDatabaseError(error).kind === 'away';
}

/** What an error of drizzle, postgres.js, PostgreSQL or the network means, and what to do. */
export function describeDatabaseError(error: unknown): DatabaseErrorDescription {
  const cause = rootOf(error);
  if (cause instanceof DatabaseTimeout || cause instanceof DatabaseAway)
    return { kind: 'away', message: cause.message };
  const { code, text } = cause;
  const because = `${text || 'no further message'} (${code || 'no code'})`;

  const advice = ADVICE[code] ?? (/CERT|SELF_SIGNED|^UNABLE_TO/.test(code) ? BAD_CERTIFICATE : undefined);
  if (advice) return { kind: 'misconfigured', message: `${advice}: ${because}` };
  if (code === 'ECONNREFUSED') {
    return {
      kind: 'away',
      message: `nothing listens at ${cause.address}: is the database running? Is DATABASE_URL right?`,
    };
  }
  if (isSqlState(code)) {
    const kind = kindOfSqlState(code);
    return { kind, message: because };
  }
  return { kind: NETWORK.has(code) ? 'away' : 'other', message: because };
}

const ADVICE: Record<string, string> = {
  '28P01': 'the database refuses the user or password in DATABASE_URL',
  '28000': 'the database refuses the user in DATABASE_URL',
  '3D000': 'the database named in DATABASE_URL does not exist, create it',
  '42501': 'the user in DATABASE_URL lacks a privilege',
  '42P01': 'a table is missing, run the migrations (npm run migrate)',
  '42703': 'a column is missing, run the migrations (npm run migrate)',
  '42883': 'a function is missing, run the migrations (npm run migrate)',
  NO_TLS: 'sslmode in DATABASE_URL demands encryption',
  ENOTFOUND: 'the host in DATABASE_URL is not known',
};

const BAD_CERTIFICATE =
  "sslmode in DATABASE_URL demands a certificate that can be verified (NODE_EXTRA_CA_CERTS names one's own)";

const NETWORK = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // socket file of a server that is not running
  'EPIPE',
  'ETIMEDOUT',
]);

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function kindOfSqlState(code: string): DatabaseErrorDescription['kind'] {
  switch (code.slice(0, 2)) {
    case '22': // data exception
    case '23': // integrity constraint violation
    case '54': // program limit exceeded: a row or an index entry is too large
      return 'refused-value';
    case '08': // connection exception
    case '53': // insufficient resources
    case '58': // system error
      return 'away';
    default:
      // Cancelled by statement_timeout, waited too long for a lock, shutting down; read only: a standby answered.
      return code === '57014' || code === '55P03' || code === '25006' || code.startsWith('57P') ? 'away' : 'other';
  }
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !NETWORK.has(code);
}

function rootOf(error: unknown): DatabaseTimeout | DatabaseAway | { code: string; text: string; address: string } {
  // drizzle wraps errors, with the whole statement and its parameters as message.
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  if (cause instanceof DatabaseTimeout || cause instanceof DatabaseAway) return cause;
  // `localhost` has two addresses; where both refuse, Node gathers both errors in one without a message.
  const inner = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const { code, message, address, port } = inner as {
    code?: unknown;
    message?: unknown;
    address?: unknown;
    port?: unknown;
  };
  return {
    code: typeof code === 'string' ? code : '',
    text: typeof message === 'string' ? message : String(inner),
    address: `${String(address ?? 'its address')}:${String(port ?? '')}`,
  };
}
