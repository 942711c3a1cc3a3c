/**
 * Passwords of charge points: HTTP Basic authentication, security profile 1 (Improved security for OCPP 1.6-J §2.3,
 * A00.FR.202). Stored as `<method>$<salt>$<hash>`, salt and hash in base64url.
 */
import { createHmac, hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<Buffer, Buffer, number, Buffer>(scrypt);
/** An AuthorizationKey: 32 to 40 hex digits (OCPP-J 1.6 §6.2.2). */
export const KEY = /^(?:[0-9a-fA-F]{2}){16,20}$/;
const HASH_BYTES = 32;
/**
 * Slow checks that may wait for their turn: one at a time, since they take a thread of those that the journal's commits
 * need. At some 50 ms each, further ones would wait longer than a station does.
 */
const SLOW_WAITING_MOST = 200;
/** Connections made with a password that was right before need no second look. */
const REMEMBERED = 20_000;

/** A key of 160 random bits, as an AuthorizationKey of OCPP is written: 40 hex digits. */
export function generatePassword(): string {
  return randomBytes(20).toString('hex');
}

/**
 * An AuthorizationKey of 32 to 40 hex digits has so many random bits that a fast hash is safe, and a storm of reconnecting
 * stations takes no seconds; any other password gets a slow one.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return KEY.test(password) ? fast(Buffer.from(password, 'hex'), salt) : slow(Buffer.from(password, 'utf8'), salt);
}

/** So many checks wait already that another one would not be done in time: try again later. */
export class TooManyChecks extends Error {
  override readonly name = 'TooManyChecks';
}

/** Checks what stations give against what is stored. */
export class Passwords {
  readonly #remembered = new Set<string>();
  readonly #secret = randomBytes(32);
  #slow: Promise<unknown> = Promise.resolve();
  #slowWaiting = 0;

  /**
   * @param given the bytes after `<identity>:`. A station with a key of hex digits sends the bytes they stand for, or, as
   *   many do, the digits (https://github.com/steve-community/steve/pull/1899). They need not be UTF-8.
   * @throws TooManyChecks, as a rejection
   */
  verify(given: Buffer, passwordHash: string): boolean | Promise<boolean> {
    // Keyed with what only this process knows: the set is of no use to anybody who could read it.
    const memory = createHmac('sha256', this.#secret).update(passwordHash).update('\0').update(given).digest('base64');
    if (this.#remembered.has(memory)) return true;
    const conclude = (found: readonly string[]): boolean => {
      // All of them, whichever fits: how long it takes tells nothing.
      const right = found.map((each) => equal(each, passwordHash)).includes(true);
      if (right) this.#remember(memory);
      return right;
    };
    const [method, salt] = passwordHash.split('$');
    if (salt === undefined) return false;
    const salted = Buffer.from(salt, 'base64url');
    const forms = formsOf(given);
    if (method === 'sha256') return conclude(forms.map((form) => fast(form, salted)));
    return this.#inTurn(async () => {
      const found: string[] = [];
      for (const form of forms) found.push(await slow(form, salted));
      return conclude(found);
    });
  }

  async #inTurn<T>(check: () => Promise<T>): Promise<T> {
    if (this.#slowWaiting >= SLOW_WAITING_MOST) throw new TooManyChecks(`${SLOW_WAITING_MOST} checks are waiting`);
    this.#slowWaiting += 1;
    const turn = this.#slow.then(check);
    this.#slow = turn.catch(() => {});
    return turn.finally(() => (this.#slowWaiting -= 1));
  }

  #remember(memory: string): void {
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.add(memory);
  }
}

/** What was given, and what it stands for if it is the digits of a key. */
function formsOf(given: Buffer): Buffer[] {
  const text = given.toString('latin1');
  return KEY.test(text) ? [Buffer.from(text, 'hex'), given] : [given];
}

function fast(bytes: Buffer, salt: Buffer): string {
  return written('sha256', salt, hash('sha256', Buffer.concat([salt, bytes]), 'buffer'));
}

async function slow(bytes: Buffer, salt: Buffer): Promise<string> {
  return written('scrypt', salt, await derive(bytes, salt, HASH_BYTES));
}

function written(method: 'sha256' | 'scrypt', salt: Buffer, hashed: Buffer): string {
  return [method, salt.toString('base64url'), hashed.toString('base64url')].join('$');
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
