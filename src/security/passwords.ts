/**
 * Passwords of charge points: HTTP Basic authentication, security profile 1 (Improved security for OCPP 1.6-J §2.3,
 * A00.FR.202). Stored as `<method>$<salt>$<hash>`, salt and hash in base64url.
 */
import { createHmac, hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<Buffer, Buffer, number, Buffer>(scrypt);
const HASH_BYTES = 32;
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
  const bytes = wireForm(password);
  return stored(isKey(password) ? 'sha256' : 'scrypt', bytes, randomBytes(16));
}

/** Checks what stations give against what is stored. */
export class Passwords {
  readonly #remembered = new Set<string>();
  readonly #secret = randomBytes(32);

  /**
   * @param given the bytes after `<identity>:`. A station with a key of hex digits sends the bytes they stand for, or, as
   *   many do, the digits (https://github.com/steve-community/steve/pull/1899). They need not be UTF-8.
   */
  async verify(given: Buffer, passwordHash: string): Promise<boolean> {
    // Keyed with what only this process knows: the set is of no use to anybody who could read it.
    const memory = createHmac('sha256', this.#secret).update(passwordHash).update('\0').update(given).digest('base64');
    if (this.#remembered.has(memory)) return true;
    const right = await verifyPassword(given, passwordHash);
    if (right) {
      if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
      this.#remembered.add(memory);
    }
    return right;
  }
}

async function verifyPassword(given: Buffer, passwordHash: string): Promise<boolean> {
  const [method, salt, expected] = passwordHash.split('$');
  if ((method !== 'sha256' && method !== 'scrypt') || salt === undefined || expected === undefined) return false;
  const text = given.toString('latin1');
  const forms = isKey(text) ? [Buffer.from(text, 'hex'), given] : [given];
  let right = false;
  // All of them, whichever fits: how long it takes tells nothing.
  for (const form of forms) {
    const found = Buffer.from(await stored(method, form, Buffer.from(salt, 'base64url')));
    const wanted = Buffer.from(passwordHash);
    right = (found.length === wanted.length && timingSafeEqual(found, wanted)) || right;
  }
  return right;
}

async function stored(method: 'sha256' | 'scrypt', bytes: Buffer, salt: Buffer): Promise<string> {
  const hashed =
    method === 'scrypt'
      ? await derive(bytes, salt, HASH_BYTES)
      : hash('sha256', Buffer.concat([salt, bytes]), 'buffer');
  return [method, salt.toString('base64url'), hashed.toString('base64url')].join('$');
}

/** The bytes that are sent for a password as an operator writes it. */
function wireForm(password: string): Buffer {
  return isKey(password) ? Buffer.from(password, 'hex') : Buffer.from(password, 'utf8');
}

function isKey(text: string): boolean {
  return /^(?:[0-9a-f]{2}){16,20}$/i.test(text);
}
