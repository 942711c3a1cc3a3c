import { customType } from 'drizzle-orm/pg-core';
import type { Instant } from '../workflows/events.ts';

/** `timestamptz` as `Instant`: UTC, ISO 8601 with milliseconds and `Z`. */
export const instant = customType<{ data: Instant; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  // Of a session at UTC: 2026-01-02 03:04:05.678+00, within JSON 2026-01-02T03:04:05.678+00:00
  fromDriver: (text) => new Date(text.replace(' ', 'T').replace(/\+00(?::00)?$/, 'Z')).toISOString(),
});

/**
 * `json`, not `jsonb`: what a station sent is kept letter by letter, `\u0000` escapes and lone surrogates included,
 * which `jsonb` refuses.
 */
export const verbatimJson = customType<{ data: unknown; driverData: string }>({
  dataType: () => 'json',
  toDriver: (value) => JSON.stringify(value),
});

/** A transaction id that never wraps around (`xid8`), as decimal text. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
