/**
 * Lists in pages, each going on after the last row of the one before by that row's key: rows that are added meanwhile
 * neither shift nor repeat what was not read yet.
 */
export interface Page<Row> {
  items: Row[];
  /** Opaque: `after` of the next page; null on the last one. */
  next: string | null;
}

export interface PageRequest {
  /** `next` of the page before; none for the first. */
  after?: string | undefined;
  limit: number;
}

/** What was given as `after` is not the `next` of a page of this list. */
export class BadCursor extends Error {
  override name = 'BadCursor';
  constructor() {
    super('after: expected `next` of an earlier page of the same list');
  }
}

type Key = (string | number)[];
export type KeyKind = 'text' | 'number' | 'instant';

/** Page of the first `limit` of the rows: ask for one more, to know whether there is a next page. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => Key): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeKey(keyOf(last)) : null;
  return { items, next };
}

/** The key that a list goes on after; undefined for the first page. */
export function keyAfter<K extends Key>(after: string | undefined, kinds: { [I in keyof K]: KeyKind }): K | undefined {
  if (after === undefined) return undefined;
  const key = decodeKey(after);
  if (!Array.isArray(key) || key.length !== kinds.length) throw new BadCursor();
  if (!kinds.every((kind, i) => IS[kind](key[i]))) throw new BadCursor();
  return key as K;
}

const IS: Record<KeyKind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string' && !value.includes('\0') && value.isWellFormed(),
  number: (value) => Number.isSafeInteger(value),
  instant: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(value) && !isNaN(Date.parse(value)),
};

function encodeKey(key: Key): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function decodeKey(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw new BadCursor();
  }
}
