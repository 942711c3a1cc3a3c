/**
 * Where two JSON values differ, as `path: kept … replayed …`. What is absent and what is undefined are the same, as in
 * JSON.
 *
 * @param most further ones are counted only
 */
export function differences(kept: unknown, replayed: unknown, most = 20): string[] {
  const found = [...differing(kept, replayed, '')];
  const rest = found.length - most;
  return rest > 0 ? [...found.slice(0, most), `… and ${rest} more`] : found;
}

function* differing(kept: unknown, replayed: unknown, path: string): Generator<string> {
  if (Object.is(kept, replayed)) return;
  if (isObject(kept) && isObject(replayed) && Array.isArray(kept) === Array.isArray(replayed)) {
    for (const key of new Set([...Object.keys(kept), ...Object.keys(replayed)])) {
      yield* differing(kept[key], replayed[key], path === '' ? key : `${path}.${key}`);
    }
    return;
  }
  yield `${path || 'the state'}: kept ${shown(kept)}, replayed ${shown(replayed)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
