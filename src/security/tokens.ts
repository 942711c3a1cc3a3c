/** Tokens of the operators' API: who calls, and what they may do. */
import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Database } from '../../drizzle/client.ts';
import {
  findToken,
  insertFirstToken,
  insertToken,
  type OperatorRole,
  type TokenView,
} from '../../drizzle/queries/tokens.ts';

/** Each may do what those before it may. */
export const OPERATOR_ROLES = ['viewer', 'operator', 'admin'] as const satisfies OperatorRole[];

export interface Operator {
  /** Name of the token: commands say who asked for them. */
  name: string;
  role: OperatorRole;
}

export function mayAct(operator: Operator, needed: OperatorRole): boolean {
  return OPERATOR_ROLES.indexOf(operator.role) >= OPERATOR_ROLES.indexOf(needed);
}

/** Makes a token. Its text is in the answer, and nowhere else. */
export async function createToken(
  database: Database,
  { name, role }: { name: string; role: OperatorRole },
): Promise<TokenView & { token: string }> {
  const token = newToken();
  return { ...(await insertToken(database, { id: randomUUID(), name, role, hash: hashOf(token) })), token };
}

/** For the start of a program that nobody has a token for: the text of a new one for an admin, undefined where there are some. */
export async function createFirstToken(database: Database): Promise<string | undefined> {
  const token = newToken();
  const row = { id: randomUUID(), name: 'first start', role: 'admin', hash: hashOf(token) } as const;
  return (await insertFirstToken(database, row)) ? token : undefined;
}

export interface TokensOptions {
  database: Database;
  /** `OPERATOR_TOKEN` of the settings: an admin beside the tokens in the database. */
  operatorToken?: string | undefined;
}

/** How long (ms) what the database said of a token is believed: a revoked one works no longer than this. */
const BELIEVED_MS = 5_000;
const REMEMBERED = 1_000;

export class Tokens {
  readonly #options: TokensOptions;
  /** By hash, in the order of being asked for. */
  readonly #known = new Map<string, { operator: Operator | undefined; at: number }>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** Whose token it is; undefined for a wrong one. Rejects while the database is away and has to be asked. */
  async operatorOf(token: string): Promise<Operator | undefined> {
    const { database, operatorToken } = this.#options;
    const hashed = hashOf(token);
    if (operatorToken !== undefined && timingSafeEqual(Buffer.from(hashed), Buffer.from(hashOf(operatorToken)))) {
      return { name: 'OPERATOR_TOKEN', role: 'admin' };
    }
    // Nothing else can be right: the database need not be asked for what guessers try.
    if (!/^oa_[0-9a-f]{40}$/.test(token)) return undefined;
    const known = this.#known.get(hashed);
    if (known && Date.now() - known.at < BELIEVED_MS) return known.operator;
    const found = await findToken(database, hashed);
    const operator = found && { name: found.name, role: found.role };
    this.#known.delete(hashed);
    this.#known.set(hashed, { operator, at: Date.now() });
    const oldest = this.#known.size > REMEMBERED ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    return operator;
  }
}

/** 160 random bits. */
function newToken(): string {
  return `oa_${randomBytes(20).toString('hex')}`;
}

/** What is stored: who reads the table cannot call with it, and random bits need no salt. */
function hashOf(token: string): string {
  return hash('sha256', token, 'hex');
}
