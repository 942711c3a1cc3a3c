/** What only the edge that sends it may read, as text that may be stored and shown: AES-256-GCM. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../config.ts';
import { isSealed } from '../ocpp/secrets.ts';

const PREFIX = 'sealed:1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** There is no key that api and edges share. */
export class NoSecretKey extends Error {
  override readonly name = 'NoSecretKey';
  constructor() {
    super(
      'this process has no SECRET_KEY: set it to the same 64 hex digits (openssl rand -hex 32) for every edge, api and command line; ' +
        'where one process does all, it is made by itself in DATA_DIR',
    );
  }
}

export class Seal {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @param context what it is for: it can be opened for nothing else */
  seal(text: string, context: readonly string[]): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(bytesOf(context));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws where it was sealed with another key, or for something else */
  open(sealed: string, context: readonly string[]): string {
    if (!isSealed(sealed)) throw new Error('it is not sealed');
    const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
    const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce).setAAD(bytesOf(context)).setAuthTag(tag);
    const text = [decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
    return Buffer.concat(text).toString('utf8');
  }
}

/**
 * With the key that is set, or the one in the data folder.
 * @param create where there is neither, one is made: by the process that has the stations, before anybody seals
 * @throws NoSecretKey
 */
export function openSeal(
  { SECRET_KEY, DATA_DIR }: Pick<Settings, 'SECRET_KEY' | 'DATA_DIR'>,
  { create = false } = {},
): Seal {
  if (SECRET_KEY) return new Seal(Buffer.from(SECRET_KEY, 'hex'));
  const file = path.join(DATA_DIR, 'secret.key');
  if (create && !existsSync(file)) make(file);
  if (!existsSync(file)) throw new NoSecretKey();
  const key = Buffer.from(readFileSync(file, 'latin1').trim(), 'hex');
  if (key.length !== KEY_BYTES) throw new Error(`${file} has to hold 64 hex digits: restore it, or remove it`);
  return new Seal(key);
}

/** Whole or not at all, and the first one stays. */
function make(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(temporary);
  }
}

function bytesOf(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}
